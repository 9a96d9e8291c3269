// TRANSFERS: own escaping selfref variable arguments chase
// Pointers into local variables: of the loop's own, escaped ones that callees write to, into the middle of arrays, into
// a variable array, a struct that points to itself, arguments by value in memory.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int *kept;
static int **kept_pointer;
__attribute__((noinline)) static void keep(int *at) { kept = at; }
__attribute__((noinline)) static void keep_pointer(int **at) { kept_pointer = at; }
__attribute__((noinline)) static void write_kept(int value) { *kept += value; }
__attribute__((noinline)) static void move_kept(int by) { *kept_pointer += by; }

__attribute__((noinline)) static unsigned own(int rounds) {
  unsigned table[64], *at = table, *end = table + 64, hash = 1;
  memset(table, 0, sizeof table);
  for (int i = 0; i < rounds; i++) {
    *at += (unsigned)i;
    hash = hash * 31 + *at;
    at += 1 + (hash & 3);
    if (at >= end)
      at -= 64;
  }
  return hash + table[13] + (unsigned)(at - table);
}
__attribute__((noinline)) static long escaping(int rounds) {
  int scalar = 5, array[32] = {0}, *moving = array;
  long sum = 0;
  keep(&scalar);
  keep_pointer(&moving);
  for (int i = 0; i < rounds; i++) {
    write_kept(i & 3);
    move_kept(i % 5 == 0 ? 1 : 0);
    if (moving >= array + 32)
      moving = array;
    *moving += scalar;
    sum += scalar + *moving;
    if (i % 1000 == 999)
      keep(i & 1024 ? &scalar : &array[i % 32]);
  }
  return sum + *kept + array[7];
}
__attribute__((noinline)) static long selfref(int rounds) {
  struct Node {
    struct Node *next;
    long value;
  } nodes[5];
  for (int i = 0; i < 5; i++)
    nodes[i] = (struct Node){&nodes[(i + 2) % 5], i};
  struct Node *at = nodes;
  long sum = 0;
  for (int i = 0; i < rounds; i++) {
    at->value += i;
    sum = sum * 3 + at->value;
    at = at->next;
  }
  return sum + (at - nodes);
}
__attribute__((noinline)) static unsigned variable(int size, int rounds) {
  unsigned room[size], hash = 0;
  for (int i = 0; i < size; i++)
    room[i] = (unsigned)i * 77;
  for (int i = 0; i < rounds; i++) {
    unsigned *at = &room[(unsigned)i % (unsigned)size];
    *at ^= hash;
    hash = hash * 33 + *at;
  }
  return hash + room[size / 2];
}
typedef struct {
  long numbers[9];
} Nine;
__attribute__((noinline)) static Nine arguments(Nine nine, int rounds, ...) {
  va_list list;
  va_start(list, rounds);
  double weight = va_arg(list, double);
  int step = va_arg(list, int);
  for (int i = 0; i < rounds; i++) {
    nine.numbers[(unsigned)i % 9] += step + (long)(weight * i);
    if (i == rounds - 3)
      step += va_arg(list, int);
  }
  va_end(list);
  return nine;
}
__attribute__((noinline)) static long chase(const char *text, int rounds) {
  long sum = 0;
  const char *at = text;
  for (; rounds; rounds--) {
    sum += *at * (at - text);
    at = *at ? at + 1 : text;
  }
  return sum;
}
int main(void) {
  printf("%u %ld %ld %u\n", own(200001), escaping(200001), selfref(200001), variable(123, 200001));
  Nine nine = arguments((Nine){{1, 2, 3}}, 200001, 0.25, 3, 1000);
  printf("%ld %ld %ld\n", nine.numbers[0], nine.numbers[4], nine.numbers[8]);
  printf("%ld\n", chase("pointers into constants", 200001));
  return 0;
}
