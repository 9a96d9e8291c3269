// Arguments that have one value for long and then another: sizes, divisors, callees, tables, flags. In functions that
// loop, that are called by loops, and that call themselves.
#include <stdio.h>
#include <string.h>

typedef unsigned long number;

static number product(const number *a, const number *b, number *c, long m, long k, long n) {
  number all = 0;
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) {
      number sum = 0;
      for (long p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
      c[i * n + j] = sum;
      all = all * 31 + sum;
    }
  return all;
}

static number powers(number base, number exponent, number modulus) {
  number result = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return result;
}

static int above(const void *a, const void *b) {
  int x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

static int below(const void *a, const void *b) { return above(b, a); }

static void order(char *base, long count, long size, int (*compare)(const void *, const void *)) {
  char held[32];
  if (count < 2) return;
  long last = 0;
  for (long i = 1; i < count; i++)
    if (compare(base + i * size, base) < 0) {
      last++;
      memcpy(held, base + last * size, size);
      memcpy(base + last * size, base + i * size, size);
      memcpy(base + i * size, held, size);
    }
  memcpy(held, base + last * size, size);
  memcpy(base + last * size, base, size);
  memcpy(base, held, size);
  order(base, last, size, compare);
  order(base + (last + 1) * size, count - last - 1, size, compare);
}

struct step {
  unsigned char op, to;
  short number;
};

static const struct step count_down[] = {{0, 0, 5}, {1, 0, 3}, {2, 4, 1}, {0, 0, 1000}, {3, 2, 7}, {0, 0, 1}, {4, 0, 0}};
static const struct step other[] = {{1, 0, 7}, {0, 0, 2}, {2, 0, 3}, {4, 0, 0}};

static number machine(const struct step *program, number value) {
  unsigned rounds = 0;
  for (const struct step *at = program;; rounds++) {
    switch (at->op) {
      case 0: value += (number)at->number; break;
      case 1: value *= (number)at->number; break;
      case 2: if (value & 1) { value -= (number)at->number; at = program + at->to; continue; } break;
      case 3: if (value % 97 == (number)at->number) { at = program + at->to; continue; } break;
      default: return value + rounds;
    }
    at++;
  }
}

static double mixed(double x, int flag, float scale, long double wide, __int128 big) {
  return flag == 3 ? x * scale + (double)wide : x - (double)(long)(big >> 3);
}

struct pair { long a, b, c; };

static struct pair returned(struct pair by_value, long divisor) {
  return (struct pair){by_value.a / divisor, by_value.b % divisor, by_value.c * divisor};
}

static number one_long_loop(number rounds, number divisor, number flag) {
  number sum = 1;
  for (number i = 0; i < rounds; i++) sum = flag == 2 ? (sum + i) / divisor + sum % divisor * 3 : sum + i;
  return sum;
}

int main(void) {
  number a[64], b[64], c[64], sum = 0;
  for (int i = 0; i < 64; i++) a[i] = (number)i * 7 + 1, b[i] = (number)i * 13 + 5;
  for (int phase = 0; phase < 3; phase++) {
    long size = phase == 1 ? 5 : 4;
    number modulus = phase == 2 ? 1000003 : 998244353;
    int (*compare)(const void *, const void *) = phase == 1 ? below : above;
    const struct step *program = phase == 2 ? other : count_down;
    for (int i = 0; i < 3000; i++) {
      sum = sum * 3 + product(a, b, c, size, 4, size);
      sum ^= powers((number)i + 2, 77, modulus);
      sum += machine(program, (number)i);
      double d = mixed(i, phase, 1.5f, 2.25L, (__int128)i << 40);
      sum += (number)(long)d;
      struct pair p = returned((struct pair){i, i * 3, 7}, phase + 6);
      sum += (number)(p.a + p.b + p.c);
      if (i % 16 == 0) {
        int values[40];
        for (int k = 0; k < 40; k++) values[k] = (k * 7919 + i) % 101;
        order((char *)values, 40, sizeof(int), compare);
        for (int k = 0; k < 40; k++) sum = sum * 5 + (number)values[k];
      }
    }
    printf("%d %lu\n", phase, sum);
    printf("%lu\n", one_long_loop(phase == 2 ? 10 : 300000, (number)phase + 3, 2));
  }
  return 0;
}
