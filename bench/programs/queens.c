/* Counts the placements of SIZE queens by backtracking on bit masks: integer
 * recursion with real branches.  Arguments: SIZE REPS. */
#include "rep.h"

static uint64_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint64_t found = 0;
  for (uint32_t open = all & ~(columns | left | right); open != 0; open &= open - 1) {
    const uint32_t bit = open & -open;
    found += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return found;
}

int main(int argc, char **argv) {
  const long size = rep_arg(argc, argv, 1, 13, 20);
  const long reps = rep_arg(argc, argv, 2, 40, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, place((1u << rep_opaque(size)) - 1, 0, 0, 0));
    rep_end(i, begin);
  }
  printf("queens %016llx\n", (unsigned long long)sum);
  return 0;
}
