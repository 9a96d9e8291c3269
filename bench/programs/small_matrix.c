/* Products of many pairs of small dense matrices, whose sizes are known only
 * at run time: blocks of a sparse matrix, transformations of many objects,
 * finite elements.  Arguments: M K N PAIRS REPS. */
#include "rep.h"

/* c = a b: M x K times K x N, in rows. */
static void product(const double *restrict a, const double *restrict b, double *restrict c, long m, long k, long n) {
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) {
      double sum = 0;
      for (long p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
      c[i * n + j] = sum;
    }
}

static void fill(double *to, long count, uint64_t *seed) {
  for (long i = 0; i < count; i++) to[i] = ((double)(rep_random(seed) % 2001) - 1000) * 0.001;
}

int main(int argc, char **argv) {
  const long m = rep_arg(argc, argv, 1, 4, 64), k = rep_arg(argc, argv, 2, 4, 64), n = rep_arg(argc, argv, 3, 4, 64);
  const long pairs = rep_arg(argc, argv, 4, 4000, 1000000), reps = rep_arg(argc, argv, 5, 1000, 10000000);
  double *a = rep_alloc((size_t)(pairs * m * k) * sizeof *a);
  double *b = rep_alloc((size_t)(pairs * k * n) * sizeof *b);
  double *c = rep_alloc((size_t)(pairs * m * n) * sizeof *c);
  uint64_t seed = 88172645463325252u;
  fill(a, pairs * m * k, &seed);
  fill(b, pairs * k * n, &seed);
  double total = 0;
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    for (long i = 0; i < pairs; i++) product(a + i * m * k, b + i * k * n, c + i * m * n, m, k, n);
    total += c[r % (pairs * m * n)];
    a[r % (pairs * m * k)] += 0.5;
    rep_end(r, begin);
  }
  printf("small_matrix %.9f\n", total);
  free(a);
  free(b);
  free(c);
  return 0;
}
