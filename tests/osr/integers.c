// TRANSFERS: main collatz swaps narrow wide
// Integers of all widths live across the loop, swapped by its phis; loops within loops within loops.
#include <stdio.h>

__attribute__((noinline)) static unsigned long collatz(unsigned long limit) {
  unsigned long best = 0, best_length = 0;
  for (unsigned long start = 1; start < limit; start++) {
    unsigned long n = start, length = 0;
    while (n != 1) {
      n = n & 1 ? 3 * n + 1 : n / 2;
      length++;
      for (unsigned k = 0; k < (n & 3); k++)
        best_length ^= k << 1, best_length ^= k << 1;
    }
    if (length > best_length)
      best_length = length, best = start;
  }
  return best * 1000 + best_length;
}
__attribute__((noinline)) static unsigned swaps(unsigned a, unsigned b, unsigned c, int rounds) {
  unsigned last = 0;
  for (int i = 0; i < rounds; i++) {
    unsigned old = a;
    a = b;
    b = c;
    c = old + last;
    last = old ^ (unsigned)i;
  }
  return a * 31 + b * 37 + c * 41 + last;
}
__attribute__((noinline)) static long narrow(signed char a, unsigned char b, short c, _Bool d, unsigned e, int rounds) {
  long sum = 0;
  for (int i = 0; i < rounds; i++) {
    a = (signed char)(a * 3 + i);
    b = (unsigned char)(b + a);
    c = (short)(c * 5 - b);
    d = d ^ (c < 0);
    e = e >> 1 | e << 31;
    sum += a + b + c + d + (int)e;
  }
  return sum * 2 + d;
}
__attribute__((noinline)) static unsigned long long wide(__int128 x, unsigned _BitInt(77) y, int rounds) {
  unsigned __int128 z = (unsigned __int128)1 << 90;
  for (int i = 0; i < rounds; i++) {
    x = x * 6364136223846793005LL + i;
    y = y * 3 + (unsigned)i;
    z ^= (unsigned __int128)x >> 3;
    if ((i & 1023) == 1023)
      z = z << 5 | z >> 123;
  }
  return (unsigned long long)(x >> 64) ^ (unsigned long long)y ^ (unsigned long long)(z >> 40);
}
int main(void) {
  unsigned hash = 0;
  for (unsigned i = 0; i < 300000; i++)
    hash = hash * 33 + (i ^ hash >> 7);
  printf("%u %lu\n", hash, collatz(20000));
  printf("%u %ld %llx\n", swaps(1, 2, 3, 200001), narrow(1, 2, 3, 1, 77, 200003), wide(-5, 9, 200005));
  return 0;
}
