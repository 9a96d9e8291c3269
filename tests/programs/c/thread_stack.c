// Threads with small stacks and with deep recursion on large ones: code must not need more stack
// than native does.
#include <limits.h>
#include <pthread.h>
#include <stdio.h>

__attribute__((noinline)) static long down(long n) {
  volatile char room[100];
  room[n % 100] = (char)n;
  return n == 0 ? 0 : down(n - 1) + room[n % 100] % 3;
}
static void* work(void* argument) {
  return (void*)down((long)argument);
}

static long run(size_t size, long depth) {
  pthread_attr_t attributes;
  pthread_t thread;
  void* result;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size);
  if (pthread_create(&thread, &attributes, work, (void*)depth))
    return -1;
  pthread_join(thread, &result);
  pthread_attr_destroy(&attributes);
  return (long)result;
}

int main(void) {
  long total = 0;
  for (int i = 0; i < 60; i++)
    total += run(64 * 1024, 50 + i);
  printf("%ld\n", total);
  printf("%ld\n", run(64l << 20, 150000));
  return 0;
}
