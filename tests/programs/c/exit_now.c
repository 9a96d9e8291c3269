// _Exit out of a nested call: nothing runs any more, unflushed output is lost.
#include <stdio.h>
#include <stdlib.h>

static void never(void) {
  puts("never");
  fflush(stdout);
}

__attribute__((noinline)) static void deep(int n) {
  if (n)
    deep(n - 1);
  else
    _Exit(99);
}

int main(void) {
  atexit(never);
  puts("kept");
  fflush(stdout);
  printf("lost");
  deep(50);
}
