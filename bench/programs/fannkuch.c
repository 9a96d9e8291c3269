/* Pancake flips over all permutations of SIZE items: short unpredictable
 * loops over a tiny array, integer only.
 * Arguments: SIZE REPS. */
#include "rep.h"

enum { MOST = 12 };

struct state {
  int items[MOST];
  int size;
  long permutations, most_flips, checksum;
};

static int count_flips(const struct state *state) {
  int copy[MOST];
  for (int i = 0; i < state->size; i++) copy[i] = state->items[i];
  int flips = 0;
  for (int first = copy[0]; first != 0; first = copy[0]) {
    for (int low = 0, high = first; low < high; low++, high--) {
      const int swap = copy[low];
      copy[low] = copy[high];
      copy[high] = swap;
    }
    flips++;
  }
  return flips;
}

/* Visits every arrangement of the first `length` items by rotating prefixes. */
static void permute(struct state *state, int length) {
  if (length == 1) {
    const int flips = count_flips(state);
    if (flips > state->most_flips) state->most_flips = flips;
    state->checksum += state->permutations % 2 == 0 ? flips : -flips;
    state->permutations++;
    return;
  }
  for (int turn = 0; turn < length; turn++) {
    permute(state, length - 1);
    const int first = state->items[0];
    for (int i = 1; i < length; i++) state->items[i - 1] = state->items[i];
    state->items[length - 1] = first;
  }
}

static uint64_t fannkuch(int size) {
  struct state state = {.size = size};
  for (int i = 0; i < size; i++) state.items[i] = i;
  permute(&state, size);
  return rep_fold((uint64_t)state.most_flips, (uint64_t)state.checksum);
}

int main(int argc, char **argv) {
  const long size = rep_arg(argc, argv, 1, 9, MOST);
  const long reps = rep_arg(argc, argv, 2, 75, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, fannkuch((int)rep_opaque(size)));
    rep_end(i, begin);
  }
  printf("fannkuch %016llx\n", (unsigned long long)sum);
  return 0;
}
