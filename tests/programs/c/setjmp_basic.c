// setjmp and longjmp: through many frames, from a comparator inside qsort, with volatile locals,
// nested.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static jmp_buf target;

NOINLINE static int dive(int depth, int value) {
  char room[64];
  room[value & 63] = (char)depth;
  if (depth == 0)
    longjmp(target, value);
  return dive(depth - 1, value) + room[value & 63];
}

NOINLINE static int attempt(int depth, int value) {
  volatile int kept = value * 2;
  int code = setjmp(target);
  if (code == 0) {
    kept += 5;
    dive(depth, value);
    return -1;
  }
  return code * 1000 + kept;
}

static int countdown;
static int comparator(const void* a, const void* b) {
  if (--countdown == 0)
    longjmp(target, 42);
  return *(const int*)a - *(const int*)b;
}

NOINLINE static int interrupted_sort(int after) {
  int values[64];
  for (int i = 0; i < 64; i++)
    values[i] = (i * 37) & 63;
  countdown = after;
  if (setjmp(target))
    return 1;
  qsort(values, 64, sizeof *values, comparator);
  return values[10] == 10 ? 0 : 2;
}

NOINLINE static int nested(int n) {
  jmp_buf outer, inner;
  volatile int trace = n;
  if (setjmp(outer))
    return trace;
  if (setjmp(inner)) {
    trace = trace * 10 + 1;
    longjmp(outer, 1);
  }
  trace = trace * 10 + 2;
  longjmp(inner, 1);
}

/* Returns a second time from the same setjmp until the count is full. */
NOINLINE static int repeat(int times) {
  jmp_buf here;
  volatile int count = 0;
  int code = setjmp(here);
  count++;
  if (code < times)
    longjmp(here, code + 1);
  return count;
}

NOINLINE static int builtin_jump(int n) {
  void* buffer[5];
  volatile int seen = n;
  if (__builtin_setjmp(buffer))
    return seen + 100;
  seen++;
  if (n >= 0) {
    int (*volatile call)(int) = repeat;
    if (call(2) == 3)
      return seen;
  }
  return -1;
}

int main(void) {
  long total = 0;
  int sorts[3] = {0};
  for (int i = 1; i <= 500; i++) {
    total += attempt(i % 40, i);
    sorts[interrupted_sort(i)]++;
    total += nested(i) + repeat(i % 7) + builtin_jump(i);
  }
  printf("%ld %d %d %d\n", total, sorts[0] > 0, sorts[1] > 0, sorts[2]);
  volatile int zero = 0;
  if (setjmp(target) == 1)
    printf("longjmp of 0 arrives as 1\n");
  else
    longjmp(target, zero);
  return 0;
}
