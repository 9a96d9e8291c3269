// Structs of 1 to 40 bytes as arguments and results, directly and through pointers to functions.
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

#define SIZES(X)                                                                                   \
  X(1)                                                                                             \
  X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18)    \
      X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33)    \
          X(36) X(39) X(40)

/* turn: reverses the bytes and mixes in what comes before and after the struct among the arguments.
 */
#define DEFINE(n)                                                                                  \
  typedef struct {                                                                                 \
    unsigned char b[n];                                                                            \
  } S##n;                                                                                          \
  NOINLINE static S##n turn##n(int before, S##n s, int after) {                                    \
    S##n r;                                                                                        \
    for (int i = 0; i < n; i++)                                                                    \
      r.b[i] = (unsigned char)(s.b[n - 1 - i] + before * i + after);                               \
    return r;                                                                                      \
  }                                                                                                \
  static S##n (*volatile pointer##n)(int, S##n, int) = turn##n;                                    \
  NOINLINE static unsigned crowded##n(long a, long b, long c, long d, long e, S##n s, S##n t) {    \
    unsigned h = (unsigned)(a + b + c + d + e);                                                    \
    for (int i = 0; i < n; i++)                                                                    \
      h = h * 31 + s.b[i] * 3u + t.b[i];                                                           \
    return h;                                                                                      \
  }                                                                                                \
  NOINLINE static unsigned check##n(int round) {                                                   \
    S##n s;                                                                                        \
    for (int i = 0; i < n; i++)                                                                    \
      s.b[i] = (unsigned char)(i * 7 + round);                                                     \
    S##n t = turn##n(round, s, 5);                                                                 \
    S##n u = pointer##n(3, t, round);                                                              \
    return crowded##n(1, 2, 3, 4, round, t, u);                                                    \
  }

SIZES(DEFINE)

typedef struct {
  int i;
  char c;
  short s;
} Padded;
typedef struct {
  Padded inner;
  Padded more;
} Nested;
typedef struct {
  char c;
  Nested n;
} Deep;
typedef struct __attribute__((packed)) {
  char c;
  long l;
  short s;
} Packed;

NOINLINE static Padded padded(Padded p, int k) {
  p.i += k;
  p.c ^= 1;
  p.s -= (short)k;
  return p;
}
NOINLINE static Nested nested(Nested n, int k) {
  n.inner = padded(n.inner, k);
  n.more = padded(n.more, -k);
  return n;
}
NOINLINE static Deep deep(Deep d, int k) {
  d.c++;
  d.n = nested(d.n, k);
  return d;
}
NOINLINE static Packed packed(Packed p, int k) {
  p.l += k;
  p.s += p.c;
  p.c = (char)k;
  return p;
}

int main(void) {
  unsigned h = 0;
  for (int round = 0; round < 300; round++) {
#define CHECK(n) h = h * 17 + check##n(round);
    SIZES(CHECK)
  }
  printf("%u\n", h);
#define SHOW(n) printf("%d:%u ", n, check##n(1));
  SIZES(SHOW)
  puts("");
  Deep d = {'a', {{1, 'b', 2}, {3, 'c', 4}}};
  Packed p = {1, 2, 3};
  for (int i = 0; i < 500; i++) {
    d = deep(d, i);
    p = packed(p, i & 31);
  }
  printf("%d %d %d %d %d %d %d\n", d.c, d.n.inner.i, d.n.inner.c, d.n.inner.s, d.n.more.i,
         d.n.more.c, d.n.more.s);
  printf("%d %ld %d\n", p.c, p.l, p.s);
  return 0;
}
