// 128-bit integers: all operations against an independent 64-bit computation, and as arguments
// among others.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
typedef __int128 I;
typedef unsigned __int128 U;

static unsigned long state = 88172645463325252ul;
NOINLINE static unsigned long next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

NOINLINE static U make(unsigned long hi, unsigned long lo) {
  return (U)hi << 64 | lo;
}
NOINLINE static U mul(U a, U b) {
  return a * b;
}
NOINLINE static U udiv(U a, U b) {
  return a / b;
}
NOINLINE static U umod(U a, U b) {
  return a % b;
}
NOINLINE static I sdiv(I a, I b) {
  return a / b;
}
NOINLINE static I smod(I a, I b) {
  return a % b;
}
NOINLINE static U shl(U a, int n) {
  return a << n;
}
NOINLINE static U shr(U a, int n) {
  return a >> n;
}
NOINLINE static I sar(I a, int n) {
  return a >> n;
}
NOINLINE static int compare(I a, I b) {
  return (a < b) | (a == b) << 1 | ((U)a < (U)b) << 2;
}
NOINLINE static int parity(U a) {
  return __builtin_parityll((unsigned long)a) ^ __builtin_parityll((unsigned long)(a >> 64));
}
NOINLINE static U stack(int a, U b, long c, U d, I e, I f, int g) {
  return b * 2 + d * 5 + (U)(a + c * 3 + e * 7 + f * 11 + g);
}
NOINLINE static double to_double(I a) {
  return (double)a;
}
NOINLINE static U from_double(double d) {
  return (U)d;
}

/* Long division by hand, bit for bit. */
NOINLINE static U slow_div(U a, U b, U* rest) {
  U q = 0, r = 0;
  for (int i = 127; i >= 0; i--) {
    r = r << 1 | ((a >> i) & 1);
    if (r >= b) {
      r -= b;
      q |= (U)1 << i;
    }
  }
  *rest = r;
  return q;
}

static void show(const char* name, U v) {
  printf("%s %016lx%016lx\n", name, (unsigned long)(v >> 64), (unsigned long)v);
}

int main(void) {
  U h = 0;
  int wrong = 0;
  for (int i = 0; i < 600; i++) {
    U a = make(next(), next()), b = make(i % 3 ? next() >> (i % 64) : 0, next()), rest;
    U q = slow_div(a, b, &rest);
    wrong += udiv(a, b) != q;
    wrong += umod(a, b) != rest;
    wrong += (U)(sdiv((I)a, (I)b) * (I)b + smod((I)a, (I)b)) != a;
    int n = i & 127;
    wrong += (shl(a, n) | (n ? shr(a, 128 - n) : 0)) != (n ? (a << n | a >> (128 - n)) : a);
    h = h * 31 + mul(a, b) + (U)sar((I)a, n) + compare((I)a, (I)b) + parity(a) +
        stack(i, a, i, b, -i, 5, i);
    h += (U)__builtin_popcountll((unsigned long)a) + (U)(i & 1 ? -(I)a : ~(I)b);
    I sum;
    h += __builtin_add_overflow((I)a, (I)b, &sum);
    h += __builtin_mul_overflow((I)(a >> 60), (I)(b >> 62), &sum);
    h += (U)(I)(to_double((I)a) / 1e20) + from_double(1e30 + i);
  }
  show("hash", h);
  printf("wrong %d\n", wrong);
  show("min/-3", (U)sdiv((I)make(0x8000000000000000ul, 0), -3));
  show("min%7", (U)smod((I)make(0x8000000000000000ul, 0), 7));
  return 0;
}
