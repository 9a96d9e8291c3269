// musttail: a million calls in constant stack, between functions, through pointers, with stack
// arguments.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
#define TAIL __attribute__((musttail)) return

typedef struct State State;
typedef long (*Handler)(State*, const unsigned char*, long);
struct State {
  long count;
  const Handler* table;
};

static long op_add(State* s, const unsigned char* pc, long acc) {
  acc += *pc & 15;
  TAIL s->table[*++pc & 3](s, pc, acc);
}
static long op_mul(State* s, const unsigned char* pc, long acc) {
  acc = acc * 3 % 1000003;
  TAIL s->table[*++pc & 3](s, pc, acc);
}
static long op_loop(State* s, const unsigned char* pc, long acc) {
  if (--s->count)
    pc -= *pc >> 2;
  else
    pc++;
  TAIL s->table[*pc & 3](s, pc, acc);
}
static long op_end(State* s, const unsigned char* pc, long acc) {
  return acc;
}

NOINLINE static int odd(unsigned n);
NOINLINE static int even(unsigned n) {
  if (!n)
    return 1;
  TAIL odd(n - 1);
}
NOINLINE static int odd(unsigned n) {
  if (!n)
    return 0;
  TAIL even(n - 1);
}

NOINLINE static long on_stack(long a, long b, long c, long d, long e, long f, long g, double h,
                              long i) {
  if (a == 0)
    return b + c * 2 + d * 3 + e * 5 + f * 7 + g * 11 + (long)h + i;
  TAIL on_stack(a - 1, c, d, e, f, g, i, h + 0.5, b);
}

int main(void) {
  static const Handler table[] = {op_add, op_mul, op_loop, op_end};
  /* The low two bits are the operation: 4 adds and 2 muls, back by 6 bytes while the count lasts.
   */
  static const unsigned char code[] = {4, 8, 1, 12, 5, 16, (6 << 2) | 2, 3};
  State s = {200000, table};
  printf("%ld\n", op_add(&s, code, 1));
  printf("%d %d\n", even(1000000), odd(1000001));
  printf("%ld\n", on_stack(1000000, 1, 2, 3, 4, 5, 6, 7.0, 8));
  return 0;
}
