/* Time to N calls of one function: what a runtime costs until, and after, it
 * has optimised.  Each call depends on the one before, none is inlined.
 * Arguments: WHICH N, where WHICH is small (a few instructions), middle (a
 * short loop) or large (some hundred instructions in a straight line). */
#include "rep.h"
#include <string.h>

#define APART __attribute__((noinline))

static APART uint64_t small(uint64_t x, uint64_t i) {
  return (x ^ i) * 0x9e3779b97f4a7c15u + (x >> 29);
}

static const unsigned char text[] = "the quick brown fox jumps over the lazy dog, twice a day";

/* Counts how often the letters of a window differ from a moving one. */
static APART uint64_t middle(uint64_t x, uint64_t i) {
  const unsigned from = (unsigned)(x % 24), other = (unsigned)(i % 24);
  unsigned different = 0, weight = 1;
  for (unsigned k = 0; k < 12; k++) {
    const unsigned a = text[from + k], b = text[other + k];
    if (a != b) different += a > b ? weight : a - b;
    else weight++;
  }
  return rep_fold(x, different * 3u + weight);
}

static inline uint32_t rotate(uint32_t value, int by) { return value << by | value >> (32 - by); }

#define STEP(a, b, c, d) \
  (a += b, d = rotate(d ^ a, 16), c += d, b = rotate(b ^ c, 12), \
   a += b, d = rotate(d ^ a, 8), c += d, b = rotate(b ^ c, 7))
#define ROUND \
  (STEP(s[0], s[4], s[8], s[12]), STEP(s[1], s[5], s[9], s[13]), \
   STEP(s[2], s[6], s[10], s[14]), STEP(s[3], s[7], s[11], s[15]), \
   STEP(s[0], s[5], s[10], s[15]), STEP(s[1], s[6], s[11], s[12]), \
   STEP(s[2], s[7], s[8], s[13]), STEP(s[3], s[4], s[9], s[14]))

/* Six double rounds of ChaCha over a block made of the arguments. */
static APART uint64_t large(uint64_t x, uint64_t i) {
  uint32_t s[16];
  for (int k = 0; k < 16; k++) s[k] = (uint32_t)(x >> (k % 8)) + (uint32_t)i * (uint32_t)(k + 1);
  ROUND; ROUND; ROUND; ROUND; ROUND; ROUND;
  uint64_t sum = 0;
  for (int k = 0; k < 16; k += 2) sum ^= (uint64_t)s[k] << 32 | s[k + 1];
  return sum;
}

int main(int argc, char **argv) {
  const char *which = argc > 1 ? argv[1] : "middle";
  const uint64_t calls = (uint64_t)rep_arg(argc, argv, 2, 1000, 1000000000);
  uint64_t x = (uint64_t)rep_opaque(42);
  if (strcmp(which, "small") == 0)
    for (uint64_t i = 0; i < calls; i++) x = small(x, i);
  else if (strcmp(which, "middle") == 0)
    for (uint64_t i = 0; i < calls; i++) x = middle(x, i);
  else if (strcmp(which, "large") == 0)
    for (uint64_t i = 0; i < calls; i++) x = large(x, i);
  else
    return 2;
  printf("%s %016llx\n", which, (unsigned long long)x);
  return 0;
}
