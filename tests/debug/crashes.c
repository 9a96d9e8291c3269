#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int zero;
static int *volatile nowhere;

static void handled(int signal) {
  (void)signal;
  _exit(7);
}

__attribute__((noinline)) int by_pointer(int n) {
  zero = *nowhere; /* a null pointer */
  return zero + n;
}

__attribute__((noinline)) int by_division(int n) {
  int value = n / zero; /* a division */
  return value + n;
}

__attribute__((noinline)) int by_abort(int n) {
  abort();
  return n;
}

__attribute__((noinline)) int by_recursion(int n) {
  volatile int room[64];
  room[n & 63] = n;
  return by_recursion(n + 1) + room[(n + 1) & 63];
}

/* Dispositions are as natively. */
static int look(void) {
  struct sigaction now;
  stack_t stack;
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
  for (int i = 0; i < 6; ++i)
    if (sigaction(signals[i], 0, &now) != 0 || now.sa_handler != SIG_DFL || now.sa_flags != 0)
      return 10 + i;
  if (sigaltstack(0, &stack) != 0 || stack.ss_flags != SS_DISABLE)
    return 20;
  if (signal(SIGFPE, handled) != SIG_DFL || signal(SIGFPE, SIG_IGN) != handled || signal(SIGFPE, SIG_DFL) != SIG_IGN)
    return 21;
  if (signal(SIGFPE, SIG_DFL) != SIG_DFL)
    return 22;
  return 0;
}

__attribute__((noinline)) int choose(const char *what) {
  int done = 0;
  if (!strcmp(what, "pointer"))
    done = by_pointer(1);
  else if (!strcmp(what, "division"))
    done = by_division(1);
  else if (!strcmp(what, "abort"))
    done = by_abort(1);
  else if (!strcmp(what, "recursion"))
    done = by_recursion(1);
  else if (!strcmp(what, "raise"))
    done = raise(SIGBUS);
  zero = done;
  return done;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 1;
  if (!strcmp(argv[1], "look"))
    return look();
  if (!strcmp(argv[1], "handled")) {
    signal(SIGSEGV, handled);
    return choose("pointer");
  }
  if (!strcmp(argv[1], "again")) {
    signal(SIGSEGV, handled);
    signal(SIGSEGV, SIG_DFL);
    zero = choose("pointer");
    return 2;
  }
  int result = choose(argv[1]);
  zero = result;
  return 2;
}
