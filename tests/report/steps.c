// A function whose calls all take alike, so that a report shows what each tier makes of it; one that is called as often and is
// tiny; one that hands its arguments over on the stack and cannot be timed; a recursion; an exception's worth of threads.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long words[64];

__attribute__((noinline)) unsigned long steady(unsigned long seed) {
  unsigned long sum = seed;
  for (int i = 0; i < 64; i++) sum = (sum ^ words[i]) * 1099511628211u + (sum >> 7);
  return sum;
}

__attribute__((noinline)) unsigned long tiny(unsigned long value) { return value * 3 + 1; }

__attribute__((noinline)) unsigned long many(long a, long b, long c, long d, long e, long f, long g, long h) {
  return (unsigned long)(a + b + c + d + e + f + g * h);
}

__attribute__((noinline)) unsigned long deep(unsigned long n) { return n < 2 ? n : deep(n - 1) + deep(n - 2); }

__attribute__((noinline)) unsigned long once(unsigned long value) { return value ^ 42; }

static void *other(void *rounds) {
  unsigned long sum = 0;
  for (long i = 0; i < (long)rounds; i++) sum += steady((unsigned long)i);
  return (void *)sum;
}

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 300000;
  for (int i = 0; i < 64; i++) words[i] = (unsigned long)i * 0x9E3779B97F4A7C15u;
  unsigned long sum = once(7);
  for (long i = 0; i < rounds; i++) sum += steady(sum) + tiny(sum) + many(i, 1, 2, 3, 4, 5, 6, 7);
  sum += deep(22);
  pthread_t thread;
  void *result = 0;
  if (argc > 2 && strcmp(argv[2], "thread") == 0 && pthread_create(&thread, 0, other, (void *)rounds) == 0)
    pthread_join(thread, &result);
  if (argc > 2 && strcmp(argv[2], "fork") == 0 && fork() == 0) {
    for (long i = 0; i < rounds / 10; i++) sum += steady(sum);
    exit(sum == 0);
  }
  printf("%lu %lu\n", sum, (unsigned long)result);
  return 0;
}
