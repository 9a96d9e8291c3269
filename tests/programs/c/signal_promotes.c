// Functions come to better code inside a handler that interrupts malloc: what promotes them must not allocate there.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define FUNCTIONS 24

static volatile sig_atomic_t rounds;
static volatile unsigned long sums[FUNCTIONS];

// Each of them is called and loops in the handler only, but for the first call.
#define WORK(n)                                                                                                                \
  __attribute__((noinline)) static unsigned long work##n(unsigned long limit) {                                                \
    unsigned long sum = n;                                                                                                     \
    for (unsigned long i = 0; i < limit; i++)                                                                                  \
      sum = sum * 31 + (i ^ (sum >> 7));                                                                                       \
    return sum;                                                                                                                \
  }
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) \
  X(20) X(21) X(22) X(23)
EACH(WORK)
#define NAME(n) work##n,
static unsigned long (*const works[FUNCTIONS])(unsigned long) = {EACH(NAME)};

__attribute__((noinline)) static void handler(int number) {
  int at = rounds++ / 20 % FUNCTIONS; // one function after the other becomes hot
  sums[at] = works[at](300);
}

int main(void) {
  for (int i = 0; i < FUNCTIONS; i++)
    sums[i] = works[i](0); // a first call compiles: not in the handler
  handler(0);
  rounds = 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, 0);
  unsigned long kept = 0;
  void* blocks[64] = {0};
  for (unsigned long i = 0; rounds < 20 * FUNCTIONS; i++) {
    free(blocks[i % 64]);
    blocks[i % 64] = malloc(16 + i % 5000);
    kept += blocks[i % 64] != 0;
  }
  setitimer(ITIMER_REAL, &never, 0);
  for (int i = 0; i < 64; i++)
    free(blocks[i]);
  unsigned long sum = 0;
  for (int i = 0; i < FUNCTIONS; i++)
    sum = sum * 7 + sums[i];
  printf("%lu %s\n", sum, kept ? "kept" : "");
  return 0;
}
