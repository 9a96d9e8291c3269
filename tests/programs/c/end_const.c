// Constant data is not writable: a store into it ends the process by SIGSEGV.
#include <stdio.h>

static const int table[4] = {1, 2, 3, 4};

__attribute__((noinline)) static void store(volatile int* p, int v) {
  *p = v;
}

int main(void) {
  int cell = 0;
  for (int i = 0; i < 300; i++)
    store(&cell, cell + table[i & 3]);
  printf("%d\n", cell);
  fflush(stdout);
  store((int*)&table[2], 9);
  printf("written %d\n", table[2]);
  return 0;
}
