// exit called by a function that exit called: the rest of the list runs, and the last status
// counts.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void a(void) {
  puts("a");
}
static void b(void) {
  puts("b");
  exit(5);
}
static void c(void) {
  puts("c");
  exit(4);
}

int main(void) {
  atexit(a);
  atexit(b);
  atexit(c);
  puts("main");
  return 3;
}
