// Small classics with known results: SHA-256, CRC-32, quicksort, queens, n-body, Mandelbrot, LCS, a
// hash table.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static uint32_t k256[64];
NOINLINE static uint32_t ror(uint32_t v, int n) {
  return v >> n | v << (32 - n);
}
NOINLINE static void sha_constants(void) {
  for (int n = 0, p = 2; n < 64; p++) {
    int prime = 1;
    for (int d = 2; d * d <= p; d++)
      prime &= p % d != 0;
    if (prime) {
      double c = cbrt(p);
      k256[n++] = (uint32_t)((c - floor(c)) * 4294967296.0);
    }
  }
}
NOINLINE static void sha_block(uint32_t* s, const uint8_t* p) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
           p[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(v, s, 32);
  for (int i = 0; i < 64; i++) {
    uint32_t t = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
                 ((v[4] & v[5]) ^ (~v[4] & v[6])) + k256[i] + w[i];
    uint32_t u = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
                 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 28);
    v[4] += t;
    v[0] = t + u;
  }
  for (int i = 0; i < 8; i++)
    s[i] += v[i];
}
NOINLINE static uint32_t sha256(const uint8_t* p, size_t n) {
  uint32_t s[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block[64];
  size_t i = 0;
  for (; i + 64 <= n; i += 64)
    sha_block(s, p + i);
  memset(block, 0, 64);
  memcpy(block, p + i, n - i);
  block[n - i] = 0x80;
  if (n - i >= 56) {
    sha_block(s, block);
    memset(block, 0, 64);
  }
  for (int b = 0; b < 8; b++)
    block[63 - b] = (uint8_t)(n * 8 >> 8 * b);
  sha_block(s, block);
  return s[0];
}
NOINLINE static uint32_t crc32(const uint8_t* p, size_t n) {
  uint32_t c = ~0u;
  while (n--) {
    c ^= *p++;
    for (int k = 0; k < 8; k++)
      c = c >> 1 ^ (0xedb88320 & -(c & 1));
  }
  return ~c;
}
NOINLINE static void quicksort(int* a, int n) {
  if (n < 2)
    return;
  int pivot = a[n / 2], i = 0, j = n - 1;
  for (;; i++, j--) {
    while (a[i] < pivot)
      i++;
    while (a[j] > pivot)
      j--;
    if (i >= j)
      break;
    int t = a[i];
    a[i] = a[j];
    a[j] = t;
  }
  quicksort(a, i);
  quicksort(a + i, n - i);
}
NOINLINE static int queens(int n, unsigned columns, unsigned left, unsigned right) {
  unsigned all = (1u << n) - 1, free = all & ~(columns | left | right);
  int count = columns == all;
  while (free) {
    unsigned bit = free & -free;
    free ^= bit;
    count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}
typedef struct {
  double x[3], v[3], m;
} Body;
NOINLINE static void advance(Body* b, int n, double dt) {
  for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++) {
      double d[3], r = 0.01;
      for (int k = 0; k < 3; k++) {
        d[k] = b[i].x[k] - b[j].x[k];
        r += d[k] * d[k];
      }
      double f = dt / (r * sqrt(r));
      for (int k = 0; k < 3; k++) {
        b[i].v[k] -= d[k] * b[j].m * f;
        b[j].v[k] += d[k] * b[i].m * f;
      }
    }
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 3; k++)
      b[i].x[k] += dt * b[i].v[k];
}
NOINLINE static int mandelbrot(double x, double y) {
  double a = 0, b = 0;
  for (int i = 0; i < 80; i++) {
    double t = a * a - b * b + x;
    b = 2 * a * b + y;
    a = t;
    if (a * a + b * b > 4)
      return i;
  }
  return 80;
}
NOINLINE static int lcs(const char* a, const char* b) {
  static int t[101][101];
  int n = (int)strlen(a), m = (int)strlen(b);
  for (int i = 1; i <= n; i++)
    for (int j = 1; j <= m; j++)
      t[i][j] = a[i - 1] == b[j - 1]        ? t[i - 1][j - 1] + 1
                : t[i - 1][j] > t[i][j - 1] ? t[i - 1][j]
                                            : t[i][j - 1];
  return t[n][m];
}
typedef struct Entry {
  struct Entry* next;
  unsigned key, value;
} Entry;
NOINLINE static unsigned count_words(unsigned n) {
  Entry* table[64] = {0};
  unsigned h = 0;
  for (unsigned i = 0; i < n; i++) {
    unsigned key = i * i % 257;
    Entry** e = &table[key % 64];
    while (*e && (*e)->key != key)
      e = &(*e)->next;
    if (!*e) {
      *e = calloc(1, sizeof **e);
      (*e)->key = key;
    }
    (*e)->value++;
  }
  for (int i = 0; i < 64; i++)
    for (Entry *e = table[i], *next; e; e = next) {
      h = h * 31 + e->key * 7 + e->value;
      next = e->next;
      free(e);
    }
  return h;
}

int main(void) {
  static uint8_t data[20000];
  static int numbers[5000];
  sha_constants();
  for (int i = 0; i < 20000; i++)
    data[i] = (uint8_t)(i * 31 >> 3);
  printf("%08x %08x\n", sha256((const uint8_t*)"abc", 3), sha256(data, sizeof data));
  printf("%08x %08x\n", crc32((const uint8_t*)"123456789", 9), crc32(data, sizeof data));
  for (int i = 0; i < 5000; i++)
    numbers[i] = (int)((unsigned)i * 2654435761u >> 5);
  quicksort(numbers, 5000);
  int sorted = 1;
  for (int i = 1; i < 5000; i++)
    sorted &= numbers[i - 1] <= numbers[i];
  printf("%d %d %d\n", sorted, queens(8, 0, 0, 0), queens(9, 0, 0, 0));
  Body bodies[3] = {
      {{0, 0, 0}, {0, 0, 0}, 10}, {{1, 0, 0}, {0, 3, 0}, 1}, {{0, 2, 0.5}, {2, 0, 0}, 0.5}};
  for (int i = 0; i < 2000; i++)
    advance(bodies, 3, 0.001);
  printf("%.9f %.9f\n", bodies[1].x[0], bodies[2].x[1]);
  int inside = 0;
  for (int y = 0; y < 50; y++)
    for (int x = 0; x < 60; x++)
      inside += mandelbrot(x / 20.0 - 2.2, y / 20.0 - 1.25);
  printf("%d %d %u\n", inside, lcs("the quick brown fox jumps", "over the lazy dog quickly"),
         count_words(20000));
  return 0;
}
