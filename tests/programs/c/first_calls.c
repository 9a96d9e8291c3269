// Threads that make the very first calls of the same functions at the same moment, over and over
// with fresh ones.
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
static pthread_barrier_t barrier;
static long results[THREADS];

#define F(n)                                                                                       \
  __attribute__((noinline)) static long f##n(long x) {                                             \
    static long calls;                                                                             \
    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);                                               \
    return (x * 31 + n) % 1000003 + (__atomic_load_n(&calls, __ATOMIC_RELAXED) < 0);               \
  }
#define TEN(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
TEN(1)
TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10) TEN(11) TEN(12)
#undef F
#define F(n) f##n,
    static long (*const functions[])(long) = {TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7)
                                                  TEN(8) TEN(9) TEN(10) TEN(11) TEN(12)};
enum { COUNT = sizeof functions / sizeof *functions };

static void* work(void* argument) {
  long id = (long)argument, h = 1;
  for (int i = 0; i < COUNT; i++) {
    pthread_barrier_wait(&barrier);
    for (int k = 0; k < 20; k++)
      h = functions[i](h);
  }
  results[id] = h;
  return 0;
}

int main(void) {
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, 0, THREADS);
  for (long i = 0; i < THREADS; i++)
    pthread_create(&threads[i], 0, work, (void*)i);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], 0);
  for (int i = 0; i < THREADS; i++)
    printf("%ld ", results[i]);
  puts("");
  return 0;
}
