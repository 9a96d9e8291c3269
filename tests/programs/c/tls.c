// Thread-local variables: initialised, zero, aligned, structs, static in a function, and one of
// another file.
// FILES: tls.part.c
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#define THREADS 4

_Thread_local int counter = 7;
static _Thread_local long zero[50];
static _Thread_local _Alignas(64) char aligned[64] = "start";
static _Thread_local struct {
  int a;
  double b;
  const char* name;
} record = {1, 2.5, "record"};
extern _Thread_local int other_file;
extern _Thread_local const char* other_text;
int bump_other(int by);
int* other_address(void);

static long results[THREADS];

__attribute__((noinline)) static int* address(void) {
  return &counter;
}

__attribute__((noinline)) static int sequence(void) {
  static _Thread_local int n = 100;
  return n++;
}

__attribute__((noinline)) static long step(int i) {
  counter += i;
  zero[i % 50] += counter;
  record.a ^= i;
  record.b += 0.5;
  aligned[i % 64]++;
  other_file += 2;
  return zero[(i + 1) % 50] + record.a + (long)record.b + aligned[3] + bump_other(1) + sequence();
}

static void* work(void* argument) {
  long id = (long)argument, total = 0;
  for (int i = 0; i < 800; i++)
    total += step(i + (int)id) % 1000;
  total += *address() + (address() == &counter) + (other_address() == &other_file);
  results[id] = total + (long)((uintptr_t)aligned % 64);
  return (void*)&counter;
}

int main(void) {
  pthread_t threads[THREADS];
  void* addresses[THREADS];
  for (long i = 0; i < THREADS; i++)
    pthread_create(&threads[i], 0, work, (void*)i);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], &addresses[i]);
  for (int i = 0; i < THREADS; i++)
    printf("%ld %d\n", results[i], addresses[i] != (void*)&counter);
  printf("%d %ld %s %d %g %s %d %s\n", counter, zero[0], aligned, record.a, record.b, record.name,
         other_file, other_text);
  work((void*)1);
  printf("%ld %d %d\n", results[1], counter, other_file);
  return 0;
}
