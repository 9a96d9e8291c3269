/* A function that is called often for a short loop, and then once in a while for a long one on another path: what was never
   taken is now taken at every call, and each of those calls lasts. */
#include <stdint.h>
#include <stdio.h>

static volatile unsigned taken; /* so that the branch stays one */

__attribute__((noinline)) static uint64_t work(uint64_t seed, int other, int rounds) {
  if (other)
    seed = seed * 3 + ++taken;
  for (int i = 0; i < rounds; ++i)
    seed = (seed ^ (seed >> 7)) * 6364136223846793005u + (uint64_t)i;
  return seed;
}

int main(void) {
  uint64_t seed = 1;
  for (int i = 0; i < 60000; ++i)
    seed = work(seed, 0, 10);
  for (int i = 0; i < 40; ++i)
    seed = work(seed, 1, 200000);
  printf("%llu\n", (unsigned long long)seed);
  return 0;
}
