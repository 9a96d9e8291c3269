// alloca, variable length arrays, large frames, aligned locals, and stack addresses that callees
// write through.
#include <alloca.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static unsigned sum(const unsigned char* p, size_t n) {
  unsigned h = 0;
  while (n--)
    h = h * 3 + *p++;
  return h;
}
NOINLINE static unsigned with_alloca(int n) {
  unsigned h = 0;
  for (int i = 1; i <= n; i++) {
    unsigned char* p = alloca((size_t)i);
    memset(p, i, (size_t)i);
    h += sum(p, (size_t)i);
  }
  return h;
}
NOINLINE static unsigned with_vla(int n, int m, unsigned char a[n][m]) {
  unsigned char copy[m][n];
  for (int i = 0; i < n; i++)
    for (int j = 0; j < m; j++)
      copy[j][i] = a[i][j];
  return sum(copy[0], sizeof copy) + (unsigned)sizeof(copy[0]);
}
NOINLINE static unsigned vla_in_loop(int n) {
  unsigned h = 0;
  for (int i = 1; i < n; i++) {
    int room[i * 100];
    if (i % 7 == 3)
      continue;
    room[0] = i;
    room[i * 100 - 1] = 2 * i;
    h = h * 5 + (unsigned)(room[0] + room[i * 100 - 1]);
    if (h % 1000 == 999)
      goto out;
  }
out:
  return h;
}
NOINLINE static unsigned large_frame(int n) {
  unsigned char room[200000];
  memset(room, n, sizeof room);
  room[n * 111 % 200000] ^= 0x5a;
  return sum(room + n, 3000) + room[199999];
}
NOINLINE static int aligned(int n) {
  _Alignas(64) char a[64];
  _Alignas(32) char b[n];
  _Alignas(128) int c;
  a[0] = b[0] = 0;
  c = n;
  volatile uintptr_t where[3] = {(uintptr_t)a % 64, (uintptr_t)b % 16, (uintptr_t)&c % 128};
  return (int)(where[0] + where[1] + where[2]) + c;
}
NOINLINE static void write_through(int** p, int v) {
  **p = v;
  *p += 1;
}
NOINLINE static int escaping(int n) {
  int local[8], *p = local;
  for (int i = 0; i < 8; i++)
    write_through(&p, n * i);
  return local[7] - local[1] + (int)(p - local);
}

int main(void) {
  unsigned h = 0;
  unsigned char matrix[7][5];
  for (int i = 0; i < 35; i++)
    matrix[i / 5][i % 5] = (unsigned char)(i * 11);
  for (int i = 0; i < 350; i++) {
    h = h * 31 + with_alloca(i % 40) + with_vla(7, 5, matrix) + vla_in_loop(i % 50);
    h = h * 31 + (unsigned)(aligned(i % 50 + 1) + escaping(i));
    if (i % 10 == 0)
      h ^= large_frame(i);
  }
  printf("%u\n", h);
  return 0;
}
