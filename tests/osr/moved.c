// TRANSFERS: until_moved main
// EXPECTED: moved in the middle of the loop, sum right\nmain moved too\n
// Ends well only if running activations move: a callee sees whether the code that calls it is another one. This differs
// from the native program, which never moves.
#include <stdio.h>

__attribute__((noinline)) static void *caller(void) {
  __asm__ volatile("" ::: "memory"); // else all calls are one
  return __builtin_return_address(0);
}
__attribute__((noinline)) static int until_moved(long most) {
  void *first = caller();
  long sum = 0, i = 0;
  double x = 0;
  while (i < most && caller() == first) {
    sum += i++ ^ 5;
    x += 0.5;
  }
  long again = 0;
  for (long j = 0; j < i; j++)
    again += j ^ 5;
  return i < most && again == sum && x == (double)i * 0.5;
}
int main(void) {
  printf("%s\n", until_moved(2000000000) ? "moved in the middle of the loop, sum right" : "not moved");
  void *first = caller();
  for (long i = 0; i < 2000000000; i++)
    if (caller() != first) {
      printf("main moved too\n");
      return 0;
    }
  return 1;
}
