// raise, sigaction flags, masks, pending signals, sigsuspend, an alternate stack, kill to itself.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t count[65];
static int value_sum;
static char* alternate;
static volatile int on_alternate;

static void simple(int number) {
  count[number]++;
}
static void detailed(int number, siginfo_t* info, void* context) {
  count[number]++;
  value_sum += info->si_value.sival_int;
}
static void on_stack(int number) {
  char here;
  on_alternate = &here >= alternate && &here < alternate + 65536;
}

__attribute__((noinline)) static void poke(int number) {
  raise(number);
}

int main(void) {
  signal(SIGUSR1, simple);
  for (int i = 0; i < 500; i++)
    poke(SIGUSR1);
  printf("usr1 %d\n", count[SIGUSR1]);

  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = detailed;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN, &action, 0);
  for (int i = 0; i < 300; i++)
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
  printf("rt %d %d\n", count[SIGRTMIN], value_sum);

  sigset_t set, old, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  signal(SIGUSR2, simple);
  sigprocmask(SIG_BLOCK, &set, &old);
  raise(SIGUSR2);
  raise(SIGUSR2);
  sigpending(&pending);
  printf("pending %d, handled %d\n", sigismember(&pending, SIGUSR2), count[SIGUSR2]);
  sigsuspend(&old);
  printf("handled %d\n", count[SIGUSR2]);
  sigprocmask(SIG_SETMASK, &old, 0);

  action.sa_handler = simple;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGTERM, &action, 0);
  raise(SIGTERM);
  sigaction(SIGTERM, 0, &action);
  printf("reset %d %d\n", count[SIGTERM], action.sa_handler == SIG_DFL);

  alternate = malloc(65536);
  stack_t stack = {.ss_sp = alternate, .ss_size = 65536};
  sigaltstack(&stack, 0);
  action.sa_handler = on_stack;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, 0);
  raise(SIGUSR1);
  printf("alternate stack %d\n", on_alternate);

  signal(SIGINT, SIG_IGN);
  kill(getpid(), SIGINT);
  pthread_kill(pthread_self(), SIGUSR2);
  printf("usr2 %d\n", count[SIGUSR2]);
  fflush(stdout);
  signal(SIGTERM, SIG_DFL);
  raise(SIGTERM);
  puts("not reached");
  return 0;
}
