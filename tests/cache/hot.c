/* Functions that prove hot at once, and a loop in main that moves while it runs. The result depends on all of them. How the
   program ends is its first argument. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef STEP
#define STEP 3
#endif

static unsigned mix(unsigned a, unsigned b) { return (a ^ b) * 2654435761u + STEP; }
__attribute__((noinline)) unsigned turn(unsigned x, unsigned n) {
  for (unsigned i = 0; i < n; ++i)
    x = mix(x, i);
  return x;
}
__attribute__((noinline)) unsigned pick(unsigned x) {
  switch (x % 5) {
  case 0: return x + 1;
  case 1: return x * 3;
  case 2: return x ^ 0x55;
  case 3: return x >> 1;
  default: return x - 7;
  }
}
_Thread_local unsigned seen;
__attribute__((noinline)) unsigned count(unsigned x) { return seen += x & 1; }
extern unsigned kiln_nowhere(unsigned) __attribute__((weak));

static unsigned work(unsigned rounds) {
  unsigned x = 1;
  for (unsigned i = 0; i < rounds; ++i) {
    x = turn(x, 20);
    x = pick(x) + count(x);
    if (kiln_nowhere)
      x = kiln_nowhere(x);
  }
  return x;
}

static void *other(void *rounds) {
  printf("thread %u\n", work(*(unsigned *)rounds));
  return NULL;
}

int main(int argc, char **argv) {
  const char *end = argc > 1 ? argv[1] : "return";
  unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 1500000;
  if (!strcmp(end, "late")) /* when what earlier runs kept has been put in place */
    sleep(1);
  printf("%u\n", work(rounds));
  fflush(stdout);
  if (!strcmp(end, "exit"))
    exit(3);
  if (!strcmp(end, "now"))
    _exit(4);
  if (!strcmp(end, "abort"))
    abort();
  if (!strcmp(end, "kill"))
    raise(SIGKILL);
  if (!strcmp(end, "fork")) {
    for (int i = 0; i < 3; ++i)
      if (fork() == 0) {
        printf("child %u\n", work(rounds));
        exit(i);
      } else {
        int status;
        wait(&status);
        printf("status %d\n", WEXITSTATUS(status));
        fflush(stdout);
      }
  }
  if (!strcmp(end, "exec")) {
    execl("/bin/echo", "echo", "another program", (char *)NULL);
    return 9;
  }
  if (!strcmp(end, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, other, &rounds);
    pthread_exit(NULL);
  }
  return 0;
}
