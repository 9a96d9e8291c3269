// Language corners: _Generic, compound literals, designated initialisers, comma, ternaries, sizeof
// effects, static asserts.
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <tgmath.h>

#define NOINLINE __attribute__((noinline))
#define KIND(x)                                                                                    \
  _Generic((x),                                                                                    \
      int: 1,                                                                                      \
      unsigned: 2,                                                                                 \
      long: 3,                                                                                     \
      float: 4,                                                                                    \
      double: 5,                                                                                   \
      long double: 6,                                                                              \
      char*: 7,                                                                                    \
      default: 8)
_Static_assert(sizeof(long) == 8, "this is a 64-bit test");

typedef struct {
  int x, y;
  struct {
    char name[8];
    union {
      int i;
      float f;
    };
  };
  int tail[];
} Shape;
static Shape shape = {.y = 5, .name = "shape", .f = 1.5f, .tail = {1, 2, 3}};
static const int grid[3][4] = {[1] = {[2] = 7}, [2][3] = 9};

NOINLINE static int sum(const int* p, int n) {
  int s = 0;
  while (n--)
    s += *p++;
  return s;
}
NOINLINE static int literals(int a) {
  return sum((int[]){a, a + 1, a + 2, [7] = a * 2}, 8) + (&(Shape){.x = a})->x;
}
NOINLINE static int effects(int* p) {
  int n = (int)sizeof(*p++);
  return n + (p ? *p : 0);
}
NOINLINE static int logic(int a, int b) {
  return (a && b--) + (a || b++) * 2 + (a ? b : -b) * 3 + (a, b);
}
NOINLINE static int pointers(int* a, int n) {
  return (int)(&a[n] - a) + 2 [a] + *(a + n - 1) + (int)((char*)&a[n] - (char*)a);
}
NOINLINE static unsigned wrap(unsigned a, unsigned char b) {
  b += 250;
  return (a - 1) * 3 + b + (unsigned)(-1 < (int)a) + (unsigned)(a > -1u);
}
NOINLINE static int shifts(int a, int n) {
  return (int)((unsigned)(a >> n) + ((unsigned)a >> n) + ((unsigned)a << n));
}
NOINLINE static int statement(int a) {
  return ({
           int t = a * 2;
           t > 10 ? t : -t;
         }) +
         __builtin_choose_expr(1, 5, 6);
}
NOINLINE static int divide(int a, int b) {
  return a / b * 1000 + a % b;
}

int main(void) {
  int values[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  unsigned h = 0;
  for (int i = -300; i < 300; i++) {
    h = h * 31 +
        (unsigned)(literals(i) + effects(values) + logic(i & 3, i & 4) + pointers(values, 7)) +
        (unsigned)shifts(i * 12345, i & 15);
    h = h * 31 + wrap((unsigned)i, (unsigned char)i) + (unsigned)statement(i) +
        (unsigned)divide(i, i % 7 ? i % 7 : 3);
  }
  printf("%u\n", h);
  printf("%d %d %d %d %d %d %d %d\n", KIND(1), KIND(1u), KIND(1l), KIND(1.0f), KIND(1.0),
         KIND(1.0L), KIND((char*)0), KIND('a' + 0ull));
  printf("%d %d %s %g %d %d %d\n", shape.x, shape.y, shape.name, shape.f, shape.tail[2], grid[1][2],
         grid[2][3]);
  printf("%zu %zu %zu %g\n", offsetof(Shape, tail), sizeof(Shape), alignof(max_align_t),
         (double)sqrt(2.0f));
  printf("%s:%d %s\n", __func__, __LINE__,
         "joined"
         " "
         "text");
  return 0;
}
