/* The smallest useful program: measures what a runtime costs before and after
 * the program's own work. */
#include <stdio.h>

int main(void) {
  puts("hello, world");
  return 0;
}
