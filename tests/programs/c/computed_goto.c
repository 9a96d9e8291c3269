// Labels as values: constant tables, mutable tables, label differences, an interpreter loop, a
// resumable generator.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

enum { PUSH, ADD, MUL, DUP, SWAP, JUMP_LESS, HALT };

NOINLINE static long interpret(const int* code, long limit) {
  static const void* const table[] = {&&push, &&add, &&mul, &&dup, &&swap, &&jump_less, &&halt};
  long stack[16], *top = stack;
  *top = 0;
  goto* table[*code];
push:
  *++top = code[1];
  code += 2;
  goto* table[*code];
add:
  top--;
  *top += top[1];
  code++;
  goto* table[*code];
mul:
  top--;
  *top = *top * top[1] % 1000003;
  code++;
  goto* table[*code];
dup:
  top[1] = *top;
  top++;
  code++;
  goto* table[*code];
swap: {
  long t = *top;
  *top = top[-1];
  top[-1] = t;
}
  code++;
  goto* table[*code];
jump_less:
  if (*top < limit)
    code += code[1];
  else
    code += 2;
  goto* table[*code];
halt:
  return *top + top[-1];
}

/* Differences between labels fit a char and need no relocation. */
NOINLINE static int by_offset(int k) {
  static const int offsets[] = {&&a - &&a, &&b - &&a, &&c - &&a};
  goto*(&&a + offsets[k]);
a:
  return 10;
b:
  return 20;
c:
  return 30;
}

/* The table is changed while it is used. */
NOINLINE static int mutable(int n) {
  static void* table[3];
  int total = 0;
  table[0] = &&first;
  table[1] = &&second;
  table[2] = &&done;
  while (n-- > 0) {
    goto* table[n % 2];
  first:
    total += 1;
    table[0] = &&second;
    continue;
  second:
    total += 100;
    table[0] = &&first;
    continue;
  }
  goto* table[2];
done:
  return total;
}

/* Where to go on is kept outside of the activation, so its address has to hold over calls and over
 * tiers. */
typedef struct {
  void* resume;
  int i, j;
} Generator;
NOINLINE static int next(Generator* g) {
  if (g->resume)
    goto * g->resume;
  for (g->i = 0;; g->i++) {
    for (g->j = 0; g->j < g->i; g->j++) {
      g->resume = &&again;
      return g->i * 100 + g->j;
    again:;
    }
    g->resume = &&row;
    return -g->i;
  row:;
  }
}

int main(void) {
  static const int code[] = {PUSH, 1,    PUSH, 2,   DUP, PUSH,      1,  ADD,
                             SWAP, PUSH, 3,    ADD, MUL, JUMP_LESS, -9, HALT};
  unsigned long h = 0;
  Generator g = {0};
  for (int i = 0; i < 2000; i++) {
    h = h * 31 + (unsigned long)interpret(code, i * 50 % 30000);
    h += (unsigned long)(by_offset(i % 3) + mutable(i % 20));
    h = h * 3 + (unsigned long)next(&g);
  }
  printf("%lu %d %d\n", h, g.i, g.j);
  return 0;
}
