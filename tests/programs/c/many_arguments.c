// Twenty and more arguments of mixed kinds, so that most of them travel on the stack; results in
// all places.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
typedef struct {
  long a, b, c;
} Three;

NOINLINE static long ints(long a, int b, short c, char d, long e, int f, long g, short h, char i,
                          int j, long k, int l, long m, char n, int o, long p, int q, short r,
                          char s, long t, int u, long v) {
  return a + 2l * b + 3l * c + 4l * d + 5 * e + 6l * f + 7 * g + 8l * h + 9l * i + 10l * j +
         11 * k + 12l * l + 13 * m + 14l * n + 15l * o + 16 * p + 17l * q + 18l * r + 19l * s +
         20 * t + 21l * u + 22 * v;
}
NOINLINE static double reals(double a, float b, double c, double d, float e, double f, double g,
                             float h, double i, float j, double k, double l, float m, double n,
                             double o, float p, double q, double r, float s, double t) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k +
         12 * l + 13 * m + 14 * n + 15 * o + 16 * p + 17 * q + 18 * r + 19 * s + 20 * t;
}
NOINLINE static Three mixed(Three before, int a, double b, Three c, float d, long e, char* f,
                            double g, int h, long i, double j, short k, double l, float m, double n,
                            double o, double p, double q, Three r, __int128 s, long double t,
                            int u) {
  return (Three){before.a + a + (long)b + c.b + e + *f + h + i + (long)s,
                 before.b + (long)(d + g + j + l + m + n + o + p + q) + k,
                 before.c + c.c + r.a + r.c + (long)t + u};
}

int main(void) {
  long total = 0;
  double sum = 0;
  Three three = {1, 2, 3};
  char letter = 'a';
  for (int i = 0; i < 1000; i++) {
    total += ints(i, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, i);
    sum += reals(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, i);
    three = mixed(three, 1, 2.5, three, 1.5f, 7, &letter, 3.5, 9, i, 0.5, -3, 1.25, 2.5f, 1, 2, 3,
                  i / 7.0, (Three){1, 2, 3}, 5, 2.5L, i);
    three.a %= 1000003;
    three.b %= 1000033;
    three.c %= 1000037;
  }
  printf("%ld %g %ld %ld %ld\n", total, sum, three.a, three.b, three.c);
  return 0;
}
