// Bit-fields: signed, unsigned, across units, packed, in unions, as _Bool and enum.
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
enum Colour { Red, Green, Blue };
typedef struct {
  unsigned a : 3;
  signed b : 5;
  unsigned : 0;
  unsigned long c : 37;
  long d : 27;
  _Bool e : 1;
  enum Colour f : 2;
  unsigned g : 29;
} Fields;
typedef struct __attribute__((packed)) {
  unsigned a : 7;
  unsigned b : 13;
  unsigned long c : 44;
  short d : 9;
} Packed;
typedef union {
  struct {
    unsigned sign_off : 23, exponent : 8, sign : 1;
  } parts;
  float f;
} Split;
typedef struct {
  unsigned __int128 wide : 100;
  unsigned rest : 20;
} Wide;

NOINLINE static void change(Fields* s, int k) {
  s->a += (unsigned)k;
  s->b -= k;
  s->c = s->c * 3 + (unsigned)k;
  s->d ^= k << 5;
  s->e = k & 4;
  s->f = (enum Colour)(k % 3);
  s->g = s->g << 1 | s->g >> 28;
}
NOINLINE static Fields copy(Fields s) {
  s.b = -s.b;
  return s;
}
NOINLINE static void pack(Packed* p, int k) {
  p->a++;
  p->b += p->a;
  p->c = (p->c << 3) ^ p->b;
  p->d = (short)(p->d - k);
}
NOINLINE static int exponent(float f) {
  Split s = {.f = f};
  return s.parts.sign ? -(int)s.parts.exponent : (int)s.parts.exponent;
}
NOINLINE static void widen(Wide* w, unsigned k) {
  w->wide = w->wide * 1000003 + k;
  w->rest += (unsigned)w->wide;
}

int main(void) {
  Fields s;
  Packed p;
  Wide w;
  memset(&s, 0, sizeof s);
  memset(&p, 0, sizeof p);
  memset(&w, 0, sizeof w);
  s.g = 5;
  long total = 0;
  for (int i = 0; i < 1000; i++) {
    change(&s, i);
    s = copy(s);
    pack(&p, i);
    widen(&w, (unsigned)i);
    total += exponent((float)i * (i & 1 ? -1.5f : 1.25f));
  }
  printf("%u %d %lu %d %d %d %u\n", s.a, s.b, (unsigned long)s.c, (int)s.d, s.e, s.f, s.g);
  printf("%u %u %lu %d %zu\n", p.a, p.b, (unsigned long)p.c, p.d, sizeof p);
  printf("%lx %lx %u\n", (unsigned long)(w.wide >> 64), (unsigned long)w.wide, w.rest);
  printf("%ld\n", total);
  return 0;
}
