// memcpy, memmove, memset, memcmp of all small and some large sizes and alignments; struct copies;
// overlapping moves.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static unsigned char a[70000], b[70000];

NOINLINE static unsigned hash(const unsigned char* p, size_t n) {
  unsigned h = 0;
  while (n--)
    h = h * 16777619u ^ *p++;
  return h;
}
NOINLINE static void copy(void* to, const void* from, size_t n) {
  memcpy(to, from, n);
}
NOINLINE static void move(void* to, const void* from, size_t n) {
  memmove(to, from, n);
}
NOINLINE static void fill(void* to, int c, size_t n) {
  memset(to, c, n);
}
NOINLINE static int sign(int v) {
  return (v > 0) - (v < 0);
}

/* Constant sizes, which a compiler expands in place. */
#define SIZES(X)                                                                                   \
  X(1)                                                                                             \
  X(2) X(3) X(4) X(5) X(7) X(8) X(9) X(12) X(15) X(16) X(17) X(24) X(31) X(32) X(33) X(48) X(63)   \
      X(64) X(65) X(100) X(127) X(128) X(129) X(255) X(256) X(1000)
#define DEFINE(n)                                                                                  \
  typedef struct {                                                                                 \
    unsigned char v[n];                                                                            \
  } Block##n;                                                                                      \
  NOINLINE static void constant##n(unsigned char* to, const unsigned char* from) {                 \
    memcpy(to, from, n);                                                                           \
    memset(to + n, n, n);                                                                          \
    *(Block##n*)(to + 2 * n) = *(const Block##n*)(from + 1);                                       \
    memmove(to + 3 * n + 1, to + 2 * n, n);                                                        \
    to[5 * n] = (unsigned char)(memcmp(to, from, n) == 0);                                         \
    __builtin_memset(to + 5 * n + 1, 0, n);                                                        \
  }
SIZES(DEFINE)

int main(void) {
  unsigned h = 0;
  for (size_t i = 0; i < sizeof a; i++)
    a[i] = (unsigned char)(i * 7 + i / 256);
  for (int n = 0; n < 300; n++)
    for (int off = 0; off < 3; off++) {
      copy(b + off, a + off * 3, (size_t)n);
      h = h * 31 + hash(b, 320);
      move(b + off + 5, b, (size_t)n);
      move(b, b + 3, (size_t)n);
      h = h * 31 + hash(b, 640);
      fill(b + 2 * off, n + 1, (size_t)n);
      h = h * 31 + (unsigned)sign(memcmp(a, a + off * 256, (size_t)n)) + hash(b, 640);
    }
  printf("%u\n", h);
  for (int i = 0; i < 60; i++) {
#define CALL(n) constant##n(b + i, a + i * 3);
    SIZES(CALL)
    h = h * 31 + hash(b, 7000);
  }
  printf("%u\n", h);
  for (size_t n = 1000; n < 60000; n = n * 3 / 2) {
    copy(b, a, n);
    move(b + 1000, b, n);
    move(b, b + 100, n);
    h = h * 31 + hash(b, sizeof b);
  }
  char* p = memchr(a, 200, sizeof a);
  printf("%u %ld %d\n", h, (long)(p - (char*)a), mempcpy(b, a, 10) == b + 10);
  return 0;
}
