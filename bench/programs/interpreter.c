/* A register machine run by one switch in a loop, the shape of most
 * interpreters: a large function entered rarely whose inner loop is hot.
 * Arguments: LIMIT REPS. */
#include "rep.h"

enum op { LOAD, ADD, SUB, MUL, REM, SHIFT, LESS, JUMP_IF, JUMP_UNLESS, JUMP, COPY, STOP };

struct code {
  unsigned char op, to, left, right;
  int32_t number; /* the constant of LOAD, the amount of SHIFT, a jump target */
};

/* r0 counts the steps of Collatz walks from every start 1..r1, and mixes them.
 * r2 start, r3 walker, r4 steps, r5..r7 constants, r8 scratch. */
static const struct code collatz[] = {
    {LOAD, 5, 0, 0, 1},        /*  0 r5 = 1 */
    {LOAD, 6, 0, 0, 2},        /*  1 r6 = 2 */
    {LOAD, 7, 0, 0, 3},        /*  2 r7 = 3 */
    {LOAD, 0, 0, 0, 0},        /*  3 r0 = 0 */
    {LOAD, 2, 0, 0, 1},        /*  4 r2 = 1 */
    {LESS, 8, 1, 2, 0},        /*  5 r8 = r1 < r2 */
    {JUMP_IF, 0, 8, 0, 22},    /*  6 all starts walked */
    {COPY, 3, 2, 0, 0},        /*  7 r3 = r2 */
    {LOAD, 4, 0, 0, 0},        /*  8 r4 = 0 */
    {LESS, 8, 5, 3, 0},        /*  9 r8 = 1 < r3 */
    {JUMP_UNLESS, 0, 8, 0, 18}, /* 10 the walk is over */
    {ADD, 4, 4, 5, 0},         /* 11 r4 += 1 */
    {REM, 8, 3, 6, 0},         /* 12 r8 = r3 % 2 */
    {JUMP_IF, 0, 8, 0, 16},    /* 13 odd */
    {SHIFT, 3, 3, 0, 1},       /* 14 r3 >>= 1 */
    {JUMP, 0, 0, 0, 9},        /* 15 */
    {MUL, 3, 3, 7, 0},         /* 16 r3 *= 3, falls into the increment */
    {JUMP, 0, 0, 0, 20},       /* 17 */
    {MUL, 0, 0, 7, 0},         /* 18 r0 = r0 * 3 + r4 */
    {JUMP, 0, 0, 0, 23},       /* 19 */
    {ADD, 3, 3, 5, 0},         /* 20 r3 += 1 */
    {JUMP, 0, 0, 0, 9},        /* 21 */
    {STOP, 0, 0, 0, 0},        /* 22 */
    {ADD, 0, 0, 4, 0},         /* 23 */
    {ADD, 2, 2, 5, 0},         /* 24 r2 += 1 */
    {JUMP, 0, 0, 0, 5},        /* 25 */
};

static uint64_t run(const struct code *program, uint64_t argument) {
  uint64_t r[16] = {0, argument};
  for (const struct code *at = program;; at++) {
    switch ((enum op)at->op) {
      case LOAD: r[at->to] = (uint64_t)at->number; break;
      case ADD: r[at->to] = r[at->left] + r[at->right]; break;
      case SUB: r[at->to] = r[at->left] - r[at->right]; break;
      case MUL: r[at->to] = r[at->left] * r[at->right]; break;
      case REM: r[at->to] = r[at->left] % r[at->right]; break;
      case SHIFT: r[at->to] = r[at->left] >> at->number; break;
      case LESS: r[at->to] = r[at->left] < r[at->right]; break;
      case COPY: r[at->to] = r[at->left]; break;
      case JUMP_IF:
        if (r[at->left] != 0) at = program + at->number - 1;
        break;
      case JUMP_UNLESS:
        if (r[at->left] == 0) at = program + at->number - 1;
        break;
      case JUMP: at = program + at->number - 1; break;
      case STOP: return r[0];
    }
  }
}

int main(int argc, char **argv) {
  const long limit = rep_arg(argc, argv, 1, 30000, 10000000);
  const long reps = rep_arg(argc, argv, 2, 32, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, run(collatz, (uint64_t)rep_opaque(limit)));
    rep_end(i, begin);
  }
  printf("interpreter %016llx\n", (unsigned long long)sum);
  return 0;
}
