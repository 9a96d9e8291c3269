/* A filter over a table by a condition that the user gives: which column,
 * which comparison, with what.  Columns lie in rows of a width that the table's
 * description says, in one of four types.
 * Arguments: COLUMN (1..4) OPERATOR (1..6) ROWS REPS. */
#include <string.h>

#include "rep.h"

enum type { BYTE, SHORT, INT, LONG };
enum operator { LESS = 1, AT_MOST, SAME, OTHER, AT_LEAST, MORE };

static int64_t load(const unsigned char *at, enum type type) {
  switch (type) {
    case BYTE: return (int8_t)*at;
    case SHORT: { int16_t value; memcpy(&value, at, sizeof value); return value; }
    case INT: { int32_t value; memcpy(&value, at, sizeof value); return value; }
    case LONG: { int64_t value; memcpy(&value, at, sizeof value); return value; }
  }
  return 0;
}

static int holds(int64_t left, enum operator operator, int64_t right) {
  switch (operator) {
    case LESS: return left < right;
    case AT_MOST: return left <= right;
    case SAME: return left == right;
    case OTHER: return left != right;
    case AT_LEAST: return left >= right;
    case MORE: return left > right;
  }
  return 0;
}

/* Numbers of the rows that fulfil the condition; how many. */
static size_t filter(const unsigned char *column, size_t stride, size_t rows, enum type type, enum operator operator,
                     int64_t value, uint32_t *found) {
  size_t count = 0;
  for (size_t i = 0; i < rows; i++) {
    found[count] = (uint32_t)i;
    count += (size_t)holds(load(column + i * stride, type), operator, value);
  }
  return count;
}

/* Sum of a column over chosen rows, in groups by another column. */
static void sum_groups(const unsigned char *column, const unsigned char *group, size_t stride, enum type type,
                       enum type group_type, const uint32_t *chosen, size_t count, int64_t groups, int64_t *sums) {
  for (size_t i = 0; i < count; i++) {
    const size_t at = chosen[i] * stride;
    sums[(uint64_t)load(group + at, group_type) % (uint64_t)groups] += load(column + at, type);
  }
}

int main(int argc, char **argv) {
  static const size_t offsets[] = {0, 2, 4, 8};
  const long which = rep_arg(argc, argv, 1, 3, 4) - 1, operator = rep_arg(argc, argv, 2, 1, 6);
  const long rows = rep_arg(argc, argv, 3, 50000, 10000000), reps = rep_arg(argc, argv, 4, 200, 1000000);
  const size_t stride = (size_t)rep_opaque(16);
  unsigned char *table = rep_alloc((size_t)rows * stride);
  uint32_t *found = rep_alloc((size_t)(rows + 1) * sizeof *found);
  int64_t sums[16] = {0};
  uint64_t seed = 88172645463325252u, sum = 1;
  for (long i = 0; i < rows; i++)
    for (size_t k = 0; k < stride; k += 8) {
      const uint64_t draw = rep_random(&seed);
      memcpy(table + (size_t)i * stride + k, &draw, sizeof draw);
    }
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    const size_t count = filter(table + offsets[which], stride, (size_t)rows, (enum type)which, (enum operator)operator,
                                (int64_t)rep_opaque(10), found);
    sum_groups(table + offsets[3], table + offsets[0], stride, LONG, BYTE, found, count, rep_opaque(12), sums);
    rep_end(r, begin);
    sum = rep_fold(sum, count);
    table[(size_t)(r % rows) * stride] ^= 5;
  }
  for (int i = 0; i < 16; i++) sum = rep_fold(sum, (uint64_t)sums[i]);
  printf("column_filter %016llx\n", (unsigned long long)sum);
  return 0;
}
