/* A stack machine that trusts no program: every instruction checks the depth of the stack, divisions their divisor, memory its
 * bounds.  What fails is noted with its place and goes on with a default, as sandboxes and spreadsheets do.  The program that
 * runs is sound, so that nothing fails.
 * Arguments: LIMIT REPS. */
#include "rep.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, DIVIDE, REMAIN, LESS, FETCH, PUT, JUMP_UNLESS, JUMP, STOP };
enum { DEPTH = 64, LOCALS = 16, CELLS = 1024, NOTED = 16 };

struct code {
  uint32_t op;
  int32_t number;
};

struct fault {
  uint32_t place, kind;
  int64_t value;
};

struct machine {
  int64_t stack[DEPTH], locals[LOCALS], cells[CELLS];
  size_t depth;
  uint64_t steps, faults;
  struct fault noted[NOTED];
};

static void note(struct machine *machine, size_t place, uint32_t kind, int64_t value) {
  machine->noted[machine->faults++ % NOTED] = (struct fault){(uint32_t)place, kind, value};
}

static int64_t pop(struct machine *machine, size_t place) {
  if (machine->depth == 0) {
    note(machine, place, 1, 0);
    machine->stack[machine->depth++] = 0;
  }
  return machine->stack[--machine->depth];
}

static void push(struct machine *machine, size_t place, int64_t value) {
  if (machine->depth == DEPTH) {
    note(machine, place, 2, value);
    machine->depth--;
  }
  machine->stack[machine->depth++] = value;
}

static int64_t *cell(struct machine *machine, size_t place, int64_t index) {
  if ((uint64_t)index >= CELLS) {
    note(machine, place, 3, index);
    index = 0;
  }
  return &machine->cells[index];
}

static int64_t divisor(struct machine *machine, size_t place, int64_t value) {
  if (value == 0 || value == -1) {
    note(machine, place, 4, value);
    value = 1;
  }
  return value;
}

static int64_t *local(struct machine *machine, size_t place, int32_t number) {
  if ((uint32_t)number >= LOCALS) {
    note(machine, place, 5, number);
    number = 0;
  }
  return &machine->locals[number];
}

static int64_t run(struct machine *machine, const struct code *program, size_t size, int64_t argument) {
  machine->depth = 0;
  machine->locals[0] = argument;
  for (size_t at = 0; at < size;) {
    const struct code *now = &program[at++];
    machine->steps++;
    switch ((enum op)now->op) {
      case PUSH: push(machine, at, now->number); break;
      case LOAD: push(machine, at, *local(machine, at, now->number)); break;
      case STORE: *local(machine, at, now->number) = pop(machine, at); break;
      case ADD: { const int64_t right = pop(machine, at); push(machine, at, pop(machine, at) + right); break; }
      case SUB: { const int64_t right = pop(machine, at); push(machine, at, pop(machine, at) - right); break; }
      case MUL: { const int64_t right = pop(machine, at); push(machine, at, (int64_t)((uint64_t)pop(machine, at) * (uint64_t)right)); break; }
      case DIVIDE: { const int64_t right = divisor(machine, at, pop(machine, at)); push(machine, at, pop(machine, at) / right); break; }
      case REMAIN: { const int64_t right = divisor(machine, at, pop(machine, at)); push(machine, at, pop(machine, at) % right); break; }
      case LESS: { const int64_t right = pop(machine, at); push(machine, at, pop(machine, at) < right); break; }
      case FETCH: push(machine, at, *cell(machine, at, pop(machine, at))); break;
      case PUT: { const int64_t value = pop(machine, at); *cell(machine, at, pop(machine, at)) = value; break; }
      case JUMP_UNLESS: if (pop(machine, at) == 0) at = (size_t)now->number; break;
      case JUMP: at = (size_t)now->number; break;
      case STOP: return pop(machine, at);
    }
  }
  return 0;
}

/* Fills cells with i * i % 1000 + sum / (i + 1), summing: locals are 0 the limit, 1 i, 2 the sum. */
static struct code program[] = {
    {PUSH, 0}, {STORE, 1}, {PUSH, 7}, {STORE, 2},
    {LOAD, 1}, {LOAD, 0}, {LESS, 0}, {JUMP_UNLESS, 32},                         /*  4 while i < limit */
    {LOAD, 1}, {LOAD, 1}, {MUL, 0}, {PUSH, 1000}, {REMAIN, 0}, {STORE, 3},      /*  8 t = i * i % 1000 */
    {LOAD, 2}, {LOAD, 1}, {PUSH, 1}, {ADD, 0}, {DIVIDE, 0}, {LOAD, 3}, {ADD, 0}, {STORE, 3}, /* 14 t += sum / (i + 1) */
    {LOAD, 1}, {PUSH, 1024}, {REMAIN, 0}, {LOAD, 3}, {PUT, 0},                  /* 22 cells[i % 1024] = t */
    {LOAD, 2}, {LOAD, 3}, {ADD, 0}, {STORE, 2}, {JUMP, 33},                     /* 27 sum += t */
    {JUMP, 38},                                                                 /* 32 */
    {LOAD, 1}, {PUSH, 1}, {ADD, 0}, {STORE, 1}, {JUMP, 4},                      /* 33 i++ */
    {LOAD, 2}, {STOP, 0},                                                       /* 38 */
};

int main(int argc, char **argv) {
  const long limit = rep_arg(argc, argv, 1, 30000, 10000000), reps = rep_arg(argc, argv, 2, 50, 1000000);
  struct machine *machine = rep_alloc(sizeof *machine);
  uint64_t sum = 1;
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, (uint64_t)run(machine, program, sizeof program / sizeof *program, rep_opaque(limit)));
    rep_end(r, begin);
  }
  sum = rep_fold(sum, machine->steps + machine->faults + (uint64_t)machine->cells[77]);
  printf("checked_vm %016llx\n", (unsigned long long)sum);
  return 0;
}
