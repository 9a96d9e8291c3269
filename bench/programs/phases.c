/* A program that changes its mind: what is always so in one phase is never so in the next.  A runtime that guesses guesses
 * wrong at every change.
 * Arguments: WHICH UNITS PHASES, where WHICH is branch (the side that is taken), callee (the target of a pointer), argument
 * (a number that every call has) or all; a phase of 1000 units takes about a second natively. */
#include "rep.h"
#include <string.h>

#define APART __attribute__((noinline))
#define LENGTH 1024

static uint32_t data[LENGTH];

/* Which side is taken is in the data, so that only counts tell of it. */
static APART uint64_t by_branch(uint64_t sum, unsigned long rounds) {
  for (unsigned long r = 0; r < rounds; r++)
    for (unsigned i = 0; i < LENGTH; i++) {
      if (data[i] & 1)
        sum += data[i] * 5u ^ sum >> 3;
      else
        sum = (sum ^ data[i]) * 0x9e3779b9u + i;
    }
  return sum;
}

typedef uint64_t step_function(uint64_t, uint32_t);
static APART uint64_t step_odd(uint64_t sum, uint32_t item) { return sum + (item * 5u ^ sum >> 3); }
static APART uint64_t step_even(uint64_t sum, uint32_t item) { return (sum ^ item) * 0x9e3779b9u; }

static APART uint64_t by_callee(uint64_t sum, unsigned long rounds, step_function *step) {
  for (unsigned long r = 0; r < rounds; r++)
    for (unsigned i = 0; i < LENGTH; i++) sum = step(sum, data[i]);
  return sum;
}

/* As a constant, `stride` gives another loop and `factor` another multiplication. */
static APART uint64_t by_argument(uint64_t sum, unsigned long rounds, unsigned stride, unsigned factor) {
  for (unsigned long r = 0; r < rounds; r++)
    for (unsigned start = 0; start < stride; start++)
      for (unsigned i = start; i < LENGTH; i += stride) sum += data[i] * factor ^ sum >> 5;
  return sum;
}

int main(int argc, char **argv) {
  const char *which = argc > 1 ? argv[1] : "all";
  const long units = rep_arg(argc, argv, 2, 1000, 1000000);
  const long phases = rep_arg(argc, argv, 3, 12, 1000000);
  const int all = strcmp(which, "all") == 0;
  const int branch = all || strcmp(which, "branch") == 0;
  const int callee = all || strcmp(which, "callee") == 0;
  const int argument = all || strcmp(which, "argument") == 0;
  if (!branch && !callee && !argument) return 2;
  step_function *const steps[2] = {step_odd, step_even};
  uint64_t sum = 1, state = 88172645463325252u;
  for (long phase = 0; phase < phases; phase++) {
    const uint64_t begin = rep_begin();
    const unsigned odd = (unsigned)rep_opaque(phase & 1);
    for (unsigned i = 0; i < LENGTH; i++) data[i] = (uint32_t)(rep_random(&state) << 1) | odd;
    for (long unit = 0; unit < units; unit++) {
      if (branch) sum = rep_fold(sum, by_branch(sum, all ? 150 : 450));
      if (callee) sum = rep_fold(sum, by_callee(sum, all ? 150 : 450, steps[odd]));
      if (argument) sum = rep_fold(sum, by_argument(sum, all ? 150 : 450, odd ? 1 : 4, odd ? 3 : 8));
    }
    rep_end(phase, begin);
  }
  printf("phases %016llx\n", (unsigned long long)sum);
  return 0;
}
