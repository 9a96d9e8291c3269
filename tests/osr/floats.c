// TRANSFERS: floats structs vectors matrix extended
// Floats, long doubles, vectors, structs and complex numbers live across the loop.
#include <complex.h>
#include <stdio.h>

typedef struct {
  double x;
  long n;
  float y;
} Pair;
typedef float Four __attribute__((vector_size(16)));

__attribute__((noinline)) static double floats(float a, double b, int rounds) {
  double sum = 0;
  for (int i = 0; i < rounds; i++) {
    a = a * 0.75f + (float)(i & 7);
    b = b / 1.5 + a;
    double old = sum;
    sum = b - sum / 3;
    b += old > sum ? 0.125 : -0.25;
  }
  return a + b + sum;
}
__attribute__((noinline)) static double extended(long double x, int rounds) {
  long double y = 1, swap;
  for (int i = 1; i < rounds; i++) {
    swap = x, x = y, y = swap;
    y = y * 0.5L + 1.0L / i;
  }
  return (double)(x + 3 * y);
}
__attribute__((noinline)) static Pair structs(Pair p, int rounds) {
  Pair q = {1, 2, 3};
  for (int i = 0; i < rounds; i++) {
    Pair old = p;
    p = q;
    q = (Pair){old.x / 2 + i, old.n ^ p.n, old.y * 0.5f + (float)p.x / 4};
  }
  return p;
}
__attribute__((noinline)) static float vectors(Four v, int rounds) {
  Four sum = {0, 0, 0, 0};
  for (int i = 0; i < rounds; i++) {
    v = v * 0.5f + (Four){(float)(i & 3), 1, 2, (float)(i & 1)};
    sum = v - sum * 0.25f;
  }
  return sum[0] + 2 * sum[1] + 3 * sum[2] + 4 * sum[3];
}
__attribute__((noinline)) static double matrix(int rounds) {
  double m[6][6], n[6][6], trace = 0;
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++)
      m[i][j] = (i * 6 + j) / 100.0;
  for (int r = 0; r < rounds; r++) {
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) {
        double s = 0;
        for (int k = 0; k < 6; k++)
          s += m[i][k] * m[k][j];
        n[i][j] = s / 2 + (i == j);
      }
    trace = 0;
    for (int i = 0; i < 6; i++) {
      trace += n[i][i];
      for (int j = 0; j < 6; j++)
        m[i][j] = n[i][j] > 1 ? 1 / n[i][j] : n[i][j];
    }
  }
  return trace;
}
int main(void) {
  Pair p = structs((Pair){0.5, 12345, 0.25f}, 200001);
  printf("%.12g %.12g %.12g %ld %g\n", floats(1, 2, 200003), extended(3, 200001), p.x, p.n, p.y);
  printf("%g %.12g\n", vectors((Four){1, 2, 3, 4}, 200001), matrix(700));
  double complex z = 0.1 + 0.2 * I;
  printf("%.9g\n", creal(z * z));
  return 0;
}
