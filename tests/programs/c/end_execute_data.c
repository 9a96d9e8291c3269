// Data is not executable: a call into a writable array ends by SIGSEGV.
#include <stdio.h>

static unsigned char code[16] = {0xb8, 7, 0, 0, 0, 0xc3};

int main(void) {
  puts("calling data");
  fflush(stdout);
  int (*volatile function)(void);
  *(void**)&function = code;
  printf("%d\n", function());
  return 0;
}
