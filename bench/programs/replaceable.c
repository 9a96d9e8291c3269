/* What a program pays for functions that may be redefined: they are not
 * inlined, and each call goes through a slot.  CALLS calls a repetition of
 * functions that others can name.  Arguments: WHICH REPS, where WHICH is
 * small (a few instructions), nested (three of these in one another), middle
 * (a short loop) or recursive. */
#include "rep.h"
#include <string.h>

#define CALLS 10000000

uint64_t small(uint64_t x, uint64_t i) { return (x ^ i) * 0x9e3779b97f4a7c15u + (x >> 29); }

uint64_t inner(uint64_t x) { return x ^ x >> 27; }
uint64_t between(uint64_t x, uint64_t i) { return inner(x + i) * 0x94d049bb133111ebu; }
uint64_t nested(uint64_t x, uint64_t i) { return between(x, i) + (x >> 31); }

/* Counts as the loop of a lexer or of a hash does. */
uint64_t middle(uint64_t x, uint64_t i) {
  for (int k = 0; k < 12; k++) x = (x ^ (i >> k)) * 0x100000001b3u;
  return x;
}

/* Each call needs what the one before returned. */
uint64_t walk(uint64_t n, uint64_t x) { return n < 2 ? x ^ n : walk(n - 2, walk(n - 1, x) * 5 + n); }

int main(int argc, char **argv) {
  const char *which = argc > 1 ? argv[1] : "small";
  const long reps = rep_arg(argc, argv, 2, 20, 1000000);
  uint64_t x = (uint64_t)rep_opaque(42);
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    if (strcmp(which, "small") == 0)
      for (uint64_t i = 0; i < CALLS; i++) x = small(x, i);
    else if (strcmp(which, "nested") == 0)
      for (uint64_t i = 0; i < CALLS / 3; i++) x = nested(x, i);
    else if (strcmp(which, "middle") == 0)
      for (uint64_t i = 0; i < CALLS; i++) x = middle(x, i);
    else if (strcmp(which, "recursive") == 0) /* 9,741,690 calls */
      for (int i = 0; i < 4; i++) x = walk((uint64_t)rep_opaque(28 + i), x);
    else
      return 2;
    rep_end(r, begin);
  }
  printf("%s %016llx\n", which, (unsigned long long)x);
  return 0;
}
