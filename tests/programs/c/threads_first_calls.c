// Eight threads come at the same moment to functions that were never called, loop in them, and share counters and
// thread-locals.
// CFLAGS: -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 8, kRounds = 20000 };
static pthread_barrier_t start;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static atomic_long shared;
static long guarded;
static int turn;
static _Thread_local long own;
static _Thread_local double own_float = 0.5;

#define STEP(N)                                                                                                        \
  __attribute__((noinline)) static long step##N(long x, double y) {                                                    \
    own += x ^ N;                                                                                                      \
    own_float = own_float * 0.5 + y;                                                                                   \
    return x * (2 * N + 1) + (long)y;                                                                                  \
  }
STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7)
static long (*const steps[])(long, double) = {step0, step1, step2, step3, step4, step5, step6, step7};

static int compare(const void *a, const void *b) {
  return (*(const unsigned *)a > *(const unsigned *)b) - (*(const unsigned *)a < *(const unsigned *)b);
}
static void *work(void *argument) {
  long id = (long)argument;
  unsigned long x = (unsigned long)id;
  unsigned numbers[64];
  pthread_barrier_wait(&start);
  for (int i = 0; i < kRounds; i++) {
    x = (unsigned long)steps[((unsigned long)i + (unsigned long)id) % 8]((long)(x & 0xffffff), i * 0.25);
    atomic_fetch_add(&shared, 1);
    numbers[i % 64] = (unsigned)x;
    if (i % 64 == 63) {
      qsort(numbers, 64, sizeof *numbers, compare);
      pthread_mutex_lock(&lock);
      guarded += numbers[0] <= numbers[63];
      pthread_mutex_unlock(&lock);
    }
  }
  pthread_mutex_lock(&lock);
  while (turn != id)
    pthread_cond_wait(&turn_changed, &lock);
  printf("%ld: %lu %ld %.6f\n", id, x, own, own_float);
  turn++;
  pthread_cond_broadcast(&turn_changed);
  pthread_mutex_unlock(&lock);
  return (void *)(id * id);
}

int main(void) {
  pthread_t threads[kThreads];
  pthread_barrier_init(&start, 0, kThreads);
  for (long i = 0; i < kThreads; i++)
    pthread_create(&threads[i], 0, work, (void *)i);
  long sum = 0;
  for (int i = 0; i < kThreads; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%ld %ld %ld\n", sum, atomic_load(&shared), guarded);
  return 0;
}
