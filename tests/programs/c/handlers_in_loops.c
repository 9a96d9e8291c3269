// Signals arrive in the middle of loops over integers, floats and structs; their handlers use floats, the C library and
// loops of their own, and nest. Nothing that was live is lost.
// LINK: -lm
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks, nested;
static volatile double from_handler;

static void on_inner(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  nested += info->si_code == SI_TKILL || info->si_code == SI_USER;
}
static void on_tick(int number) {
  (void)number;
  double x = 1;
  char text[64];
  for (int i = 1; i < 30; i++)
    x = x * 1.25 + (double)i / 3;
  from_handler = sqrt(x);
  snprintf(text, sizeof text, "%.3f", x);
  if (ticks < 5)
    raise(SIGUSR1);
  ticks += text[0] != 0;
}
static int by_number(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static double mix(int rounds, unsigned *hash, long double *wide, __int128 *large) {
  double x = 0.1, y = 3;
  long double z = 1;
  __int128 w = 1;
  unsigned h = 7;
  int sorted[8];
  for (int i = 0; i < rounds; i++) {
    h = h * 1664525 + 1013904223;
    x = x * 0.999 + (double)(h >> 16) / 65536;
    y = y > 100 ? y / 7 : y + x / 3;
    z = z * 1.0000001L + 0.5L;
    w = w * 6364136223846793005LL + (int)h;
    if (i % 512 == 0) {
      for (int j = 0; j < 8; j++)
        sorted[j] = (int)(h >> j);
      qsort(sorted, 8, sizeof *sorted, by_number);
      h ^= (unsigned)sorted[3];
    }
  }
  *hash = h, *wide = z, *large = w;
  return x + y;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_tick;
  sigaction(SIGALRM, &action, 0);
  action.sa_sigaction = on_inner;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, 0);
  unsigned hash, first_hash;
  long double wide, first_wide;
  __int128 large, first_large;
  double first = mix(20000, &first_hash, &first_wide, &first_large);
  struct itimerval interval = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &interval, 0);
  int same = 1;
  while (ticks < 60) {
    double again = mix(20000, &hash, &wide, &large);
    same &= again == first && hash == first_hash && wide == first_wide && large == first_large;
  }
  memset(&interval, 0, sizeof interval);
  setitimer(ITIMER_REAL, &interval, 0);
  printf("%s %d %d %.6f\n", same ? "same" : "different", nested, ticks >= 60, (double)from_handler);
  printf("%u %.9f %.6Lf %llx\n", first_hash, first, first_wide, (unsigned long long)first_large);
  return 0;
}
