/* One sort for any kind of record: element size and order are arguments, as
 * in qsort.  The order is chosen by name at run time.
 * Arguments: ORDER (1 number, 2 name, 3 weight) COUNT REPS. */
#include <string.h>

#include "rep.h"

struct record {
  uint32_t number, weight;
  char name[8];
};

typedef int order(const void *, const void *);

static int by_number(const void *left, const void *right) {
  const struct record *a = left, *b = right;
  return (a->number > b->number) - (a->number < b->number);
}

static int by_name(const void *left, const void *right) {
  const struct record *a = left, *b = right;
  return memcmp(a->name, b->name, sizeof a->name);
}

static int by_weight(const void *left, const void *right) {
  const struct record *a = left, *b = right;
  if (a->weight != b->weight) return a->weight < b->weight ? -1 : 1;
  return by_number(left, right);
}

static void exchange(char *a, char *b, size_t size) {
  char held[256];
  memcpy(held, a, size);
  memcpy(a, b, size);
  memcpy(b, held, size);
}

static void insertion(char *base, size_t count, size_t size, order *compare) {
  for (size_t i = 1; i < count; i++)
    for (size_t j = i; j > 0 && compare(base + (j - 1) * size, base + j * size) > 0; j--)
      exchange(base + (j - 1) * size, base + j * size, size);
}

/* Quicksort by the median of three; the shorter part first. */
static void sort(char *base, size_t count, size_t size, order *compare) {
  while (count > 12) {
    char *last = base + (count - 1) * size, *middle = base + count / 2 * size;
    if (compare(middle, base) < 0) exchange(middle, base, size);
    if (compare(last, base) < 0) exchange(last, base, size);
    if (compare(last, middle) < 0) exchange(last, middle, size);
    char pivot[256];
    memcpy(pivot, middle, size);
    char *i = base, *j = last;
    for (;;) {
      while (compare(i, pivot) < 0) i += size;
      while (compare(pivot, j) < 0) j -= size;
      if (i >= j) break;
      exchange(i, j, size);
      i += size;
      j -= size;
    }
    const size_t left = (size_t)(i - base) / size + (i == j); /* all in front of it are at most the pivot */
    if (left < count - left) {
      sort(base, left, size, compare);
      base += left * size;
      count -= left;
    } else {
      sort(base + left * size, count - left, size, compare);
      count = left;
    }
  }
  insertion(base, count, size, compare);
}

int main(int argc, char **argv) {
  static order *const orders[] = {by_number, by_name, by_weight};
  order *chosen = orders[rep_arg(argc, argv, 1, 1, 3) - 1];
  const long count = rep_arg(argc, argv, 2, 60000, 10000000), reps = rep_arg(argc, argv, 3, 60, 1000000);
  struct record *records = rep_alloc((size_t)count * sizeof *records);
  uint64_t seed = 88172645463325252u, sum = 1;
  for (long r = 0; r < reps; r++) {
    for (long i = 0; i < count; i++) {
      records[i].number = (uint32_t)rep_random(&seed);
      records[i].weight = (uint32_t)(rep_random(&seed) % 1000);
      for (int k = 0; k < 8; k++) records[i].name[k] = (char)('a' + rep_random(&seed) % 26);
    }
    const uint64_t begin = rep_begin();
    sort((char *)records, (size_t)count, (size_t)rep_opaque(sizeof *records), chosen);
    rep_end(r, begin);
    for (long i = 0; i < count; i += count / 7 + 1) sum = rep_fold(sum, records[i].number);
  }
  printf("sort_by %016llx\n", (unsigned long long)sum);
  return 0;
}
