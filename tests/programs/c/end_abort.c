// abort() ends the process by SIGABRT; what was flushed before is kept.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static void end(int n) {
  if (n > 300)
    abort();
}

int main(void) {
  puts("before");
  fflush(stdout);
  for (int i = 0; i < 400; i++)
    end(i);
  puts("not reached");
  return 0;
}
