// Builtins without a home elsewhere: expect, assume, object_size, frame and return address,
// prefetch, cleanup, constant_p.
// CFLAGS: -fexceptions
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int likely(int a) {
  return __builtin_expect(a > 5, 1) ? a : -a;
}
NOINLINE static int assumed(int a) {
  __builtin_assume(a >= 0);
  return a / 4 + a % 8;
}
NOINLINE static int unreachable(unsigned a) {
  switch (a & 3) {
  case 0:
    return 5;
  case 1:
    return 7;
  case 2:
    return 11;
  case 3:
    return 13;
  }
  __builtin_unreachable();
}
NOINLINE static long size_of(int by) {
  static char a[10];
  return (long)__builtin_object_size(a, 0) * by + (long)__builtin_object_size(a + 3, 2);
}
NOINLINE static void* frame(void) {
  return __builtin_frame_address(0);
}
NOINLINE static void* caller(void) {
  return __builtin_extract_return_addr(__builtin_return_address(0));
}
NOINLINE static int addresses(void) {
  char here;
  uintptr_t f = (uintptr_t)frame(), h = (uintptr_t)&here;
  uintptr_t r = (uintptr_t)caller();
  return (h > f ? h - f : f - h) < 4096 && r != 0;
}
static int cleaned;
static void clean(int* p) {
  cleaned += *p;
}
NOINLINE static int with_cleanup(int a) {
  __attribute__((cleanup(clean))) int first = a;
  for (int i = 0; i < 3; i++) {
    __attribute__((cleanup(clean))) int inner = i;
    if (i == a % 3)
      return first + inner;
  }
  return 0;
}
NOINLINE static long prefetched(const long* p, int n) {
  long s = 0;
  for (int i = 0; i < n; i++) {
    __builtin_prefetch(p + i + 8, 0, 1);
    s += p[i];
  }
  return s;
}
NOINLINE static int constant(int a) {
  return __builtin_constant_p(a) * 0 + __builtin_constant_p(5) * 2 + a;
}
NOINLINE static void* aligned(void* p) {
  return __builtin_assume_aligned(p, 16);
}
NOINLINE static uintptr_t align(uintptr_t v) {
  return __builtin_align_up(v, 64) ^ __builtin_align_down(v, 32) ^
         (uintptr_t)__builtin_is_aligned(v, 8);
}
NOINLINE static float bit_cast(unsigned v) {
  float f;
  __builtin_memcpy_inline(&f, &v, 4);
  return f;
}
NOINLINE static int compare(const char* a, const char* b) {
  return __builtin_strcmp(a, b) < 0 ? -1 : 1;
}
NOINLINE static double math(double a) {
  return __builtin_sqrt(a) + __builtin_fabs(-a) + __builtin_copysign(a, -1) + __builtin_floor(a) +
         __builtin_powi(a, 5) + __builtin_trunc(a);
}
NOINLINE static int abs_of(int a) {
  return __builtin_abs(a) + (int)__builtin_labs(a * 3l);
}

int main(void) {
  long values[64] = {0}, total = 0;
  double real = 0;
  for (int i = 0; i < 64; i++)
    values[i] = i * i;
  for (int i = 0; i < 600; i++) {
    total += likely(i % 10) + assumed(i) + unreachable((unsigned)i) + size_of(i & 1) + addresses() +
             with_cleanup(i) + prefetched(values, i % 40);
    total += constant(i) + (aligned(values) == values) + (long)align((uintptr_t)i * 7) +
             compare("abc", i & 1 ? "abd" : "abb") + abs_of(i - 300);
    real += bit_cast(0x3f800000u + (unsigned)i) + math(i / 16.0);
  }
  printf("%ld %d %.6f\n", total, cleaned, real);
  return 0;
}
