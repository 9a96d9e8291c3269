/* Deeply recursive tiny functions: nearly all time is call and return, the
 * worst case for entry counters.  Arguments: N REPS. */
#include "rep.h"

static uint64_t fib(long n) { return n < 2 ? (uint64_t)n : fib(n - 1) + fib(n - 2); }

static long ackermann(long m, long n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

static long tak(long x, long y, long z) {
  if (y >= x) return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static uint64_t recurse(long n) {
  uint64_t sum = fib(n);
  sum = rep_fold(sum, (uint64_t)ackermann(2, 10 * n));
  sum = rep_fold(sum, (uint64_t)tak(n / 2, n / 4, 0));
  return sum;
}

int main(int argc, char **argv) {
  const long n = rep_arg(argc, argv, 1, 36, 60);
  const long reps = rep_arg(argc, argv, 2, 24, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, recurse(rep_opaque(n)));
    rep_end(i, begin);
  }
  printf("recursion %016llx\n", (unsigned long long)sum);
  return 0;
}
