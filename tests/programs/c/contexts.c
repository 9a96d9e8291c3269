// makecontext and swapcontext: coroutines on stacks of their own, switched from hot functions;
// sigaltstack not needed.
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

enum { COROUTINES = 4, STACK = 128 * 1024 };
static ucontext_t scheduler, contexts[COROUTINES];
static int current, finished;
static long produced[COROUTINES];

__attribute__((noinline)) static void yield(void) {
  swapcontext(&contexts[current], &scheduler);
}

__attribute__((noinline)) static long recurse(int depth) {
  if (depth == 0) {
    yield();
    return 1;
  }
  return recurse(depth - 1) + depth;
}

static void body(int id, int rounds) {
  for (int i = 0; i < rounds; i++)
    produced[id] = (produced[id] * 31 + recurse((id + i) % 20)) % 1000003;
  finished++;
}

int main(void) {
  for (int i = 0; i < COROUTINES; i++) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_sp = malloc(STACK);
    contexts[i].uc_stack.ss_size = STACK;
    contexts[i].uc_link = &scheduler;
    makecontext(&contexts[i], (void (*)(void))body, 2, i, 300 + i * 10);
  }
  int switches = 0, left[COROUTINES];
  for (int i = 0; i < COROUTINES; i++)
    left[i] = 300 + i * 10 + 1;
  while (finished < COROUTINES) {
    current = switches++ % COROUTINES;
    if (left[current] == 0)
      continue;
    left[current]--;
    swapcontext(&scheduler, &contexts[current]);
  }
  for (int i = 0; i < COROUTINES; i++)
    printf("%ld ", produced[i]);
  printf("%d\n", switches);
  return 0;
}
