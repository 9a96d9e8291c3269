// Variadic functions: every class of argument, more of them than there are registers, va_copy,
// vprintf.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

typedef struct {
  int a, b;
} Small;
typedef struct {
  double x, y;
} Pair;
typedef struct {
  long a;
  double b;
} Mixed;
typedef struct {
  long v[5];
} Large;

NOINLINE static double sum(const char* kinds, ...) {
  va_list list;
  double total = 0;
  va_start(list, kinds);
  for (const char* k = kinds; *k; k++) {
    switch (*k) {
    case 'i':
      total += va_arg(list, int);
      break;
    case 'l':
      total += va_arg(list, long);
      break;
    case 'u':
      total += va_arg(list, unsigned);
      break;
    case 'd':
      total += va_arg(list, double);
      break;
    case 'D':
      total += (double)va_arg(list, long double);
      break;
    case 's':
      total += strlen(va_arg(list, const char*));
      break;
    case 'S': {
      Small s = va_arg(list, Small);
      total += s.a * 10 + s.b;
      break;
    }
    case 'P': {
      Pair p = va_arg(list, Pair);
      total += p.x * 10 + p.y;
      break;
    }
    case 'M': {
      Mixed m = va_arg(list, Mixed);
      total += m.a * 10 + m.b;
      break;
    }
    case 'L': {
      Large l = va_arg(list, Large);
      for (int i = 0; i < 5; i++)
        total += l.v[i] * (i + 1);
      break;
    }
    }
  }
  va_end(list);
  return total;
}

NOINLINE static long twice(int n, ...) {
  va_list list, copy;
  long total = 0;
  va_start(list, n);
  total += va_arg(list, int);
  va_copy(copy, list);
  for (int i = 1; i < n; i++)
    total = total * 3 + va_arg(list, int);
  for (int i = 1; i < n; i++)
    total = total * 5 + va_arg(copy, int);
  va_end(copy);
  va_end(list);
  return total;
}

NOINLINE static int format(char* buffer, size_t size, const char* text, ...) {
  va_list list;
  va_start(list, text);
  int length = vsnprintf(buffer, size, text, list);
  va_end(list);
  return length;
}

/* A va_list that is handed on is advanced for the caller as well. */
NOINLINE static int take(va_list* list) {
  return va_arg(*list, int);
}
NOINLINE static long handed_on(int n, ...) {
  va_list list;
  long total = 0;
  va_start(list, n);
  while (n-- > 0)
    total = total * 7 + (n & 1 ? take(&list) : va_arg(list, int));
  va_end(list);
  return total;
}

NOINLINE static void print(const char* text, ...) {
  va_list list;
  va_start(list, text);
  vprintf(text, list);
  va_end(list);
}

int main(void) {
  Small s = {3, 4};
  Pair p = {1.5, 2.5};
  Mixed m = {7, 0.25};
  Large l = {{1, 2, 3, 4, 5}};
  char buffer[200];
  double total = 0;
  for (int i = 0; i < 400; i++) {
    total += sum("iiiiiiii", i, 2, 3, 4, 5, 6, 7, 8);
    total += sum("dddddddddd", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, i + 0.5);
    total += sum("idDlsid", i, 2.5, 3.25L, 4L, "hello", -6, 7.75);
    total += sum("SPMLSPML", s, p, m, l, s, p, m, l);
    total += sum("iMiMiMiPdPdPdPdD", 1, m, 2, m, 3, m, 4, p, 1.0, p, 2.0, p, 3.0, p, 4.0, 5.5L);
    total += (double)(twice(6, 1, 2, 3, i, 5, 6) % 1000) +
             (double)(handed_on(9, 1, 2, 3, 4, 5, 6, 7, 8, i) % 1000);
  }
  printf("%.4f\n", total);
  int length = format(buffer, sizeof buffer, "%d %s %c %5.2f %Lf %lx %zu %hhd %p", 42, "text", 'x',
                      3.14159, 2.5L, 0xabcdefL, sizeof buffer, -1, (void*)0);
  printf("%d %s\n", length, buffer);
  print("%s %d %d %d %d %d %d %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f\n", "many", 1, 2, 3,
        4, 5, 6, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0);
  int (*pointer)(const char*, ...) = printf;
  for (int i = 0; i < 3; i++)
    pointer("%d:%g ", i, i / 4.0);
  puts("");
  return 0;
}
