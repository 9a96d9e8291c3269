// Recursion without end overflows the stack: SIGSEGV.
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static int descend(int n) {
  volatile char room[1024];
  room[n & 1023] = (char)n;
  return descend(n + 1) + room[n & 1023];
}

int main(void) {
  puts("down");
  fflush(stdout);
  return descend(0);
}
