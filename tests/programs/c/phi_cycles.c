// Loops whose values swap, rotate and depend on each other, with many live at once: the parallel
// copies of phi nodes.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int swap(int n, int a, int b) {
  while (n-- > 0) {
    int t = a;
    a = b;
    b = t;
  }
  return a * 10 + b;
}
NOINLINE static long rotate(int n, long a, long b, long c, long d) {
  for (int i = 0; i < n; i++) {
    long t = a;
    a = b;
    b = c;
    c = d;
    d = i & 1 ? t : t + 1;
  }
  return a + b * 10 + c * 100 + d * 1000;
}
NOINLINE static double mixed(int n, double x, int i, float f, long l, unsigned char c) {
  while (n--) {
    double y = x + i;
    int j = (int)l & 0xff;
    float g = (float)x / 2;
    l = i + c;
    c = (unsigned char)(j ^ (int)f);
    f = g > 1000 ? 1.0f : g;
    i = j + 1;
    x = y > 1e6 ? f : y;
  }
  return x + i + f + (double)l + c;
}
NOINLINE static unsigned pressure(int n, unsigned a) {
  unsigned b = a + 1, c = a * 3, d = a ^ 5, e = a - 7, f = ~a, g = a << 2, h = a >> 1, i = a | 9,
           j = a & 77, k = a * a, l = b * c, m = c ^ d, o = e + f, p = g - h, q = i * j, r = k ^ l,
           s = m + o, t = p ^ q, u = r - s;
  while (n-- > 0) {
    a += b;
    b ^= c;
    c -= d;
    d += e;
    e ^= f;
    f *= g | 1;
    g += h;
    h ^= i;
    i -= j;
    j += k;
    k ^= l;
    l += m;
    m -= o;
    o ^= p;
    p += q;
    q *= r | 1;
    r ^= s;
    s += t;
    t -= u;
    u ^= a;
    if (a & 1) {
      unsigned x = b;
      b = u;
      u = j;
      j = x;
    }
  }
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ l ^ m ^ o ^ p ^ q ^ r ^ s ^ t ^ u;
}
NOINLINE static double float_pressure(int n, double a) {
  double v0 = a, v1 = a + 1, v2 = a + 2, v3 = a + 3, v4 = a + 4, v5 = a + 5, v6 = a + 6, v7 = a + 7,
         v8 = a + 8, v9 = a + 9, v10 = a + 10, v11 = a + 11, v12 = a + 12, v13 = a + 13,
         v14 = a + 14, v15 = a + 15, v16 = a + 16, v17 = a + 17;
  while (n-- > 0) {
    double t = v0;
    v0 = v1 * 0.5;
    v1 = v2 + v17;
    v2 = v3 - v4;
    v3 = v4 * 0.25;
    v4 = v5;
    v5 = v6 + 1;
    v6 = v7 * 0.5;
    v7 = v8;
    v8 = v9 - v1;
    v9 = v10 * 0.5;
    v10 = v11;
    v11 = v12 + v2;
    v12 = v13 * 0.5;
    v13 = v14;
    v14 = v15 - v3;
    v15 = v16 * 0.5;
    v16 = v17;
    v17 = t;
  }
  return v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11 + v12 + v13 + v14 + v15 + v16 +
         v17;
}
/* Two entries into one loop. */
NOINLINE static int irreducible(int n, int way) {
  int total = 0;
  if (way)
    goto second;
first:
  total += n * 2;
  n--;
second:
  total ^= n;
  if (--n > 0)
    goto first;
  return total;
}
NOINLINE static int exits(const int* p, int n) {
  int best = 0;
  for (int i = 0; i < n; i++) {
    for (int j = i; j < n; j++) {
      if (p[j] < 0)
        goto next;
      if (p[j] == 99)
        return best * 1000 + i;
      if (p[j] > best)
        best = p[j];
      if (j - i > 5)
        break;
    }
    best++;
  next:;
  }
  return -best;
}

int main(void) {
  unsigned h = 0;
  double d = 0;
  int values[40];
  for (int i = 0; i < 40; i++)
    values[i] = i * 13 % 31 - (i % 9 == 0 ? 40 : 0);
  for (int i = 0; i < 500; i++) {
    h = h * 31 + (unsigned)swap(i, 1, 2) + (unsigned)rotate(i % 50, 1, 2, 3, i) +
        pressure(i % 40, (unsigned)i);
    h = h * 31 + (unsigned)irreducible(i % 30, i & 1) + (unsigned)exits(values, i % 41);
    values[i % 40] = i % 77 == 76 ? 99 : values[i % 40];
    d += mixed(i % 60, 1.5, i, 2.5f, i * 3, (unsigned char)i) + float_pressure(i % 20, i);
  }
  printf("%u %.6f\n", h, d);
  return 0;
}
