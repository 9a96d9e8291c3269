// Two thousand functions that call each other, each a few times: much code, a long compile queue,
// far calls.
#include <stdio.h>

#define ONE(p, n)                                                                                  \
  __attribute__((noinline)) static unsigned f##p##n(unsigned x) {                                  \
    return (x ^ (0x##p##n##u + 77u)) * 2654435761u + (x >> (0x##n % 31 + 1));                      \
  }
#define CHAIN(p, n, m)                                                                             \
  __attribute__((noinline)) static unsigned g##p##n(unsigned x) {                                  \
    return x & 1 ? f##p##n(x) + 1 : f##p##m(x ^ 0x##n) - g_last(x);                                \
  }
#define SIXTEEN(F, p)                                                                              \
  F(p, 0)                                                                                          \
  F(p, 1) F(p, 2) F(p, 3) F(p, 4) F(p, 5) F(p, 6) F(p, 7) F(p, 8) F(p, 9) F(p, a) F(p, b) F(p, c)  \
      F(p, d) F(p, e) F(p, f)
#define BLOCK(F, p)                                                                                \
  SIXTEEN(F, p##0)                                                                                 \
  SIXTEEN(F, p##1) SIXTEEN(F, p##2) SIXTEEN(F, p##3) SIXTEEN(F, p##4) SIXTEEN(F, p##5)             \
      SIXTEEN(F, p##6) SIXTEEN(F, p##7)
#define ALL(F)                                                                                     \
  BLOCK(F, 1) BLOCK(F, 2) BLOCK(F, 3) BLOCK(F, 4) BLOCK(F, 5) BLOCK(F, 6) BLOCK(F, 7) BLOCK(F, 8)

__attribute__((noinline)) static unsigned g_last(unsigned x) {
  return x * 3;
}
ALL(ONE)
#define WITH_NEXT(p, n) CHAIN(p, n, 0)
ALL(WITH_NEXT)
#define NAME(p, n) g##p##n,
static unsigned (*const all[])(unsigned) = {ALL(NAME)};

int main(void) {
  unsigned h = 1, n = sizeof all / sizeof *all;
  for (int round = 0; round < 4; round++)
    for (unsigned i = 0; i < n; i++)
      h = all[(i * 7 + (unsigned)round) % n](h);
  printf("%u functions, %u\n", n, h);
  return 0;
}
