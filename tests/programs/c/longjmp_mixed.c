// longjmp over all kinds of frames: interpreted ones, compiled ones, the C library's, a signal handler's; a jump back into
// a loop many times, and what lives in memory and in volatile variables afterwards.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
static jmp_buf back;
static sigjmp_buf from_handler;
static int log_of[16], logged;

NOINLINE static void leap(int n, int value) {
  if (n == 0)
    longjmp(back, value);
  int room[8];
  for (int i = 0; i < 8; i++)
    room[i] = n + i;
  leap(n - 1, value);
  log_of[logged++ & 15] = room[n & 7];
}
NOINLINE static void leap_compiled(int n, int value) {
  __asm__ volatile("nop");
  leap(n, value);
}
static int leap_in_sort(const void *a, const void *b) {
  if (*(const int *)a == 3 || *(const int *)b == 3)
    leap(2, 77);
  return *(const int *)a - *(const int *)b;
}
static void on_signal(int number) {
  siglongjmp(from_handler, number);
}
NOINLINE static int with_loop(int rounds) {
  volatile int i = 0;
  volatile long sum = 0;
  int got = setjmp(back);
  sum += got;
  if (i++ < rounds) {
    if (i & 1)
      leap(i % 5, i);
    leap_compiled(i % 7, 2 * i);
  }
  return (int)sum;
}
NOINLINE static int with_variable_array(int n) {
  int got = setjmp(back);
  if (got >= n)
    return got;
  volatile char room[1000 + got];
  room[999 + got] = 1;
  leap(got % 3, got + 1);
  return room[0];
}

int main(void) {
  printf("%d\n", with_loop(2000));
  printf("%d\n", with_variable_array(3000));
  int numbers[] = {9, 8, 3, 1, 7};
  int got = setjmp(back);
  if (!got)
    qsort(numbers, 5, sizeof *numbers, leap_in_sort);
  printf("%d\n", got);
  signal(SIGUSR1, on_signal);
  volatile int times = 0;
  if (sigsetjmp(from_handler, 1) != 0)
    times++;
  if (times < 100)
    raise(SIGUSR1);
  printf("%d %d\n", times, logged);
  return 0;
}
