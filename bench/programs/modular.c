/* Arithmetic modulo a number that is given at run time: powers by repeated
 * squaring, as in primality tests and hashing of polynomials.
 * Arguments: MODULUS COUNT REPS. */
#include "rep.h"

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1;
  base %= modulus;
  while (exponent != 0) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
    exponent >>= 1;
  }
  return result;
}

/* A rolling hash of a text in windows. */
static uint64_t roll(const unsigned char *text, long length, long window, uint64_t base, uint64_t modulus) {
  uint64_t hash = 0, high = power(base, (uint64_t)window - 1, modulus), best = ~(uint64_t)0;
  for (long i = 0; i < window; i++) hash = (hash * base + text[i]) % modulus;
  for (long i = window; i < length; i++) {
    hash = (hash + modulus - text[i - window] * high % modulus) % modulus;
    hash = (hash * base + text[i]) % modulus;
    if (hash < best) best = hash;
  }
  return best;
}

int main(int argc, char **argv) {
  const long modulus = rep_arg(argc, argv, 1, 998244353, 2147483647), count = rep_arg(argc, argv, 2, 40000, 10000000);
  const long reps = rep_arg(argc, argv, 3, 60, 1000000);
  unsigned char *text = rep_alloc((size_t)count);
  uint64_t seed = 88172645463325252u, sum = 1;
  for (long i = 0; i < count; i++) text[i] = (unsigned char)rep_random(&seed);
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    const uint64_t m = (uint64_t)rep_opaque(modulus);
    sum = rep_fold(sum, roll(text, count, 32, 257, m));
    for (long i = 1; i < count / 16; i++) sum = rep_fold(sum, power((uint64_t)i + sum % 1000, m - 2, m));
    rep_end(r, begin);
    text[r % count] ^= 1;
  }
  printf("modular %016llx\n", (unsigned long long)sum);
  return 0;
}
