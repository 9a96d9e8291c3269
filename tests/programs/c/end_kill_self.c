// A process that kills itself with SIGKILL.
#include <signal.h>
#include <stdio.h>

__attribute__((noinline)) static void end(int n) {
  if (n > 300)
    raise(SIGKILL);
}

int main(void) {
  puts("before");
  fflush(stdout);
  for (int i = 0; i < 400; i++)
    end(i);
  puts("not reached");
  return 0;
}
