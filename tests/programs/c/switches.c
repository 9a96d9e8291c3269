// switch in all shapes: dense, sparse, negative, 64-bit, ranges, fall-through, on characters,
// Duff's device, nested.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int dense(int v) {
  switch (v) {
  case 0:
    return 5;
  case 1:
    return 8;
  case 2:
    return 1;
  case 3:
    return 9;
  case 4:
    return 4;
  case 5:
    return 7;
  case 6:
    return 2;
  case 7:
    return 6;
  case 9:
    return 3;
  case 10:
    return 11;
  case 11:
    return v * 3;
  case 12:
    return -v;
  default:
    return 100;
  }
}
NOINLINE static int sparse(int v) {
  switch (v) {
  case INT_MIN:
    return 1;
  case -100000:
    return 2;
  case -77:
    return 3;
  case 0:
    return 4;
  case 13:
    return 5;
  case 1000:
    return 6;
  case 65536:
    return 7;
  case 123456789:
    return 8;
  case INT_MAX:
    return 9;
  }
  return 0;
}
NOINLINE static int wide(unsigned long v) {
  switch (v) {
  case 0:
    return 1;
  case 0xffffffffffffffff:
    return 2;
  case 0x8000000000000000:
    return 3;
  case 0x100000000:
    return 4;
  case 0x100000001:
    return 5;
  case 0x123456789abcdef0:
    return 6;
  default:
    return 7;
  }
}
NOINLINE static int ranges(int v) {
  switch (v) {
  case -50 ... - 10:
    return 1;
  case '0' ... '9':
    return 2;
  case 'a' ... 'z':
    return 3;
  case 1000 ... 1000000:
    return 4;
  default:
    return 5;
  }
}
NOINLINE static int fall(unsigned char c) {
  int r = 0;
  switch (c & 7) {
  case 7:
    r += 7;
    __attribute__((fallthrough));
  case 5:
    r += 5;
    break;
  case 3:
    r += 30;
    __attribute__((fallthrough));
  default:
    r += 1;
    __attribute__((fallthrough));
  case 1:
    r *= 2;
    break;
  case 0:
    while (c--) {
      r++;
      if (r > 9)
        goto out;
    case 2:
      r += 2;
    }
  }
out:
  return r;
}
NOINLINE static void duff(char* to, const char* from, int n) {
  int rounds = (n + 7) / 8;
  switch (n % 8) {
  case 0:
    do {
      *to++ = *from++;
    case 7:
      *to++ = *from++;
    case 6:
      *to++ = *from++;
    case 5:
      *to++ = *from++;
    case 4:
      *to++ = *from++;
    case 3:
      *to++ = *from++;
    case 2:
      *to++ = *from++;
    case 1:
      *to++ = *from++;
    } while (--rounds > 0);
  }
}
NOINLINE static const char* name(int v) {
  switch (v) {
  case 0:
    return "zero";
  case 1:
    return "one";
  case 2:
    return "two";
  case 3:
    return "three";
  case 4:
    return "four";
  case 5:
    return "five";
  default:
    return "many";
  }
}
NOINLINE static int tiny(_Bool b, short s, signed char c) {
  switch (b) {
  case 0:
    switch (s) {
    case -1:
      return 1;
    case 300:
      return 2;
    default:
      break;
    }
    break;
  case 1:
    return 3;
  }
  switch (c) {
  case -128:
    return 4;
  case 127:
    return 5;
  case 0:
    return 6;
  }
  return 7;
}
#define CASE(n)                                                                                    \
  case n * 37 % 1009:                                                                              \
    return n;
#define TEN(n)                                                                                     \
  CASE(n##0)                                                                                       \
  CASE(n##1) CASE(n##2) CASE(n##3) CASE(n##4) CASE(n##5) CASE(n##6) CASE(n##7) CASE(n##8)          \
      CASE(n##9)
NOINLINE static int hundred(unsigned v) {
  switch (v % 1009) {
    TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10) TEN(11) TEN(12)
  }
  return -1;
}

int main(void) {
  unsigned h = 0;
  const int points[] = {INT_MIN, -100000, -77, 0, 13, 1000, 65536, 123456789, INT_MAX, 1, -1};
  const unsigned long wides[] = {0, ~0ul, 1ul << 63, 1ul << 32, (1ul << 32) + 1, 0x123456789abcdef0,
                                 9};
  char from[64], to[64];
  for (int i = 0; i < 64; i++)
    from[i] = (char)(i * 3);
  for (int i = -100; i < 1500; i++) {
    h = h * 31 + (unsigned)(dense(i % 16) + sparse(points[(i + 100) % 11]) * 3 +
                            wide(wides[(i + 100) % 7]) * 5 + ranges(i));
    h = h * 31 + (unsigned)(fall((unsigned char)i) +
                            tiny(i % 5 == 0, (short)(i % 3 ? -1 : 300), (signed char)i));
    h = h * 31 + (unsigned)hundred((unsigned)i) + (unsigned)strlen(name(i % 8));
    memset(to, 0, sizeof to);
    duff(to, from, (i + 100) % 60 + 1);
    for (int k = 0; k < 64; k++)
      h = h * 3 + (unsigned char)to[k];
  }
  printf("%u\n", h);
  return 0;
}
