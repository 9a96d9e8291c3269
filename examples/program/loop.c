/* A program to watch while it climbs:
 *
 *   clang -O1 -c -emit-llvm examples/program/loop.c -o loop.bc
 *   kiln run --trace-tiers --stats loop.bc
 *
 * What to look at:
 * - Every function starts at O0 with its first call ("first call").
 * - `mix` and `is_prime` are called often: they climb to O2 and O3 by "calls".
 * - `smooth` is called less, but its loop runs long: it climbs by "loops".
 * - `main` climbs by its loops too, but is called once: the call that runs ends in the code it began in.
 * - The rounds get faster as versions are published, and stay so. The last line is the same at every tier.
 * - In the table of --stats a function's calls stop where O3 begins: the last tier of a ladder has no counters.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { SIZE = 20000, ROUNDS = 100, REPEATS = 200 };

static float signal_now[SIZE], signal_next[SIZE];

/* Without inlining, so that each function has its own line in the trace. */
#define APART __attribute__((noinline))

APART static uint32_t mix(uint32_t state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

APART static int is_prime(uint32_t n) {
  if (n < 2)
    return 0;
  for (uint32_t d = 2; d * d <= n; ++d)
    if (n % d == 0)
      return 0;
  return 1;
}

/* A loop for the vector registers: O3 compiles it for this very machine. */
APART static void smooth(float *restrict to, const float *restrict from, int count) {
  for (int i = 1; i + 1 < count; ++i)
    to[i] = 0.25f * from[i - 1] + 0.5f * from[i] + 0.25f * from[i + 1];
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(void) {
  uint32_t state = 2463534242u;
  unsigned primes = 0;
  for (int i = 0; i < SIZE; ++i)
    signal_now[i] = (float)(i % 100);
  double start = milliseconds();
  for (int round = 1; round <= ROUNDS; ++round) {
    for (int repeat = 0; repeat < REPEATS; ++repeat) {
      for (int i = 0; i < 20; ++i) {
        state = mix(state);
        primes += (unsigned)is_prime(state % 200000);
      }
      smooth(signal_next, signal_now, SIZE);
      smooth(signal_now, signal_next, SIZE);
    }
    if (round <= 5 || round % 20 == 0) {
      double now = milliseconds();
      fprintf(stderr, "round %3d: %.2f ms\n", round, (now - start) / (round <= 5 ? 1 : round == 20 ? 15 : 20));
      start = now;
    }
  }
  printf("%u primes, signal %.3f\n", primes, signal_now[SIZE / 2]);
  return 0;
}
