/* Dense product of an M x K and a K x N matrix of doubles in the
 * vectoriser-friendly row order; the sizes are known only at run time.
 * Arguments: M K N REPS. */
#include "rep.h"

static void fill(double *matrix, long count, uint64_t seed) {
  for (long i = 0; i < count; i++)
    matrix[i] = (double)(rep_random(&seed) % 1000) / 16.0 - 30.0;
}

static void product(const double *a, const double *b, double *c, long m, long k, long n) {
  for (long i = 0; i < m; i++) {
    double *row = c + i * n;
    for (long j = 0; j < n; j++) row[j] = 0;
    for (long p = 0; p < k; p++) {
      const double factor = a[i * k + p];
      const double *other = b + p * n;
      for (long j = 0; j < n; j++) row[j] += factor * other[j];
    }
  }
}

static double trace(const double *c, long m, long n) {
  double sum = 0;
  for (long i = 0; i < m && i < n; i++) sum += c[i * n + i];
  return sum;
}

int main(int argc, char **argv) {
  const long m = rep_arg(argc, argv, 1, 400, 8192);
  const long k = rep_arg(argc, argv, 2, 400, 8192);
  const long n = rep_arg(argc, argv, 3, 400, 8192);
  const long reps = rep_arg(argc, argv, 4, 100, 1000000);
  double *a = rep_alloc((size_t)(m * k) * sizeof *a);
  double *b = rep_alloc((size_t)(k * n) * sizeof *b);
  double *c = rep_alloc((size_t)(m * n) * sizeof *c);
  fill(a, m * k, 88172645463325252u);
  fill(b, k * n, 1181783497276652981u);
  double total = 0;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    product(a, b, c, rep_opaque(m), rep_opaque(k), rep_opaque(n));
    total += trace(c, m, n);
    rep_end(i, begin);
    a[i % (m * k)] += 1.0; /* every repetition multiplies something new */
  }
  printf("matrix_product %.6f\n", total);
  free(a);
  free(b);
  free(c);
  return 0;
}
