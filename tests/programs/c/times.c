// Time: clocks do not run backwards, calendar functions, sleeping, interval timers by thread and by
// signal.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

__attribute__((noinline)) static long now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000l + t.tv_nsec;
}

int main(void) {
  long last = 0, backwards = 0;
  for (int i = 0; i < 3000; i++) {
    long t = now(CLOCK_MONOTONIC);
    backwards += t < last;
    last = t;
  }
  printf("backwards %ld\n", backwards);
  long start = now(CLOCK_MONOTONIC);
  nanosleep(&(struct timespec){0, 5000000}, 0);
  printf("slept %d\n", now(CLOCK_MONOTONIC) - start >= 5000000);
  char text[100];
  unsigned h = 0;
  for (int i = 0; i < 400; i++) {
    time_t t = (time_t)i * 8640077;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %a %b", &tm);
    for (char* p = text; *p; p++)
      h = h * 31 + (unsigned char)*p;
    h += timegm(&tm) == t;
  }
  printf("%u %s\n", h, text);
  struct tm parsed;
  memset(&parsed, 0, sizeof parsed);
  strptime("2024-02-29 12:34:56", "%Y-%m-%d %H:%M:%S", &parsed);
  printf("%ld %d\n", (long)mktime(&parsed), parsed.tm_yday);
  printf("%d %d\n", time(0) > 1600000000, clock() != (clock_t)-1);
  return 0;
}
