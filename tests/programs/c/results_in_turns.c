// Two calls on the arms of a branch whose results come together, in a loop: each result is in the place of the other, whose
// life goes over the call.
#include <stdio.h>

static volatile int opaque = 1;

__attribute__((noinline)) static double quotient(long a, long b) { return 1.0 / (double)(a * 3 + b + opaque); }
__attribute__((noinline)) static long mixed(long a, long b) { return a * 31 + b * opaque; }

int main(void) {
  double sum = 0;
  long total = 0;
  for (long i = 0; i < 40; ++i) {
    double q = 0;
    long m = 0;
    for (long j = 0; j < 20; ++j) {
      q += (opaque + i) % 3 ? quotient(i, j) : quotient(j, i);
      m ^= (opaque + j) % 2 ? mixed(i, j) : mixed(m, i);
    }
    sum += q * i;
    total += m;
  }
  printf("%.12f %ld\n", sum, total);
  return 0;
}
