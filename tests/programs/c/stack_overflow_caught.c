// A stack that overflows is a signal, wherever it happens: here in a thread and in main, caught on another stack and
// left by siglongjmp; the program goes on unharmed.
// CFLAGS: -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local sigjmp_buf back;
static _Thread_local long depth;
static int sum_of(const int *numbers, int count);

static void on_overflow(int signal) {
  (void)signal;
  siglongjmp(back, 1);
}
__attribute__((noinline)) static int forever(int n) {
  volatile char room[400];
  room[n % 400] = (char)n;
  depth++;
  return forever(n + 1) + room[n % 400];
}
static int overflow_once(void) {
  depth = 0;
  if (sigsetjmp(back, 1) == 0)
    return forever(1);
  return depth > 1000;
}
static void *other(void *unused) {
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, 0);
  long caught = 0;
  for (int i = 0; i < 3; i++)
    caught += overflow_once();
  return (void *)caught;
}
__attribute__((noinline)) static int sum_of(const int *numbers, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++)
    sum += numbers[i];
  return sum;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_overflow;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 20);
  pthread_t thread;
  void *result;
  pthread_create(&thread, &attributes, other, 0);
  pthread_join(thread, &result);
  printf("thread: %ld\n", (long)result);
  printf("main: %ld\n", (long)other(0));
  int numbers[100];
  for (int i = 0; i < 100; i++)
    numbers[i] = i * i;
  printf("%d\n", sum_of(numbers, 100));
  return 0;
}
