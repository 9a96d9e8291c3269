// By-value structs and unions of every class of the calling convention: integer, SSE, mixed, x87,
// memory.
#include <complex.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

typedef struct {
  float a;
} F1;
typedef struct {
  float a, b;
} F2;
typedef struct {
  float a, b, c;
} F3;
typedef struct {
  float a, b, c, d;
} F4;
typedef struct {
  float v[5];
} F5;
typedef struct {
  double a;
} D1;
typedef struct {
  double a, b;
} D2;
typedef struct {
  double a, b, c;
} D3;
typedef struct {
  float f;
  int i;
} FI;
typedef struct {
  double d;
  int i;
} DI;
typedef struct {
  int i;
  double d;
} ID;
typedef struct {
  float a, b;
  long l;
} FFL;
typedef struct {
  long double x;
} X1;
typedef struct {
  long double x;
  int i;
} XI;
typedef struct {
  unsigned __int128 v;
} W;
typedef struct {
  char* p;
  F2 f;
} PF;
typedef union {
  int i;
  float f;
} UIF;
typedef union {
  double d;
  long l;
  char c[16];
} UDL;
typedef union {
  long double x;
  int i;
} UX;
typedef struct {
  _Complex float c;
} CF;
typedef struct {
  struct {
    struct {
      float a;
    } b;
    float c;
  } d;
  double e;
} Nest;
typedef struct {
} Empty;
typedef struct {
  int n;
  int tail[];
} Flexible;

NOINLINE static F1 f1(F1 s) {
  s.a += 1;
  return s;
}
NOINLINE static F2 f2(F2 s) {
  return (F2){s.b, s.a + 1};
}
NOINLINE static F3 f3(F3 s) {
  return (F3){s.c, s.a, s.b + 1};
}
NOINLINE static F4 f4(F4 s) {
  return (F4){s.d, s.a, s.b, s.c + 1};
}
NOINLINE static F5 f5(F5 s) {
  for (int i = 0; i < 5; i++)
    s.v[i] += i;
  return s;
}
NOINLINE static D1 d1(D1 s) {
  s.a *= 1.01;
  return s;
}
NOINLINE static D2 d2(D2 s) {
  return (D2){s.b, s.a + 0.5};
}
NOINLINE static D3 d3(D3 s) {
  return (D3){s.b, s.c, s.a + 0.5};
}
NOINLINE static FI fi(FI s) {
  return (FI){s.f + s.i, s.i + 1};
}
NOINLINE static DI di(DI s) {
  return (DI){s.d + s.i, s.i + 1};
}
NOINLINE static ID id(ID s) {
  return (ID){s.i + 1, s.d + s.i};
}
NOINLINE static FFL ffl(FFL s) {
  return (FFL){s.b, s.a + 1, s.l * 3};
}
NOINLINE static X1 x1(X1 s) {
  s.x += 0.125L;
  return s;
}
NOINLINE static XI xi(XI s) {
  return (XI){s.x + s.i, s.i + 1};
}
NOINLINE static W w(W s) {
  s.v = s.v * 3 + 1;
  return s;
}
NOINLINE static PF pf(PF s) {
  return (PF){s.p + 1, f2(s.f)};
}
NOINLINE static UIF uif(UIF u) {
  u.f += 1;
  return u;
}
NOINLINE static UDL udl(UDL u) {
  u.c[15]++;
  u.l += 1;
  return u;
}
NOINLINE static UX ux(UX u) {
  u.x += 1;
  return u;
}
NOINLINE static CF cf(CF c) {
  c.c = c.c * (0.0f + 1.0fi) + 1.0f;
  return c;
}
NOINLINE static Nest nest(Nest n) {
  n.d.b.a += 1;
  n.d.c += 2;
  n.e += 3;
  return n;
}
NOINLINE static int empty(int a, Empty e, int b) {
  return a * 10 + b;
}

/* More SSE and integer eightbytes than registers: whole structs have to go to the stack, never a
 * half. */
NOINLINE static double crowd(D2 a, D2 b, D2 c, ID d, D2 e, DI f, ID g, long h, DI i, XI j, F4 k,
                             D3 l) {
  return a.a + a.b * 2 + b.a * 3 + b.b * 4 + c.a * 5 + c.b * 6 + d.i * 7 + d.d * 8 + e.a * 9 +
         e.b * 10 + f.d * 11 + f.i * 12 + g.i * 13 + g.d * 14 + (double)h * 15 + i.d * 16 +
         i.i * 17 + (double)j.x * 18 + j.i * 19 + k.a * 20 + k.d * 21 + l.a * 22 + l.c * 23;
}

int main(void) {
  F1 a = {1};
  F2 b = {1, 2};
  F3 c = {1, 2, 3};
  F4 d = {1, 2, 3, 4};
  F5 e = {{1, 2, 3, 4, 5}};
  D1 f = {1};
  D2 g = {1, 2};
  D3 h = {1, 2, 3};
  FI i = {0.5f, 1};
  DI j = {0.5, 1};
  ID k = {1, 0.5};
  FFL l = {1, 2, 3};
  X1 m = {1};
  XI n = {0.5L, 1};
  W o = {1};
  UIF q = {.f = 1};
  UDL r = {.l = 1};
  char text[400] = "";
  PF p = {text, {1, 2}};
  UX s = {.x = 1};
  CF t = {1.0f + 2.0fi};
  Nest u = {{{1}, 2}, 3};
  double total = 0;
  r.c[15] = 0;
  for (int round = 0; round < 350; round++) {
    a = f1(a);
    b = f2(b);
    c = f3(c);
    d = f4(d);
    e = f5(e);
    f = d1(f);
    g = d2(g);
    h = d3(h);
    i = fi(i);
    j = di(j);
    k = id(k);
    l = ffl(l);
    m = x1(m);
    n = xi(n);
    o = w(o);
    p = pf(p);
    q = uif(q);
    r = udl(r);
    s = ux(s);
    t = cf(t);
    u = nest(u);
    l.l &= 0xffff;
    total += crowd(g, g, g, k, g, j, k, round, j, n, d, h) + empty(round, (Empty){}, 3);
  }
  printf("%g %g %g %g %g %g %g %g %g %g\n", a.a, b.a, b.b, c.a, c.b, c.c, d.a, d.b, d.c, d.d);
  printf("%g %g %.6g %g %g %g %g %g\n", e.v[0], e.v[4], f.a, g.a, g.b, h.a, h.b, h.c);
  printf("%g %d %g %d %d %g %g %g %ld\n", i.f, i.i, j.d, j.i, k.i, k.d, l.a, l.b, l.l);
  printf("%Lg %Lg %d %llx %d %g %g\n", m.x, n.x, n.i, (unsigned long long)(o.v >> 64),
         (int)(p.p - text), p.f.a, p.f.b);
  printf("%g %ld %d %Lg %g %g %g %g %g\n", q.f, r.l, r.c[15], s.x, crealf(t.c), cimagf(t.c),
         u.d.b.a, u.d.c, u.e);
  printf("%.3f\n", total);
  return 0;
}
