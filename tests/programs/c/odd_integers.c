// _BitInt of odd widths: arithmetic, shifts, division, in memory, as arguments and results, wider
// than 128 bits.
// CFLAGS: -std=c2x
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
typedef unsigned _BitInt(7) U7;
typedef signed _BitInt(17) I17;
typedef unsigned _BitInt(65) U65;
typedef unsigned _BitInt(100) U100;
typedef unsigned _BitInt(256) U256;

NOINLINE static U7 u7(U7 a, U7 b) {
  return (U7)(a * b + 3u);
}
NOINLINE static I17 i17(I17 a, I17 b) {
  return b ? (I17)(a / b - a % b) : (I17)(a >> 2);
}
NOINLINE static U65 u65(U65 a, int n) {
  return (a << (n % 65)) ^ (a >> (n % 60));
}
NOINLINE static U100 u100(int before, U100 a, U100 b, int after) {
  return a * b + (U100)before - (U100)after;
}
NOINLINE static U256 u256(U256 a, U256 b) {
  return (a * b) ^ (a >> 100) ^ (b << 77);
}
NOINLINE static int compare(U256 a, U256 b) {
  return (a < b) | (a == b) << 1;
}

int main(void) {
  U7 a = 5;
  I17 b = 30000;
  U65 c = 3;
  U100 d = 7;
  U256 e = 11;
  int compared = 0;
  for (int i = 1; i < 500; i++) {
    a = u7(a, (U7)i);
    b = i17((I17)(b * 3 / 2 % 60000 + i), (I17)(i % 50 - 25));
    c = u65(c + (U65)i, i);
    d = u100(i, d, d + 1u, 3);
    U256 next = u256(e, e + (U256)d);
    compared = compared * 3 % 10007 + compare(e, next);
    e = next;
  }
  printf("%u %d %lx%lx %lx%lx\n", (unsigned)a, (int)b, (unsigned long)(c >> 64), (unsigned long)c,
         (unsigned long)(d >> 64), (unsigned long)d);
  for (int i = 192; i >= 0; i -= 64)
    printf("%016lx", (unsigned long)(e >> i));
  printf(" %d\n", compared);
  return 0;
}
