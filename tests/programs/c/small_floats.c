// _Float16, __bf16 and __float128: conversions and arithmetic that go through the compiler's
// runtime library.
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static _Float16 half(_Float16 a, _Float16 b) {
  return a * b + (_Float16)0.5f;
}
NOINLINE static _Float16 to_half(double d) {
  return (_Float16)d;
}
NOINLINE static float from_half(_Float16 h) {
  return h;
}
/* Only in this direction and from memory: libgcc 12 has no __truncsfbf2, which the rest would need.
 */
typedef union {
  unsigned short bits;
  __bf16 value;
} Brain;
NOINLINE static float from_brain(unsigned short bits) {
  Brain b = {bits};
  return b.value;
}
NOINLINE static __float128 quad(__float128 a, __float128 b) {
  return a * b - a / (b + 1);
}
NOINLINE static int quad_compare(__float128 a, __float128 b) {
  return (a < b) | (a == b) << 1 | (a > b) << 2;
}
NOINLINE static double from_quad(__float128 q) {
  return (double)q;
}
NOINLINE static long quad_to_long(__float128 q) {
  return (long)q;
}

int main(void) {
  _Float16 h = (_Float16)1.0f;
  __float128 q = 1.25;
  unsigned bits = 0;
  for (int i = 0; i < 400; i++) {
    h = half(h, (_Float16)0.75f) + (_Float16)(i % 5);
    unsigned short raw;
    memcpy(&raw, &h, 2);
    bits = bits * 31 + raw;
    bits = bits * 31 + (unsigned)from_brain((unsigned short)(0x4000 + i));
    q = quad(q, 1.5 + i) / (2 + i) + 1;
    bits = bits * 3 + (unsigned)quad_compare(q, (__float128)i / 3);
  }
  printf("%u %g %.15g %ld\n", bits, from_half(h), from_quad(q), quad_to_long(q * 1e15));
  printf("%g %g %g %g\n", from_half(to_half(65504.0)), from_half(to_half(1e6)),
         from_half(to_half(6e-8)), from_half(to_half(1.0009765625)));
  printf("%g %g\n", from_brain(0x4049), from_brain(0xff80));
  return 0;
}
