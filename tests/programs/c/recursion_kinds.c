// Deep recursion by other ways than a plain call: through a pointer, in a thread, with floats,
// with eight arguments, between interpreted functions and ones with assembly in them.
// CFLAGS: -pthread
#include <pthread.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

static long (*volatile through)(long);
NOINLINE static long by_pointer(long n) {
  return n ? through(n - 1) + (n & 1) : 5;
}
NOINLINE static double by_double(double x) {
  return x < 1 ? 0.5 : by_double(x - 1) + 0.25;
}
NOINLINE static int by_eight(int a, int b, int c, int d, int e, int f, int g, int h) {
  return a ? by_eight(a - 1, c, b, e, d, g, f, h + 1) ^ a : b + 2 * c + 3 * d + 4 * e + 5 * f + 6 * g + 7 * h;
}
static long with_assembly(long n);
NOINLINE static long without_assembly(long n) {
  return n ? with_assembly(n - 1) + 1 : 0;
}
NOINLINE static long with_assembly(long n) {
  long more;
  __asm__("leaq 1(%1), %0" : "=r"(more) : "r"(n));
  return n ? without_assembly(more - 2) + 1 : 0;
}
static void *in_thread(void *depth) {
  return (void *)(by_pointer((long)depth) + without_assembly((long)depth / 10));
}

int main(void) {
  through = by_pointer;
  printf("%ld\n", by_pointer(100000));
  printf("%f\n", by_double(50000));
  printf("%d\n", by_eight(20000, 1, 2, 3, 4, 5, 6, 7));
  printf("%ld\n", without_assembly(20000));
  pthread_t thread;
  void *result;
  pthread_create(&thread, 0, in_thread, (void *)50000L);
  pthread_join(thread, &result);
  printf("%ld\n", (long)result);
  return 0;
}
