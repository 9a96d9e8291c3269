// Program functions as callbacks of the C library: qsort, qsort_r, bsearch, lfind, tsearch, ftw-
// like recursion.
#define _GNU_SOURCE
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long compares;
static int ascending(const void* a, const void* b) {
  compares++;
  int x = *(const int*)a, y = *(const int*)b;
  return (x > y) - (x < y);
}
static int by_key(const void* a, const void* b, void* sign) {
  return *(int*)sign * ascending(a, b);
}
static int by_name(const void* a, const void* b) {
  return strcmp(*(const char* const*)a, *(const char* const*)b);
}

/* The comparator sorts as well: callbacks within callbacks. */
static int by_sorted_digits(const void* a, const void* b) {
  int x[3], y[3];
  for (int i = 0; i < 3; i++) {
    x[i] = ((const unsigned char*)a)[i];
    y[i] = ((const unsigned char*)b)[i];
  }
  qsort(x, 3, sizeof *x, ascending);
  qsort(y, 3, sizeof *y, ascending);
  return x[0] != y[0] ? x[0] - y[0] : memcmp(a, b, 4);
}

static unsigned long walk_sum;
static void visit(const void* node, VISIT which, int depth) {
  if (which == postorder || which == leaf)
    walk_sum = walk_sum * 3 + (unsigned long)**(int* const*)node;
}

int main(void) {
  enum { N = 2000 };
  static int values[N], copy[N];
  unsigned seed = 1, h = 0;
  for (int i = 0; i < N; i++)
    values[i] = (int)((seed = seed * 1103515245 + 12345) >> 8) % 10000;
  memcpy(copy, values, sizeof copy);
  qsort(values, N, sizeof *values, ascending);
  for (int i = 0; i < N; i++)
    h = h * 31 + (unsigned)values[i];
  int sign = -1, found = 0;
  qsort_r(copy, N, sizeof *copy, by_key, &sign);
  for (int i = 0; i < N; i++)
    h += copy[i] != values[N - 1 - i];
  for (int i = 0; i < 3000; i++)
    found += bsearch(&i, values, N, sizeof *values, ascending) != 0;
  printf("%u %d %d\n", h, found, compares > 10000);
  const char* names[] = {"pear", "apple", "fig", "cherry", "banana", "date"};
  qsort(names, 6, sizeof *names, by_name);
  for (int i = 0; i < 6; i++)
    printf("%s ", names[i]);
  puts("");
  unsigned char quads[300][4];
  for (int i = 0; i < 300; i++)
    for (int j = 0; j < 4; j++)
      quads[i][j] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 20);
  qsort(quads, 300, 4, by_sorted_digits);
  for (int i = 0; i < 300; i++)
    h = h * 33 + quads[i][0] * 3u + quads[i][3];
  void* root = 0;
  for (int i = 0; i < 500; i++)
    tsearch(&copy[i * 3], &root, ascending);
  twalk(root, visit);
  size_t count = N;
  printf("%u %lu %d\n", h, walk_sum, lfind(&copy[77], copy, &count, sizeof *copy, ascending) != 0);
  return 0;
}
