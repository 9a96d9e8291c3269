// _Complex of the three types: multiplication and division with infinities, by value, and the
// library's functions.
#include <complex.h>
#include <math.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static float complex mulf(float complex a, float complex b) {
  return a * b;
}
NOINLINE static double complex mul(double complex a, double complex b) {
  return a * b;
}
NOINLINE static double complex divide(double complex a, double complex b) {
  return a / b;
}
NOINLINE static float complex dividef(float complex a, float complex b) {
  return a / b;
}
NOINLINE static long double complex mull(long double complex a, long double complex b) {
  return a * b / (b + 1);
}
NOINLINE static double complex iterate(double complex z, double complex c, int n) {
  while (n-- && cabs(z) < 2)
    z = z * z + c;
  return z;
}
NOINLINE static int same(double complex a, double complex b) {
  return a == b;
}
NOINLINE static _Complex int whole(_Complex int a) {
  return a * a + ~a;
}

int main(void) {
  double complex z = 0.3 + 0.4 * I, sum = 0;
  float complex f = 1 + 2 * I;
  long double complex l = 0.5L + 0.25L * I;
  _Complex int w = 1 + 1i;
  for (int i = 0; i < 400; i++) {
    z = divide(mul(z, 1.5 - 0.2 * I), 1.1 + (i % 7) * 0.1 * I);
    if (cabs(z) > 100 || cabs(z) < 0.01)
      z = 0.3 + 0.4 * I;
    f = mulf(f, 0.6f + 0.8f * I) + dividef(f, 100 + I);
    if (cabsf(f) > 100)
      f = 1 + 2 * I;
    l = mull(l, 1.5L - 0.5L * I);
    sum += iterate(0, -1.2 + 0.001 * i + 0.2 * I, 50) + same(z, z);
    w = whole(w);
    if (i % 5 == 0)
      w = 1 + 2i;
  }
  printf("%.10f %.10f\n", creal(z), cimag(z));
  printf("%.3f %.3f\n", crealf(f), cimagf(f));
  printf("%.6Lg %.6Lg\n", creall(l), cimagl(l));
  printf("%.8f %.8f %d %d\n", creal(sum), cimag(sum), __real__ w, __imag__ w);
  volatile double infinite = INFINITY;
  double complex r = mul(__builtin_complex(infinite, 0.0), __builtin_complex(1.0, 1.0));
  printf("%g %g\n", creal(r), cimag(r));
  r = divide(1, __builtin_complex(0.0, 0.0));
  printf("%d\n", isinf(creal(r)) != 0);
  r = cexp(I * 3.141592653589793) + csqrt(-4) + cpow(2 + I, 2);
  printf("%.10f %.10f\n", creal(r), cimag(r));
  return 0;
}
