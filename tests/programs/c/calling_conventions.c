// Calling conventions other than C's own: ms_abi (variadic too), preserve_most, regcall,
// vectorcall, naked functions.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
#define MS __attribute__((ms_abi))

typedef struct {
  long a, b, c;
} Large;
typedef struct {
  int a, b;
} Small;

MS NOINLINE static long ms(int a, double b, long c, float d, int e, double f) {
  return a + (long)b * 2 + c * 3 + (long)d * 4 + e * 5 + (long)f * 6;
}
MS NOINLINE static Large ms_large(Large l, Small s, int k) {
  return (Large){l.a + k, l.b + s.a, l.c + s.b};
}
MS NOINLINE static long ms_variadic(int n, ...) {
  __builtin_ms_va_list list;
  long total = 0;
  __builtin_ms_va_start(list, n);
  for (int i = 0; i < n; i++)
    total =
        total * 3 + (i % 2 ? (long)__builtin_va_arg(list, double) : __builtin_va_arg(list, int));
  __builtin_ms_va_end(list);
  return total;
}
__attribute__((preserve_most)) NOINLINE static void quiet(int* p) {
  *p += 3;
}
__attribute__((preserve_all)) NOINLINE static void quieter(int* p) {
  *p ^= 5;
}
__attribute__((regcall)) NOINLINE static int in_registers(int a, int b, int c, int d, int e, int f,
                                                          int g, int h) {
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8;
}
__attribute__((vectorcall)) NOINLINE static double vector(double a, double b, int c) {
  return a * b + c;
}
__attribute__((naked)) NOINLINE static int naked_add(int a, int b) {
  __asm__("leal (%rdi,%rsi), %eax\n\tret");
}
static long (*volatile pointer)(int, double, long, float, int, double) MS = ms;

int main(void) {
  long total = 0;
  int cell = 0;
  Large l = {1, 2, 3};
  double real = 0;
  for (int i = 0; i < 800; i++) {
    total += ms(i, 2.5, 3, 4.5f, 5, 6.5) + pointer(1, 2, 3, 4, i, 6) +
             ms_variadic(6, i, 2.0, 3, 4.0, 5, 6.0);
    l = ms_large(l, (Small){i, 2}, 3);
    quiet(&cell);
    quieter(&cell);
    total += in_registers(1, 2, 3, 4, 5, 6, 7, i) + naked_add(i, 9);
    real += vector(i, 0.5, 3);
  }
  printf("%ld %d %ld %ld %ld %g\n", total, cell, l.a, l.b, l.c, real);
  return 0;
}
