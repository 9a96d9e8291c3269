/* Shared by every benchmark program: argument parsing, opaque values and the
 * per-repetition clock.
 *
 * A program is started as `prog SIZE... REPS`.  It does the same work REPS
 * times, so that a runtime with several compilation tiers has time to climb
 * and the last repetitions show its steady state.
 *
 * When the environment variable KILN_BENCH_TIMES is set, each repetition
 * writes one line `rep <index> <nanoseconds>` to stderr (monotonic wall
 * clock; the process's CPU time if the variable is `cpu`).  stdout holds only the deterministic result, so that the outputs of
 * two runtimes can be compared byte by byte.
 */
#ifndef KILN_BENCH_REP_H
#define KILN_BENCH_REP_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Returns argument `index` as a number in 1..max, or `fallback` when it is
 * not given.  A malformed or out-of-range argument ends the program with
 * status 2. */
static inline long rep_arg(int argc, char **argv, int index, long fallback, long max) {
  if (index >= argc) return fallback;
  char *end = NULL;
  errno = 0;
  const long value = strtol(argv[index], &end, 10);
  if (errno != 0 || end == argv[index] || *end != '\0' || value < 1 || value > max) {
    fprintf(stderr, "argument %d: expected a number in 1..%ld, got '%s'\n", index, max,
            argv[index]);
    exit(2);
  }
  return value;
}

/* Returns `value` in a way no optimiser can see through.  Without it a pure
 * work function could be hoisted out of the repetition loop. */
static inline long rep_opaque(long value) {
  volatile long hidden = value;
  return hidden;
}

/* Nanoseconds of the clock; 0 when times are not asked for, so that an
 * ordinary run makes no clock calls at all. */
static inline uint64_t rep_begin(void) {
  const char *wanted = getenv("KILN_BENCH_TIMES");
  if (wanted == NULL) return 0;
  struct timespec now;
  clock_gettime(*wanted == 'c' ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Reports repetition `index`, which began at `begin` (from rep_begin). */
static inline void rep_end(long index, uint64_t begin) {
  if (begin == 0) return;
  fprintf(stderr, "rep %ld %llu\n", index, (unsigned long long)(rep_begin() - begin));
}

/* Returns `size` bytes of zeroed memory; ends the program with status 3 when
 * there is none. */
static inline void *rep_alloc(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) {
    fprintf(stderr, "out of memory (%zu bytes)\n", size);
    exit(3);
  }
  return memory;
}

/* Advances a 64-bit xorshift generator; `state` must not be zero. */
static inline uint64_t rep_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

/* Folds `value` into the checksum `sum`; the order of calls matters. */
static inline uint64_t rep_fold(uint64_t sum, uint64_t value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
  return sum ^ (sum >> 29);
}

#endif
