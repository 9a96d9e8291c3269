// A timer signal arrives again and again while hot loops run; its handler is program code too.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static unsigned long in_handler;

__attribute__((noinline)) static unsigned long busy(unsigned long n) {
  unsigned long h = n;
  for (unsigned long i = 0; i < n; i++)
    h = h * 6364136223846793005ul + i;
  return h;
}

static void handler(int number) {
  ticks++;
  in_handler += busy(100) & 1;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  struct itimerval timer = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, 0);
  unsigned long reference = busy(5000);
  long rounds = 0, wrong = 0;
  while (ticks < 40) {
    wrong += busy(5000) != reference;
    rounds++;
  }
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, 0);
  printf("wrong %ld, at least 40 ticks: %d, rounds: %d\n", wrong, ticks >= 40, rounds > 0);
  return 0;
}
