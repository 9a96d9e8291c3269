// Floating point corners: NaN, -0, denormals, all comparisons, conversions, rounding modes, sticky
// flags, libm.
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#pragma STDC FENV_ACCESS ON

NOINLINE static unsigned long raw(double d) {
  unsigned long u;
  memcpy(&u, &d, 8);
  return u;
}
NOINLINE static int compare(double a, double b) {
  return (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 | (a >= b) << 5 |
         !(a < b) << 6 | !(a >= b) << 7 | isless(a, b) << 8 | isunordered(a, b) << 9 |
         islessgreater(a, b) << 10;
}
NOINLINE static int branch(float a, float b) {
  if (a < b)
    return 1;
  if (a > b)
    return 2;
  if (a == b)
    return 3;
  return 4;
}
NOINLINE static int class(double d) {
  return (isnan(d) != 0) | (isinf(d) != 0) << 1 | (signbit(d) != 0) << 2 | (isnormal(d) != 0) << 3 |
         fpclassify(d) << 4;
}
NOINLINE static double divide(double a, double b) {
  return a / b;
}
NOINLINE static float single(float a, float b) {
  return a * b - a / b;
}
NOINLINE static double pick(double a, double b) {
  return fmin(a, b) + fmax(a, b) * 2;
}
NOINLINE static unsigned long to_unsigned(double d) {
  return (unsigned long)d;
}
NOINLINE static double from_unsigned(unsigned long u) {
  return (double)u;
}
NOINLINE static float from_unsigned_f(unsigned long u) {
  return (float)u;
}
NOINLINE static unsigned char to_char(float f) {
  return (unsigned char)f;
}
NOINLINE static double rounded(double d) {
  return rint(d) + nearbyint(d) * 100 + floor(d) * 1e4 + ceil(d) * 1e6 + trunc(d) * 1e8 +
         round(d) * 1e10;
}
NOINLINE static long to_long(double d) {
  return lrint(d) + llround(d) * 1000;
}

int main(void) {
  volatile double v[] = {0.0,           -0.0,    1,        -1,        DBL_MIN, DBL_MIN / 8,
                         -DBL_TRUE_MIN, DBL_MAX, INFINITY, -INFINITY, NAN,     0.1};
  enum { N = sizeof v / sizeof *v };
  unsigned long h = 0;
  for (int round = 0; round < 20; round++)
    for (int i = 0; i < N; i++) {
      h = h * 31 + (unsigned)class(v[i]);
      for (int j = 0; j < N; j++) {
        double r = divide(v[i], v[j]), p = pick(v[i], v[j]);
        h = h * 31 + (unsigned)(compare(v[i], v[j]) + branch((float)v[i], (float)v[j]));
        h = h * 31 + (isnan(r) ? 1 : raw(r)) + (isnan(p) || p == 0 ? 2 : raw(p));
        h = h * 31 + raw(copysign(v[i], v[j])) + (isnan(v[i] - v[j]) ? 3 : raw(v[i] - v[j]));
      }
    }
  printf("%lx\n", h);
  for (int i = 0; i < 300; i++) {
    unsigned long u = 0xfffffffffffff800ul - (unsigned long)i * 0x10000000000000ul;
    h = h * 31 + to_unsigned(from_unsigned(u - 2048)) + raw(from_unsigned_f(u)) +
        to_char((float)i * 0.85f);
    h = h * 31 + raw(single((float)i, (float)i + 0.3f));
  }
  printf("%lx %x\n", h, to_char(255.9f));
  const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  volatile double third = 3, one = 1, half = 2.5;
  for (int i = 0; i < 4; i++) {
    fesetround(modes[i]);
    double q = one / third, f = (float)(one / third);
    double r = rounded(half), s = rounded(-half);
    long l = to_long(-half);
    fesetround(FE_TONEAREST);
    printf("%a %a %.0f %.0f %ld\n", q, f, r, s, l);
  }
  feclearexcept(FE_ALL_EXCEPT);
  volatile double q = one / v[0];
  q = v[7] * v[7];
  printf("%d %d %d\n", fetestexcept(FE_DIVBYZERO) != 0, fetestexcept(FE_OVERFLOW) != 0,
         fetestexcept(FE_INVALID) != 0);
  q = v[8] - v[8];
  printf("%d\n", fetestexcept(FE_INVALID) != 0);
  int e;
  double i, m = frexp(1234.5, &e), f = modf(-3.75, &i);
  printf("%g %d %g %g %a %a %g\n", m, e, f, i, ldexp(1, -1074), nextafter(1, 2), remainder(10, 3));
  printf("%.15g %.15g %.15g %.15g\n", fma(0.1, 10, -1), hypot(3, 4), atan2(-1, -1), exp2(0.5));
  printf("%.15g %.15g %.15g %.15g\n", sin(1e6), cos(1e6), log1p(1e-10), tgamma(5.5));
  return 0;
}
