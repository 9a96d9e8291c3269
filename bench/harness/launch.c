/* Runs one program and reports what it cost.
 *
 *   launch REPORT SECONDS PROGRAM ARGS...
 *
 * Writes one line to the file REPORT:
 *   wall_ns cpu_us peak_kib code timed_out
 * where code is the exit status, or minus the signal number.  A program that
 * runs longer than SECONDS is killed.  Exit status: 0 when the report was
 * written, 1 when something of launch itself failed.
 *
 * It exists because a child's peak memory counts from fork on: started from a
 * large process (Python), every small program would seem to need that
 * process's memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

static int fail(const char *what) {
  fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: launch REPORT SECONDS PROGRAM ARGS...\n");
    return 1;
  }
  /* Blocked, so that the end of the child can be waited for with a limit. */
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ends, NULL);

  const long long begin = now_ns();
  const pid_t child = fork();
  if (child < 0) return fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* an interrupted benchmark leaves nothing behind */
    sigprocmask(SIG_UNBLOCK, &ends, NULL);
    execv(argv[3], argv + 3);
    fail(argv[3]);
    _exit(127);
  }

  int timed_out = 0;
  const struct timespec limit = {atol(argv[2]), 0};
  while (sigtimedwait(&ends, NULL, &limit) < 0) {
    if (errno == EINTR) continue;
    timed_out = 1;
    kill(child, SIGKILL);
    break;
  }
  int status = 0;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) return fail("wait4");
  const long long wall = now_ns() - begin;

  FILE *report = fopen(argv[1], "w");
  if (report == NULL) return fail(argv[1]);
  fprintf(report, "%lld %lld %ld %d %d\n", wall,
          microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), timed_out);
  return fclose(report) == 0 ? 0 : fail(argv[1]);
}
