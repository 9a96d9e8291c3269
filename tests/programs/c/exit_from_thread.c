// exit called by a thread while main and others run hot loops.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile unsigned long sink;
__attribute__((noinline)) static unsigned long spin(unsigned long n) {
  unsigned long h = n;
  for (unsigned i = 0; i < 1000; i++)
    h = h * 33 + i;
  return h;
}

static void* work(void* argument) {
  if (argument) {
    usleep(20000);
    puts("leaving");
    exit(21);
  }
  for (;;)
    sink += spin(sink);
}
static void end(void) {
  puts("atexit");
}

int main(void) {
  pthread_t threads[2];
  atexit(end);
  pthread_create(&threads[0], 0, work, 0);
  pthread_create(&threads[1], 0, work, &threads);
  for (;;)
    sink += spin(sink);
}
