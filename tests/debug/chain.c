#include <stdlib.h>

static volatile int kept;

__attribute__((noinline)) int innermost(int a, int b) {
  int sum = a + b;
  kept = sum; /* here C stops */
  if (sum > 1000)
    abort();
  return sum * 2;
}

__attribute__((noinline)) int middle(int n) {
  int total = 0;
  for (int i = 0; i < n; ++i)
    total += innermost(i, n); /* called from here */
  kept = total;
  return total;
}

int main(int argc, char **argv) {
  int result = middle(argc > 1 ? atoi(argv[1]) : 3);
  kept = result;
  return result == 24 ? 0 : 1;
}
