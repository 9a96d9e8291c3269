// pthread_cancel and pthread_exit: cleanup handlers run in order, through program frames, in hot
// functions as well.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int log_[64], logged;
static void note(void* argument) {
  log_[logged++ & 63] = (int)(long)argument;
}

__attribute__((noinline)) static int nested(int depth, int way) {
  int result;
  pthread_cleanup_push(note, (void*)(long)depth);
  if (depth == 0) {
    if (way)
      pthread_exit((void*)77);
    pthread_testcancel();
    for (;;)
      usleep(1000);
  }
  result = nested(depth - 1, way) + 1;
  pthread_cleanup_pop(1);
  return result;
}

static void* by_exit(void* argument) {
  return (void*)(long)nested(5, 1);
}
static void* by_cancel(void* argument) {
  return (void*)(long)nested(3, 0);
}

static volatile long spins;
static void* asynchronous(void* argument) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
  for (;;)
    spins++;
}

static void* disabled(void* argument) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
  usleep(2000);
  return (void*)5;
}

static void run(const char* name, void* (*work)(void*), int cancel) {
  pthread_t thread;
  void* result;
  pthread_create(&thread, 0, work, 0);
  if (cancel) {
    usleep(500);
    pthread_cancel(thread);
  }
  pthread_join(thread, &result);
  printf("%s %ld:", name, result == PTHREAD_CANCELED ? -1 : (long)result);
  for (int i = 0; i < logged; i++)
    printf(" %d", log_[i]);
  puts("");
  logged = 0;
}

int main(void) {
  run("exit", by_exit, 0);
  run("cancel", by_cancel, 1);
  run("asynchronous", asynchronous, 1);
  run("disabled", disabled, 1);
  long total = 0;
  for (int i = 0; i < 100; i++) {
    pthread_t thread;
    void* result;
    pthread_create(&thread, 0, by_exit, 0);
    pthread_join(thread, &result);
    total += (long)result;
  }
  printf("%ld %d\n", total, logged);
  return 0;
}
