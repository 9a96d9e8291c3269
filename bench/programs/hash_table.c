/* Open-addressing hash table with linear probing, growth and deletion by
 * shifting back: small functions, unpredictable loads and branches.
 * Arguments: KEYS REPS. */
#include "rep.h"

struct slot {
  uint64_t key; /* 0 marks an empty slot */
  uint64_t value;
};

struct table {
  struct slot *slots;
  size_t capacity; /* a power of two */
  size_t used;
};

static size_t home(const struct table *table, uint64_t key) {
  return (size_t)((key * 0xff51afd7ed558ccdu) >> 20) & (table->capacity - 1);
}

static struct slot *find(const struct table *table, uint64_t key) {
  size_t at = home(table, key);
  while (table->slots[at].key != 0 && table->slots[at].key != key)
    at = (at + 1) & (table->capacity - 1);
  return &table->slots[at];
}

static void grow(struct table *table) {
  struct slot *old = table->slots;
  const size_t count = table->capacity;
  table->capacity *= 2;
  table->slots = rep_alloc(table->capacity * sizeof *table->slots);
  for (size_t i = 0; i < count; i++)
    if (old[i].key != 0) *find(table, old[i].key) = old[i];
  free(old);
}

static void add(struct table *table, uint64_t key, uint64_t value) {
  if (table->used * 3 >= table->capacity * 2) grow(table);
  struct slot *slot = find(table, key);
  if (slot->key == 0) {
    slot->key = key;
    table->used++;
  }
  slot->value += value;
}

/* Removes `key` and moves later members of its cluster back, so that no
 * tombstones are needed. */
static int drop(struct table *table, uint64_t key) {
  struct slot *slot = find(table, key);
  if (slot->key == 0) return 0;
  const size_t mask = table->capacity - 1;
  size_t hole = (size_t)(slot - table->slots);
  for (size_t at = (hole + 1) & mask; table->slots[at].key != 0; at = (at + 1) & mask) {
    const size_t wanted = home(table, table->slots[at].key);
    if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
    table->slots[hole] = table->slots[at];
    hole = at;
  }
  table->slots[hole].key = 0;
  table->slots[hole].value = 0;
  table->used--;
  return 1;
}

static uint64_t churn(long keys) {
  struct table table = {rep_alloc(16 * sizeof(struct slot)), 16, 0};
  uint64_t seed = 88172645463325252u, sum = 0;
  for (long i = 0; i < keys; i++) add(&table, rep_random(&seed) % (uint64_t)keys + 1, (uint64_t)i);
  for (long i = 0; i < keys; i++) {
    const uint64_t key = rep_random(&seed) % (uint64_t)keys + 1;
    if (i % 3 == 0)
      sum += (uint64_t)drop(&table, key);
    else
      sum += find(&table, key)->value;
  }
  sum = rep_fold(sum, table.used);
  free(table.slots);
  return sum;
}

int main(int argc, char **argv) {
  const long keys = rep_arg(argc, argv, 1, 60000, 100000000);
  const long reps = rep_arg(argc, argv, 2, 400, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, churn(rep_opaque(keys)));
    rep_end(i, begin);
  }
  printf("hash_table %016llx\n", (unsigned long long)sum);
  return 0;
}
