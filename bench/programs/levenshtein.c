/* Dynamic programming: edit distance with two rolling rows and a knapsack
 * over one row; short dependent integer operations.
 * Arguments: LENGTH REPS. */
#include "rep.h"

static int least(int a, int b, int c) {
  const int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

static int edit_distance(const char *a, const char *b, long length, int *above, int *row) {
  for (long j = 0; j <= length; j++) above[j] = (int)j;
  for (long i = 1; i <= length; i++) {
    row[0] = (int)i;
    for (long j = 1; j <= length; j++) {
      const int change = above[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = least(change, above[j] + 1, row[j - 1] + 1);
    }
    int *swap = above;
    above = row;
    row = swap;
  }
  return above[length];
}

static int knapsack(const char *weights, long items, long room, int *best) {
  for (long w = 0; w <= room; w++) best[w] = 0;
  for (long i = 0; i < items; i++) {
    const long weight = weights[i] - 'a' + 1;
    const int worth = (int)(weight * weight % 17 + 1);
    for (long w = room; w >= weight; w--)
      if (best[w - weight] + worth > best[w]) best[w] = best[w - weight] + worth;
  }
  return best[room];
}

static uint64_t solve(long length) {
  char *a = rep_alloc((size_t)length), *b = rep_alloc((size_t)length);
  int *above = rep_alloc(((size_t)length + 1) * sizeof *above);
  int *row = rep_alloc(((size_t)length + 1) * sizeof *row);
  uint64_t seed = 362436069u;
  for (long i = 0; i < length; i++) {
    a[i] = (char)('a' + rep_random(&seed) % 8);
    b[i] = (char)('a' + rep_random(&seed) % 8);
  }
  uint64_t sum = (uint64_t)edit_distance(a, b, length, above, row);
  sum = rep_fold(sum, (uint64_t)knapsack(a, length, length, row));
  free(a);
  free(b);
  free(above);
  free(row);
  return sum;
}

int main(int argc, char **argv) {
  const long length = rep_arg(argc, argv, 1, 3000, 1000000);
  const long reps = rep_arg(argc, argv, 2, 120, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, solve(rep_opaque(length)));
    rep_end(i, begin);
  }
  printf("levenshtein %016llx\n", (unsigned long long)sum);
  return 0;
}
