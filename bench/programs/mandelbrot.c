/* Escape times on a square grid: a floating-point loop with a data-dependent
 * exit.  Arguments: SIZE REPS. */
#include "rep.h"

static int escape_time(double cr, double ci, int limit) {
  double zr = 0, zi = 0;
  for (int i = 0; i < limit; i++) {
    const double rr = zr * zr, ii = zi * zi;
    if (rr + ii > 4.0) return i;
    zi = 2.0 * zr * zi + ci;
    zr = rr - ii + cr;
  }
  return limit;
}

static uint64_t mandelbrot(long size) {
  uint64_t sum = 0;
  for (long y = 0; y < size; y++) {
    const double ci = 2.0 * (double)y / (double)size - 1.0;
    for (long x = 0; x < size; x++) {
      const double cr = 3.0 * (double)x / (double)size - 2.0;
      sum = sum * 31 + (uint64_t)escape_time(cr, ci, 80);
    }
  }
  return sum;
}

int main(int argc, char **argv) {
  const long size = rep_arg(argc, argv, 1, 850, 50000);
  const long reps = rep_arg(argc, argv, 2, 30, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, mandelbrot(rep_opaque(size)));
    rep_end(i, begin);
  }
  printf("mandelbrot %016llx\n", (unsigned long long)sum);
  return 0;
}
