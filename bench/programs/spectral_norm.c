/* Largest singular value of an infinite matrix's corner by power iteration:
 * one small leaf function called from a double loop, dominated by division.
 * Arguments: SIZE REPS. */
#include <math.h>

#include "rep.h"

static double element(long row, long column) {
  const long diagonal = row + column;
  return 1.0 / (double)(diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(const double *in, double *out, long size, int transposed) {
  for (long i = 0; i < size; i++) {
    double sum = 0;
    for (long j = 0; j < size; j++)
      sum += (transposed ? element(j, i) : element(i, j)) * in[j];
    out[i] = sum;
  }
}

static double norm(long size) {
  double *u = rep_alloc((size_t)size * sizeof *u);
  double *v = rep_alloc((size_t)size * sizeof *v);
  double *half = rep_alloc((size_t)size * sizeof *half);
  for (long i = 0; i < size; i++) u[i] = 1;
  for (int round = 0; round < 4; round++) {
    multiply(u, half, size, 0);
    multiply(half, v, size, 1);
    multiply(v, half, size, 0);
    multiply(half, u, size, 1);
  }
  double uv = 0, vv = 0;
  for (long i = 0; i < size; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  free(u);
  free(v);
  free(half);
  return sqrt(uv / vv);
}

int main(int argc, char **argv) {
  const long size = rep_arg(argc, argv, 1, 1600, 20000);
  const long reps = rep_arg(argc, argv, 2, 30, 1000000);
  double total = 0;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    total += norm(rep_opaque(size));
    rep_end(i, begin);
  }
  printf("spectral_norm %.9f\n", total);
  return 0;
}
