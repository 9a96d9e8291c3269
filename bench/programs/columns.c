/* Reads records into columns that grow when they are full.  Room is reserved first, as a loader does that knows how many
 * records come, so that in the hot loop nothing ever grows; the checks for it remain.
 * Arguments: RECORDS REPS. */
#include <string.h>

#include "rep.h"

struct record {
  uint32_t id, kind;
  double amount;
};

struct ids {
  uint32_t *items;
  size_t size, room;
};

struct amounts {
  double *items;
  size_t size, room;
};

struct table {
  struct ids ids, late;
  struct amounts amounts, fees;
  size_t growths, odd;
};

static struct table table;

static void *grown(void *items, size_t *room, size_t size) {
  table.growths++;
  *room = *room ? 2 * *room : 16;
  void *more = realloc(items, *room * size);
  if (more == NULL) exit(3);
  return more;
}

/* As vectors of C libraries have it: a macro, for any type of item. */
#define PUSH(to, item)                                                                             \
  do {                                                                                             \
    if ((to).size == (to).room) (to).items = grown((to).items, &(to).room, sizeof *(to).items);        \
    (to).items[(to).size++] = (item);                                                              \
  } while (0)

/* Counted, and put right. */
static uint32_t unknown_kind(uint32_t kind) {
  table.odd++;
  return kind & 3;
}

static void load(const struct record *records, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const struct record *record = &records[i];
    uint32_t kind = record->kind;
    if (kind > 3) kind = unknown_kind(kind);
    PUSH(table.ids, record->id);
    PUSH(table.amounts, record->amount);
    PUSH(table.fees, record->amount * (kind + 1) * 0.125);
    if (kind == 3) PUSH(table.late, record->id);
  }
}

static void reserve(size_t count) {
  while (table.ids.room < count) table.ids.items = grown(table.ids.items, &table.ids.room, sizeof(uint32_t));
  while (table.late.room < count) table.late.items = grown(table.late.items, &table.late.room, sizeof(uint32_t));
  while (table.amounts.room < count)
    table.amounts.items = grown(table.amounts.items, &table.amounts.room, sizeof(double));
  while (table.fees.room < count) table.fees.items = grown(table.fees.items, &table.fees.room, sizeof(double));
}

int main(int argc, char **argv) {
  const long count = rep_arg(argc, argv, 1, 4000, 100000000), reps = rep_arg(argc, argv, 2, 200, 100000000);
  struct record *records = rep_alloc((size_t)count * sizeof *records);
  uint64_t seed = 88172645463325252u, sum = 1;
  for (long i = 0; i < count; i++) {
    const uint64_t draw = rep_random(&seed);
    records[i] = (struct record){(uint32_t)(draw >> 32), (uint32_t)draw & 3, (double)(draw % 100000) / 4};
  }
  reserve((size_t)count);
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    table.ids.size = table.late.size = table.amounts.size = table.fees.size = 0;
    load(records, (size_t)rep_opaque(count));
    rep_end(r, begin);
    records[r % count].amount += 1;
    sum = rep_fold(sum, table.late.size + (uint64_t)table.fees.items[r % count]);
  }
  sum = rep_fold(sum, table.growths * 1000 + table.odd);
  printf("columns %016llx\n", (unsigned long long)sum);
  return 0;
}
