// __builtin_trap ends the process by SIGILL.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static void end(int n) {
  if (n > 300)
    __builtin_trap();
}

int main(void) {
  puts("before");
  fflush(stdout);
  for (int i = 0; i < 400; i++)
    end(i);
  puts("not reached");
  return 0;
}
