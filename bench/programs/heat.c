/* Heat spreading on a square plate: a five-point stencil over doubles that
 * any vectoriser handles.  Arguments: SIDE REPS. */
#include "rep.h"

enum { SWEEPS = 200 };

static void sweep(const double *from, double *to, long side) {
  for (long y = 1; y + 1 < side; y++) {
    const double *row = from + y * side;
    for (long x = 1; x + 1 < side; x++)
      to[y * side + x] =
          0.5 * row[x] + 0.125 * (row[x - 1] + row[x + 1] + row[x - side] + row[x + side]);
  }
}

static double spread(double *plate, double *other, long side) {
  for (long i = 0; i < side * side; i++) plate[i] = other[i] = i < side ? 100.0 : 0.0;
  for (int i = 0; i < SWEEPS / 2; i++) {
    sweep(plate, other, side);
    sweep(other, plate, side);
  }
  double sum = 0;
  for (long i = 0; i < side * side; i++) sum += plate[i];
  return sum;
}

int main(int argc, char **argv) {
  const long side = rep_arg(argc, argv, 1, 300, 20000);
  const long reps = rep_arg(argc, argv, 2, 180, 1000000);
  double *plate = rep_alloc((size_t)(side * side) * sizeof *plate);
  double *other = rep_alloc((size_t)(side * side) * sizeof *other);
  double total = 0;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    total += spread(plate, other, rep_opaque(side));
    rep_end(i, begin);
  }
  printf("heat %.6f\n", total);
  free(plate);
  free(other);
  return 0;
}
