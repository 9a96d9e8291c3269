// Bit builtins of all widths against loops: popcount, clz, ctz, ffs, parity, bswap, bitreverse,
// rotates.
#include <stdint.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int slow_count(uint64_t v) {
  int n = 0;
  while (v) {
    n += (int)(v & 1);
    v >>= 1;
  }
  return n;
}
NOINLINE static int slow_top(uint64_t v) {
  int n = -1;
  while (v) {
    n++;
    v >>= 1;
  }
  return n;
}
NOINLINE static uint64_t slow_reverse(uint64_t v, int width) {
  uint64_t r = 0;
  for (int i = 0; i < width; i++)
    r |= (v >> i & 1) << (width - 1 - i);
  return r;
}
NOINLINE static uint64_t slow_swap(uint64_t v, int bytes) {
  uint64_t r = 0;
  for (int i = 0; i < bytes; i++)
    r = r << 8 | (v >> 8 * i & 255);
  return r;
}

NOINLINE static int check(uint64_t v) {
  int wrong = 0;
  uint32_t w = (uint32_t)v;
  uint16_t h = (uint16_t)v;
  uint8_t b = (uint8_t)v;
  int n = (int)(v >> 58);
  wrong += __builtin_popcountll(v) != slow_count(v);
  wrong += __builtin_popcount(w) != slow_count(w);
  wrong += __builtin_popcount(b) != slow_count(b);
  wrong += __builtin_parityll(v) != (slow_count(v) & 1);
  wrong += __builtin_ffsll((long long)v) != slow_top(v & -v) + 1;
  wrong += __builtin_ffs((int)w) != slow_top(w & -w) + 1;
  if (v)
    wrong += __builtin_clzll(v) != 63 - slow_top(v);
  if (v)
    wrong += __builtin_ctzll(v) != slow_top(v & -v);
  if (w)
    wrong += __builtin_clz(w) != 31 - slow_top(w);
  if (w)
    wrong += __builtin_ctz(w) != slow_top(w & -w);
  if (h)
    wrong += __builtin_clzs(h) != 15 - slow_top(h);
  wrong += __builtin_clzg(h, 99) != (h ? 15 - slow_top(h) : 99);
  wrong += __builtin_clrsbll((long long)v) != 62 - slow_top((int64_t)v < 0 ? ~v : v);
  wrong += __builtin_bswap64(v) != slow_swap(v, 8);
  wrong += __builtin_bswap32(w) != slow_swap(w, 4);
  wrong += __builtin_bswap16(h) != slow_swap(h, 2);
  wrong += __builtin_bitreverse64(v) != slow_reverse(v, 64);
  wrong += __builtin_bitreverse32(w) != slow_reverse(w, 32);
  wrong += __builtin_bitreverse16(h) != slow_reverse(h, 16);
  wrong += __builtin_bitreverse8(b) != slow_reverse(b, 8);
  wrong += __builtin_rotateleft64(v, n) != (n ? v << n | v >> (64 - n) : v);
  wrong +=
      __builtin_rotateright32(w, n & 31) != (n & 31 ? w >> (n & 31) | w << (32 - (n & 31)) : w);
  wrong += __builtin_rotateleft8(b, n & 7) != (uint8_t)(b << (n & 7) | b >> (8 - (n & 7)));
  wrong += __builtin_rotateright16(h, n & 15) !=
           (uint16_t)(h >> (n & 15) | (uint32_t)h << (16 - (n & 15)));
  return wrong;
}

int main(void) {
  uint64_t v = 1;
  int wrong = 0;
  for (int i = 0; i < 3000; i++) {
    wrong += check(v >> (i % 64)) + check(v << (i % 64));
    v = v * 6364136223846793005u + 1442695040888963407u;
  }
  wrong += check(0) + check(~0ull);
  printf("wrong %d, %d\n", wrong, __builtin_popcountll(v));
  return wrong != 0;
}
