// K&R definitions and declarations without prototypes, called with what they want after the default
// promotions.
// CFLAGS: -std=gnu89 -Wno-deprecated-non-prototype -Wno-strict-prototypes
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int add(a, b, c)
int a;
char b;
short c;
{
  return a + b * 10 + c * 100;
}
NOINLINE static double mix(f, d, i)
float f;
double d;
int i;
{
  return f + d * i;
}
struct pair {
  int x;
  double y;
};
NOINLINE static struct pair swap(p, by)
struct pair p;
unsigned char by;
{
  struct pair r;
  r.x = (int)p.y;
  r.y = p.x + by;
  return r;
}
int later();
static int (*unknown)() = add;
typedef double (*Real)();

NOINLINE int through(pointer, v) int (*pointer)();
int v;
{
  return pointer(v, 2, 3);
}

int main() {
  long total = 0;
  double sum = 0;
  int i;
  struct pair p;
  p.x = 1;
  p.y = 2;
  for (i = 0; i < 700; i++) {
    total += add(i, (char)i, (short)(i * 3)) + unknown(i, 1, 2) + through(add, i) +
             later(i, 2.5, "text", (char)7);
    sum += mix((float)i, 2.5, i) + ((Real)mix)(1.5f, 2.0, 3);
    p = swap(p, (unsigned char)i);
    if (p.y > 10000)
      p.y = 3;
  }
  printf("%ld %.2f %d %.1f\n", total, sum, p.x, p.y);
  return 0;
}

int later(a, b, c, d)
int a;
double b;
const char* c;
char d;
{
  return a + (int)(b * 2) + c[1] + d;
}
