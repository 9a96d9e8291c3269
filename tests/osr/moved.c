// TRANSFERS: until_moved main
// EXPECTED: moved in the middle of the loop, sum right\nmain moved too\n
// Ends well only if running activations move: a callee sees whether the code that calls it is another one than at first.
// This differs from the native program, which never moves.
#include <stdio.h>

// The first call is left out: a rotated loop has it in front.
typedef struct {
  void *second;
  long calls;
} Seen;
__attribute__((noinline)) static int moved(Seen *seen) {
  void *now = __builtin_return_address(0);
  if (++seen->calls == 2)
    seen->second = now;
  return seen->calls > 2 && now != seen->second;
}
__attribute__((noinline)) static int until_moved(long most) {
  Seen seen = {0};
  long sum = 0, i = 0;
  double x = 0;
  while (i < most && !moved(&seen)) {
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
  Seen seen = {0};
  for (long i = 0; i < 2000000000; i++)
    if (moved(&seen)) {
      printf("main moved too\n");
      return 0;
    }
  return 1;
}
