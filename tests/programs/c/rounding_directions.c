// Arithmetic, conversions and rounding functions in each rounding direction: code takes the direction from the processor.
// LINK: -lm
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

__attribute__((noinline)) static int rounds(void) { return __builtin_flt_rounds(); }

__attribute__((noinline)) static void doubles(double a, double b) {
  printf(" %a %a %a %a", a / b, a * b + a, sqrt(a), (double)(float)a);
  printf(" %a %a %ld %lld", rint(a), nearbyint(-a), lrint(a), llrint(-a));
  // Not round(): where the processor has SSE4.1, LLVM makes it of an addition, which rounds.
  printf(" %a %a\n", floor(a), trunc(-a));
}

__attribute__((noinline)) static void floats(float a, float b) {
  printf(" %a %a %a", (double)(a / b), (double)(a - b), (double)sqrtf(a));
  printf(" %a %a %ld\n", (double)rintf(a), (double)ceilf(-a), lrintf(a));
}

__attribute__((noinline)) static void extended(long double a, long double b) {
  printf(" %La %La %La %a %a", a / b, a - b, sqrtl(a), (double)a, (double)(float)b);
  printf(" %La %La %ld %La\n", rintl(a), nearbyintl(-a), lrintl(a), fmodl(a, b));
}

__attribute__((noinline)) static void integers(long i, unsigned long u) {
  printf(" %a %a %a %a", (double)i, (double)u, (double)(float)i, (double)(float)u);
  printf(" %La %La %a\n", (long double)i, (long double)u, (double)(0 * i));
}

// What is not known before the program runs is not computed before.
static volatile double x = 2.7, y = 3.1, z = -1.5, w = 0.7;
static volatile long double e = 2.5L, f = 0.3L;
static volatile long i = 0x7ffffffffffffff3, j = -0x123456789abcdef;

int main(void) {
  const int directions[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  for (int each = 0; each < 4; each++) {
    fesetround(directions[each]);
    printf("%d", rounds());
    doubles(x, y);
    doubles(z, w);
    floats((float)x, (float)w);
    extended(e, f);
    integers(i, 0xfffffffffffffff3 + (unsigned long)(i - i));
    integers(j, 0x8000000000000401 + (unsigned long)(i - i));
  }
  fesetround(FE_TONEAREST);
  return 0;
}
