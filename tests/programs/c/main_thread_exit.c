// main leaves by pthread_exit: the process lives on until its last thread ends, with status 0.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_t main_thread;

static void* work(void* argument) {
  pthread_join(main_thread, 0);
  unsigned long h = 0;
  for (unsigned i = 0; i < 100000; i++)
    h = h * 31 + i;
  printf("after main: %lu\n", h);
  return 0;
}

static void end(void) {
  puts("atexit");
}

int main(void) {
  pthread_t thread;
  main_thread = pthread_self();
  atexit(end);
  pthread_create(&thread, 0, work, 0);
  pthread_detach(thread);
  puts("main leaves");
  pthread_exit(0);
}
