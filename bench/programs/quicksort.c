/* Quicksort of records through a comparator function pointer: indirect calls
 * whose target is steady within one sort but changes between sorts.
 * Arguments: RECORDS REPS. */
#include "rep.h"

struct record {
  uint32_t key, weight;
};

typedef int compare_fn(const struct record *a, const struct record *b);

static int by_key(const struct record *a, const struct record *b) {
  return (a->key > b->key) - (a->key < b->key);
}

static int by_weight(const struct record *a, const struct record *b) {
  const int order = (a->weight > b->weight) - (a->weight < b->weight);
  return order != 0 ? order : by_key(a, b);
}

static int by_key_down(const struct record *a, const struct record *b) { return by_key(b, a); }

static compare_fn *const orders[] = {by_key, by_weight, by_key_down};

static void swap(struct record *a, struct record *b) {
  const struct record hold = *a;
  *a = *b;
  *b = hold;
}

static void insertion_sort(struct record *low, struct record *end, compare_fn *compare) {
  for (struct record *at = low + 1; at < end; at++)
    for (struct record *p = at; p > low && compare(p - 1, p) > 0; p--) swap(p - 1, p);
}

/* Sorts low..end-1.  Recurses into the smaller part only, so that the stack
 * stays logarithmic on any input. */
static void quicksort(struct record *low, struct record *end, compare_fn *compare) {
  while (end - low > 12) {
    const struct record pivot = low[(end - low) / 2];
    struct record *left = low, *right = end - 1;
    while (left <= right) {
      while (compare(left, &pivot) < 0) left++;
      while (compare(right, &pivot) > 0) right--;
      if (left <= right) swap(left++, right--);
    }
    if (right + 1 - low < end - left) {
      quicksort(low, right + 1, compare);
      low = left;
    } else {
      quicksort(left, end, compare);
      end = right + 1;
    }
  }
  insertion_sort(low, end, compare);
}

static uint64_t sort_all(struct record *records, long count) {
  uint64_t seed = 521288629u, sum = 0;
  for (long i = 0; i < count; i++) {
    records[i].key = (uint32_t)rep_random(&seed);
    records[i].weight = (uint32_t)rep_random(&seed) % 1000;
  }
  for (size_t order = 0; order < sizeof orders / sizeof *orders; order++) {
    quicksort(records, records + count, orders[order]);
    for (long i = 0; i < count; i += 97) sum = rep_fold(sum, records[i].key + records[i].weight);
  }
  return sum;
}

int main(int argc, char **argv) {
  const long count = rep_arg(argc, argv, 1, 150000, 100000000);
  const long reps = rep_arg(argc, argv, 2, 32, 1000000);
  struct record *records = rep_alloc((size_t)count * sizeof *records);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, sort_all(records, rep_opaque(count)));
    rep_end(i, begin);
  }
  printf("quicksort %016llx\n", (unsigned long long)sum);
  free(records);
  return 0;
}
