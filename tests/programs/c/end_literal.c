// A string literal is not writable.
#include <stdio.h>

static char* volatile text = "literal";

int main(void) {
  puts(text);
  fflush(stdout);
  text[0] = 'L';
  puts(text);
  return 0;
}
