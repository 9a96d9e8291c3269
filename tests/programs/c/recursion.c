// Recursion: 100,000 deep, mutual, Ackermann, with structs, and tail calls that must not eat the
// stack.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static long depth(long n) {
  return n ? depth(n - 1) + (n & 3) : 0;
}
static int odd(unsigned n);
NOINLINE static int even(unsigned n) {
  return n == 0 ? 1 : odd(n - 1);
}
NOINLINE static int odd(unsigned n) {
  return n == 0 ? 0 : even(n - 1);
}
NOINLINE static unsigned ackermann(unsigned m, unsigned n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
NOINLINE static int fib(int n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

typedef struct {
  long a, b, c;
} Triple;
NOINLINE static Triple tribonacci(int n) {
  if (n == 0)
    return (Triple){0, 1, 1};
  Triple t = tribonacci(n - 1);
  return (Triple){t.b, t.c, (t.a + t.b + t.c) % 1000007};
}
static int moves;
NOINLINE static void hanoi(int n, int from, int to, int by) {
  if (!n)
    return;
  hanoi(n - 1, from, by, to);
  moves += from * 3 + to;
  hanoi(n - 1, by, to, from);
}

int main(void) {
  printf("%ld\n", depth(100000));
  printf("%d %d\n", even(10000), odd(9999));
  printf("%u %d\n", ackermann(2, 300), fib(22));
  long total = 0;
  for (int i = 0; i < 300; i++)
    total += tribonacci(i).c;
  hanoi(12, 1, 2, 3);
  printf("%ld %d\n", total, moves);
  printf("%ld\n", depth(50000));
  return 0;
}
