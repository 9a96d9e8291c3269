// The program's own functions win over the C library's of the same name.
// CFLAGS: -fno-builtin
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double cbrt(double);

static int own_calls;

size_t strnlen(const char* s, size_t n) {
  own_calls++;
  return 1000 + n;
}
int abs(int v) {
  own_calls++;
  return v + 1;
}
int optind = 123456;
double cbrt(double x) {
  own_calls++;
  return -x;
}

int main(void) {
  long total = 0;
  for (int i = 0; i < 500; i++)
    total += (long)strnlen("x", 5) + abs(-i) + (long)cbrt(8.0) + optind % 10;
  printf("%ld %d\n", total, own_calls);
  return 0;
}
