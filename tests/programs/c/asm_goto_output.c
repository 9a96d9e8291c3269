// asm goto with an output that is used where it jumps to, not only where it falls through.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static int jump_with_output(int a) {
  int b;
  __asm__ goto("leal 5(%1), %0\n\tcmpl $50, %1\n\tjl %l[less]" : "=&r"(b) : "r"(a) : "cc" : less);
  return b;
less:
  return -b;
}
int main(void) {
  long total = 0;
  for (int i = 0; i < 600; i++)
    total += jump_with_output(i % 100);
  printf("%ld %d %d\n", total, jump_with_output(3), jump_with_output(60));
  return 0;
}
