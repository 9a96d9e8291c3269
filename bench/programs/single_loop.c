/* One long loop straight in main, calling nothing: a runtime that replaces
 * code only at function entry never gets out of its first tier here.  It
 * takes no repetitions and therefore has no steady number.
 * Argument: STEPS. */
#include "rep.h"

int main(int argc, char **argv) {
  const long steps = rep_arg(argc, argv, 1, 280000000, 1000000000000);
  uint32_t window[16] = {0};
  uint64_t state = 88172645463325252u, sum = 0;
  for (long i = 0; i < steps; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const uint32_t draw = (uint32_t)(state >> 33);
    window[draw & 15] += draw;
    if (window[draw & 15] & 64) sum += window[(draw >> 4) & 15] ^ (uint64_t)i;
  }
  printf("single_loop %016llx\n", (unsigned long long)sum);
  return 0;
}
