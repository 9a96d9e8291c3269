// C code that is unwound: variables with a cleanup function, left by returning, by pthread_exit and by cancellation,
// through frames of the C library too.
// CFLAGS: -fexceptions
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static unsigned order;
static void ended(int* value) {
  order = order * 31 + (unsigned)*value;
}
static void handler(void* argument) {
  order = order * 37 + *(unsigned*)argument;
}

NOINLINE static int recurse(int depth) {
  __attribute__((cleanup(ended))) int local = depth;
  if (depth == 0)
    pthread_exit((void*)7);
  return recurse(depth - 1) + local;
}
static int compare(const void* a, const void* b) {
  __attribute__((cleanup(ended))) int first = *(const int*)a;
  __attribute__((cleanup(ended))) int second = *(const int*)b;
  if (first + second > 12)
    pthread_exit((void*)8);
  return first - second;
}
NOINLINE static void* by_recursion(void* depth) {
  __attribute__((cleanup(ended))) int outer = 1000;
  return (void*)(long)(recurse((int)(long)depth) + outer);
}
NOINLINE static void* through_qsort(void* unused) {
  __attribute__((cleanup(ended))) int outer = 2000;
  int values[9] = {1, 9, 2, 8, 3, 7, 4, 6, 5};
  unsigned pushed = 5;
  pthread_cleanup_push(handler, &pushed);
  qsort(values, 9, sizeof *values, compare);
  pthread_cleanup_pop(0);
  return (void*)(long)outer;
}
NOINLINE static void* by_cancel(void* unused) {
  __attribute__((cleanup(ended))) int outer = 3000;
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return (void*)(long)outer;
}
NOINLINE static int returns(int n) {
  __attribute__((cleanup(ended))) int a = n;
  for (int i = 0; i < n; i++) {
    __attribute__((cleanup(ended))) int b = i;
    if (i == 5)
      return a + b;
  }
  return a;
}

static long on_thread(void* (*body)(void*), void* argument) {
  pthread_t thread;
  void* result = NULL;
  pthread_create(&thread, NULL, body, argument);
  pthread_join(thread, &result);
  return (long)result;
}

int main(void) {
  long total = 0;
  for (int i = 0; i < 60; i++)
    total += on_thread(by_recursion, (void*)(long)(i % 20)) + on_thread(through_qsort, NULL) +
             on_thread(by_cancel, NULL) + returns(i % 10);
  printf("%ld %u\n", total, order);
}
