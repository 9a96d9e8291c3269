// Threads: mutexes, conditions, barriers, rwlocks, semaphores, once, keys with destructors;
// functions get hot on all.
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4
#define ITEMS 3000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t semaphore;
static long queue[16], consumed, initialised, destroyed, shared_value;
static int head, tail;

static void initialise(void) {
  initialised++;
}
static void destroy(void* value) {
  __atomic_fetch_add(&destroyed, *(long*)value, __ATOMIC_SEQ_CST);
  free(value);
}

__attribute__((noinline)) static void push(long v) {
  pthread_mutex_lock(&mutex);
  while (tail - head == 16)
    pthread_cond_wait(&not_full, &mutex);
  queue[tail++ & 15] = v;
  pthread_cond_signal(&not_empty);
  pthread_mutex_unlock(&mutex);
}

__attribute__((noinline)) static long pop(void) {
  pthread_mutex_lock(&mutex);
  while (tail == head)
    pthread_cond_wait(&not_empty, &mutex);
  long v = queue[head++ & 15];
  pthread_cond_signal(&not_full);
  pthread_mutex_unlock(&mutex);
  return v;
}

static void* produce(void* argument) {
  for (long i = 1; i <= ITEMS; i++)
    push(i);
  push(-1);
  return 0;
}

static void* consume(void* argument) {
  long total = 0, v;
  pthread_once(&once, initialise);
  while ((v = pop()) != -1)
    total += v;
  __atomic_fetch_add(&consumed, total, __ATOMIC_SEQ_CST);
  return (void*)0;
}

static void* phases(void* argument) {
  long id = (long)argument, *mine = malloc(sizeof *mine);
  *mine = id + 1;
  pthread_setspecific(key, mine);
  pthread_once(&once, initialise);
  for (int i = 0; i < 300; i++) {
    if (i % THREADS == id) {
      pthread_rwlock_wrlock(&rwlock);
      shared_value = shared_value * 3 % 1000003 + i;
      pthread_rwlock_unlock(&rwlock);
    }
    pthread_barrier_wait(&barrier);
    pthread_rwlock_rdlock(&rwlock);
    *(long*)pthread_getspecific(key) += shared_value & 1;
    pthread_rwlock_unlock(&rwlock);
    pthread_barrier_wait(&barrier);
  }
  sem_post(&semaphore);
  return (void*)*mine;
}

static void start(pthread_t* threads, void* (*work)(void*)) {
  for (long i = 0; i < THREADS; i++)
    pthread_create(&threads[i], 0, work, (void*)i);
}

int main(void) {
  pthread_t producers[THREADS], consumers[THREADS];
  start(producers, produce);
  start(consumers, consume);
  for (int i = 0; i < THREADS; i++)
    pthread_join(producers[i], 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(consumers[i], 0);
  printf("%ld %ld\n", consumed, initialised);

  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_key_create(&key, destroy);
  sem_init(&semaphore, 0, 0);
  start(producers, phases);
  for (int i = 0; i < THREADS; i++)
    sem_wait(&semaphore);
  long sum = 0;
  for (int i = 0; i < THREADS; i++) {
    void* result;
    pthread_join(producers[i], &result);
    sum += (long)result;
  }
  printf("%ld %ld %d\n", shared_value, sum, sum == destroyed);

  /* Short threads, one after another: each starts in a function that changes its tier meanwhile. */
  long before = consumed;
  for (int i = 0; i < 100; i++) {
    pthread_t a, b;
    pthread_create(&a, 0, consume, 0);
    pthread_create(&b, 0, consume, 0);
    for (int k = 0; k < 10; k++)
      push(k);
    push(-1);
    push(-1);
    pthread_join(a, 0);
    pthread_join(b, 0);
  }
  printf("%ld\n", consumed - before);
  return 0;
}
