// Calls both ways between functions with assembly in them, which an interpreter leaves to compiled code, and functions
// without: all classes of arguments and results, variadic ones, callbacks of the C library that nest.
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
// More than nothing, so that no interpreter takes it.
#define COMPILED __asm__ volatile("nop")

typedef struct {
  char c;
  double d;
} Mixed;
typedef struct {
  long a, b, c;
} Large;
typedef struct {
  float x, y, z;
} Floats;

#define EACH_KIND(NAME, MARK)                                                                                          \
  NOINLINE static Mixed mixed##NAME(Mixed m, int i) {                                                                  \
    MARK;                                                                                                              \
    return (Mixed){(char)(m.c + i), m.d * i};                                                                          \
  }                                                                                                                    \
  NOINLINE static Large large##NAME(Large l, Mixed m) {                                                                \
    MARK;                                                                                                              \
    return (Large){l.c + m.c, l.a, l.b + (long)m.d};                                                                   \
  }                                                                                                                    \
  NOINLINE static Floats floats##NAME(Floats f, float by) {                                                            \
    MARK;                                                                                                              \
    return (Floats){f.z * by, f.x + by, f.y - by};                                                                     \
  }                                                                                                                    \
  NOINLINE static long double extended##NAME(long double x, __int128 i, long double y) {                               \
    MARK;                                                                                                              \
    return x * (long double)i + y;                                                                                     \
  }                                                                                                                    \
  NOINLINE static __int128 wide##NAME(int a, __int128 x, char b, __int128 y, int c, __int128 z) {                      \
    MARK;                                                                                                              \
    return a * x + b * y + c * z;                                                                                      \
  }                                                                                                                    \
  NOINLINE static _Bool narrow##NAME(char a, unsigned char b, short c, unsigned short d, _Bool e, float f) {           \
    MARK;                                                                                                              \
    return ((a + b + c + d + e) & 1) == (f > 0);                                                                       \
  }                                                                                                                    \
  NOINLINE static double variadic##NAME(int count, ...) {                                                              \
    MARK;                                                                                                              \
    va_list list;                                                                                                      \
    va_start(list, count);                                                                                             \
    double sum = 0;                                                                                                    \
    for (int i = 0; i < count; i++) {                                                                                  \
      sum += va_arg(list, int);                                                                                        \
      sum += 2 * va_arg(list, double);                                                                                 \
      sum += 3 * (double)va_arg(list, long double);                                                                    \
      Large l = va_arg(list, Large);                                                                                   \
      sum += 5.0 * (double)(l.a + l.c);                                                                                \
      Mixed m = va_arg(list, Mixed);                                                                                   \
      sum += 7 * (m.c + m.d);                                                                                          \
    }                                                                                                                  \
    va_end(list);                                                                                                      \
    return sum;                                                                                                        \
  }                                                                                                                    \
  NOINLINE static int format##NAME(char *to, const char *form, ...) {                                                  \
    MARK;                                                                                                              \
    va_list list, copy;                                                                                                \
    va_start(list, form);                                                                                              \
    va_copy(copy, list);                                                                                               \
    int length = vsprintf(to, form, list);                                                                             \
    length += vsnprintf(to + length, 100, form, copy);                                                                 \
    va_end(copy);                                                                                                      \
    va_end(list);                                                                                                      \
    return length;                                                                                                     \
  }
EACH_KIND(_i, (void)0)
EACH_KIND(_n, COMPILED)

#define CALL_ALL(NAME, OF)                                                                                             \
  NOINLINE static void call##NAME##OF(int i) {                                                                         \
    Mixed m = mixed##OF((Mixed){(char)i, 1.5}, 3);                                                                     \
    Large l = large##OF((Large){i, 2, 3}, m);                                                                          \
    Floats f = floats##OF((Floats){1, 2, (float)i}, 0.5f);                                                             \
    long double x = extended##OF(1.25L, ((__int128)i << 70) + 3, -2);                                                  \
    __int128 w = wide##OF(i, (__int128)1 << 100, 3, -5, -7, (__int128)i << 64);                                        \
    printf("%d %f %ld %ld %ld %f %f %f %Lf %llx%016llx %d\n", m.c, m.d, l.a, l.b, l.c, f.x, f.y, f.z, x,               \
           (unsigned long long)(w >> 64), (unsigned long long)w,                                                       \
           narrow##OF((char)-i, (unsigned char)(200 + i), (short)-300, 65535, i & 1, (float)i - 2));                    \
    printf("%f\n", variadic##OF(3, i, 0.5, 1.5L, l, m, i + 1, 1.5, 2.5L, l, m, 7, 2.5, -1.0L, l, m));                  \
    char text[300];                                                                                                    \
    int length = format##OF(text, "%d %s %.2f %Lg;", i, "word", 2.5 * i, 1.25L * i);                                   \
    printf("%d %s\n", length, text);                                                                                   \
  }
CALL_ALL(_i, _i)
CALL_ALL(_i, _n)
NOINLINE static double call_from_compiled(int i) {
  COMPILED;
  Mixed m = mixed_i((Mixed){(char)i, 1.5}, 3);
  Large l = large_i((Large){i, 2, 3}, m);
  Floats f = floats_i((Floats){1, 2, (float)i}, 0.5f);
  long double x = extended_i(1.25L, ((__int128)i << 70) + 3, -2);
  __int128 w = wide_i(i, (__int128)1 << 100, 3, -5, -7, (__int128)i << 64);
  char text[300];
  int length = format_i(text, "%d %s %.2f %Lg;", i, "word", 2.5 * i, 1.25L * i);
  printf("%s %d\n", text, length);
  return m.d + (double)l.b + f.y + (double)x + (double)w + narrow_i((char)-i, 3, -300, 65535, i & 1, 1) +
         variadic_i(2, i, 0.5, 1.5L, l, m, i + 1, 1.5, 2.5L, l, m);
}

static int nested_sorts;
static int by_value(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}
static int by_value_with_sort(const void *a, const void *b) {
  int pair[3] = {*(const int *)b, *(const int *)a, 5};
  qsort(pair, 3, sizeof *pair, by_value);
  nested_sorts++;
  return *(const int *)a - *(const int *)b;
}
static int by_value_compiled(const void *a, const void *b) {
  COMPILED;
  return by_value(b, a);
}
static long visited;
static void visit(const void *node, VISIT order, int depth) {
  if (order == postorder || order == leaf)
    visited = visited * 7 + **(int *const *)node;
}

int main(void) {
  for (int i = 0; i < 5; i++) {
    call_i_i(i);
    call_i_n(i);
    printf("%.3f\n", call_from_compiled(i));
  }
  int numbers[200];
  for (int i = 0; i < 200; i++)
    numbers[i] = i * 7919 % 1009;
  qsort(numbers, 200, sizeof *numbers, by_value_with_sort);
  printf("%d %d %d %d\n", numbers[0], numbers[100], numbers[199], nested_sorts > 200);
  int key = numbers[37];
  printf("%ld\n", (long)((int *)bsearch(&key, numbers, 200, sizeof *numbers, by_value) - numbers));
  qsort(numbers, 200, sizeof *numbers, by_value_compiled);
  printf("%d %d\n", numbers[0], numbers[199]);
  void *root = 0;
  for (int i = 0; i < 50; i++)
    tsearch(&numbers[i * 3], &root, by_value);
  twalk(root, visit);
  printf("%ld\n", visited);
  return 0;
}
