// Vector types of 8 to 64 bytes without any target flag: arithmetic, compares, shuffles,
// conversions, by value.
// CFLAGS: -Wno-psabi
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
typedef int I2 __attribute__((vector_size(8)));
typedef int I4 __attribute__((vector_size(16)));
typedef int I8 __attribute__((vector_size(32)));
typedef int I16 __attribute__((vector_size(64)));
typedef unsigned char B16 __attribute__((vector_size(16)));
typedef short S8 __attribute__((vector_size(16)));
typedef long L2 __attribute__((vector_size(16)));
typedef float F4 __attribute__((vector_size(16)));
typedef double D2 __attribute__((vector_size(16)));
typedef double D4 __attribute__((vector_size(32)));
typedef float F3 __attribute__((ext_vector_type(3)));
typedef _Bool M8 __attribute__((ext_vector_type(8)));

NOINLINE static I2 i2(I2 a, I2 b) {
  return a * b - (a ^ b);
}
NOINLINE static I4 i4(I4 a, I4 b, int s) {
  return (a + b) * (a - b) ^ (a << (s & 7)) ^ (b >> 3);
}
NOINLINE static I8 i8(I8 a, I8 b) {
  return a * b + (a > b) - (a == b);
}
NOINLINE static I16 i16(I16 a, int k) {
  return a * 3 + k;
}
NOINLINE static B16 b16(B16 a, B16 b) {
  return ((a & (B16)(a > b)) | (b & (B16)(a <= b))) + (a & b);
}
NOINLINE static S8 s8(S8 a) {
  return a * a + (S8){1, 2, 3, 4, 5, 6, 7, 8};
}
NOINLINE static L2 l2(L2 a, L2 b) {
  return a * b + (a >> 2);
}
NOINLINE static F4 f4(F4 a, F4 b) {
  return a / (b * b + 1.0f) - a;
}
NOINLINE static D2 d2(D2 a, D2 b) {
  return a * b + 0.25;
}
NOINLINE static D4 d4(D4 a, int k) {
  return __builtin_shufflevector(a, a, 3, 2, 1, 0) + k;
}
NOINLINE static F3 f3(F3 a) {
  return a.zxy * 0.5f + (F3){1, 2, 3};
}
NOINLINE static I4 reverse(I4 a) {
  return __builtin_shufflevector(a, a, 3, 2, 1, 0);
}
NOINLINE static F4 convert(I4 a) {
  return __builtin_convertvector(a, F4);
}
NOINLINE static I4 back(F4 a) {
  return __builtin_convertvector(a, I4);
}
NOINLINE static int lane(I8 a, int k) {
  return a[k & 7];
}
NOINLINE static I8 put(I8 a, int k, int v) {
  a[k & 7] = v;
  return a;
}
NOINLINE static int reduce(I8 a) {
  return __builtin_reduce_add(a) ^ __builtin_reduce_max(a) ^ __builtin_reduce_min(a) ^
         __builtin_reduce_xor(a);
}
NOINLINE static M8 mask(I8 a) {
  return __builtin_convertvector(a > 5, M8);
}
/* Ten vectors: two have to go to the stack. */
NOINLINE static I4 many(I4 a, I4 b, I4 c, I4 d, I4 e, I4 f, I4 g, I4 h, I4 i, I4 j) {
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10;
}

static unsigned hash(const void* data, size_t size, unsigned h) {
  const unsigned char* p = data;
  while (size--)
    h = (h ^ *p++) * 16777619u;
  return h;
}

int main(void) {
  unsigned h = 2166136261u;
  I2 a = {1, 2};
  I4 b = {1, 2, 3, 4};
  I8 c = {1, 2, 3, 4, 5, 6, 7, 8};
  I16 d = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  B16 e = {250, 1, 200, 3};
  S8 f = {1, 2, 3};
  L2 g = {3, -4};
  F4 i = {1, 2, 3, 4};
  D2 j = {1, 0.5};
  D4 k = {1, 2, 3, 4};
  F3 l = {1, 2, 3};
  for (int n = 0; n < 400; n++) {
    a = i2(a, a + n) & 0xffff;
    b = i4(b, reverse(b), n) & 0xffff;
    c = i8(c, c + n) & 0xffff;
    d = i16(d, n) & 0xffff;
    e = b16(e, e + (unsigned char)n);
    f = s8(f) & 0xff;
    g = l2(g, g + n) & 0xffffff;
    i = f4(i, convert(b));
    j = d2(j, j) * 0.5;
    k = d4(k, n);
    l = f3(l);
    c = put(c, n, lane(c, n + 1) + reduce(c));
    b = many(b, b + 1, b, b, b, b, b, b, back(i), b + 7) & 0xffff;
    M8 m = mask(c);
    h = hash(&a, sizeof a, h);
    h = hash(&b, sizeof b, h);
    h = hash(&c, sizeof c, h);
    h = hash(&d, sizeof d, h);
    h = hash(&e, sizeof e, h);
    h = hash(&f, sizeof f, h);
    h = hash(&g, sizeof g, h);
    h = hash(&i, sizeof i, h);
    h = hash(&j, sizeof j, h);
    h = hash(&k, sizeof k, h);
    float three[3] = {l.x, l.y, l.z};
    h = hash(three, sizeof three, h) + m[3] * 3 + m[7];
  }
  printf("%u\n", h);
  printf("%d %d %d %d %d %d\n", a[0], b[3], c[7], d[15], e[2], f[7]);
  printf("%ld %g %g %g %g\n", g[1], i[2], j[1], k[3], l.y);
  return 0;
}
