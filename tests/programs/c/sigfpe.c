// SIGFPE out of an integer division by zero and the overflow of INT_MIN / -1, caught and left by
// siglongjmp.
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf back;
static void handler(int number) {
  siglongjmp(back, number);
}

/* Through assembly, since a compiler may assume that a division in C does not trap. */
__attribute__((noinline)) static int divide(int a, int b) {
  int quotient, rest;
  __asm__ volatile("cltd\n\tidivl %4"
                   : "=a"(quotient), "=&d"(rest)
                   : "0"(a), "1"(0), "r"(b)
                   : "cc");
  return quotient;
}

__attribute__((noinline)) static int attempt(int a, int b) {
  if (sigsetjmp(back, 1))
    return -7;
  return divide(a, b);
}

int main(void) {
  signal(SIGFPE, handler);
  long total = 0;
  for (int i = 0; i < 600; i++)
    total += attempt(1000 + i, i % 5);
  printf("%ld\n", total);
  printf("%d %d %d\n", attempt(1, 0), attempt(INT_MIN, -1), attempt(INT_MIN, 1) == INT_MIN);
  return 0;
}
