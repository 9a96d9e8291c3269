// 80-bit arithmetic: operations, conversions both ways, comparisons with NaN, the library's
// functions.
#include <float.h>
#include <math.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static long double step(long double x, long double y, int k) {
  switch (k & 3) {
  case 0:
    return x + y;
  case 1:
    return x - y * 0.5L;
  case 2:
    return x * 1.0000001L;
  default:
    return x / (1 + y * y);
  }
}

NOINLINE static int compare(long double a, long double b) {
  return (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 | (a >= b) << 5 |
         isunordered(a, b) << 6;
}

NOINLINE static long double from_unsigned(unsigned long v) {
  return (long double)v;
}
NOINLINE static unsigned long to_unsigned(long double v) {
  return (unsigned long)v;
}
NOINLINE static long long to_signed(long double v) {
  return (long long)v;
}
NOINLINE static __int128 to_wide(long double v) {
  return (__int128)v;
}
NOINLINE static float narrow(long double v) {
  return (float)v;
}

static long double table[4] = {1.0L, -2.5L, 3.75L, 1e4000L};

int main(void) {
  long double x = 1, y = 0.3L;
  for (int i = 0; i < 2000; i++) {
    x = step(x, y, i);
    y = fabsl(sinl(x)) + (long double)i / 7;
  }
  printf("%.18Lg %.18Lg\n", x, y);
  volatile long double values[] = {0.0L,      -0.0L, 1.5L,     -1.5L,    INFINITY,
                                   -INFINITY, NAN,   LDBL_MIN, LDBL_MAX, 1e-4940L};
  unsigned h = 0;
  for (int round = 0; round < 40; round++)
    for (int i = 0; i < 10; i++)
      for (int j = 0; j < 10; j++)
        h = h * 3 + (unsigned)compare(values[i], values[j]);
  printf("%u\n", h);
  for (int i = 0; i < 300; i++) {
    unsigned long v = 0x8000000000000000ul + (unsigned long)i * 0x1234567;
    if (to_unsigned(from_unsigned(v)) != v)
      printf("lost %lx\n", v);
  }
  printf("%lld %lld %g %llx\n", to_signed(-1234567.9L), to_signed(9007199254740993.0L),
         narrow(1.1L), (unsigned long long)(to_wide(1e30L) >> 64));
  printf("%.20Lg %.20Lg %.20Lg\n", sqrtl(2), powl(2, 0.5L), expl(1));
  printf("%Lg %Lg %Lg %Lg\n", floorl(-2.5L), ceill(2.5L), fmodl(10, 3.3L), table[3] / table[2]);
  printf("%La %La %Lg\n", 1.0L, 0.1L, LDBL_EPSILON);
  return 0;
}
