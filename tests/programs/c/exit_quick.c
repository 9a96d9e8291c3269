// quick_exit runs the at_quick_exit functions only, and does not flush.
#include <stdio.h>
#include <stdlib.h>

static void quick(void) {
  printf("quick\n");
  fflush(stdout);
}
static void quicker(void) {
  printf("quicker\n");
}
static void never(void) {
  printf("never\n");
}
__attribute__((destructor)) static void destructor(void) {
  printf("never\n");
  fflush(stdout);
}

int main(void) {
  atexit(never);
  at_quick_exit(quick);
  at_quick_exit(quicker);
  printf("main\n");
  fflush(stdout);
  quick_exit(17);
}
