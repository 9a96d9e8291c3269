// An unhandled store through a null pointer ends the process by SIGSEGV, after the function got
// hot.
#include <stdio.h>

__attribute__((noinline)) static void store(volatile int* p, int v) {
  *p = v;
}

int main(void) {
  int cell = 0;
  for (int i = 0; i < 1000; i++)
    store(&cell, cell + i);
  printf("%d\n", cell);
  fflush(stdout);
  int* volatile nowhere = 0;
  store(nowhere, 1);
  puts("not reached");
  return 0;
}
