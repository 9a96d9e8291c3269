// Endless recursion through pointers, variadic functions and a callback of qsort: ends as natively, by SIGSEGV.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int variadic(int n, ...);
static int (*volatile through)(int, ...) = variadic;
static int compare(const void *a, const void *b) {
  return through(2, *(const int *)a, *(const int *)b);
}
static int variadic(int n, ...) {
  va_list list;
  va_start(list, n);
  int numbers[2] = {va_arg(list, int), va_arg(list, int)};
  va_end(list);
  qsort(numbers, 2, sizeof *numbers, compare);
  return numbers[0] - numbers[1];
}
int main(void) {
  printf("begin\n");
  fflush(stdout);
  printf("%d\n", variadic(2, 5, 3));
  return 0;
}
