// fork in a program with busy threads, with pthread_atfork handlers; the child starts threads of
// its own.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;
static int prepared, in_parent, in_child;
static void prepare(void) {
  prepared++;
}
static void parent(void) {
  in_parent++;
}
static void child(void) {
  in_child++;
}

__attribute__((noinline)) static unsigned spin(unsigned n) {
  for (int i = 0; i < 500; i++)
    n = n * 69069 + 1;
  return n;
}

static void* busy(void* argument) {
  unsigned n = 1;
  while (!stop)
    n = spin(n);
  return 0;
}

static void* compute(void* argument) {
  unsigned n = *(unsigned*)argument;
  for (int i = 0; i < 200; i++)
    n = spin(n);
  *(unsigned*)argument = n;
  return 0;
}

__attribute__((noinline)) static unsigned in_threads(unsigned seed) {
  pthread_t threads[2];
  unsigned values[2] = {seed, seed + 1};
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], 0, compute, &values[i]);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], 0);
  return values[0] ^ values[1];
}

int main(void) {
  pthread_t threads[2];
  int wrong = 0;
  pthread_atfork(prepare, parent, child);
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], 0, busy, 0);
  unsigned expected = in_threads(9) % 251;
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      if (in_child != 1)
        _exit(255);
      exit((int)(in_threads(9) % 251));
    }
    int status;
    waitpid(pid, &status, 0);
    wrong += !WIFEXITED(status) || WEXITSTATUS(status) != (int)expected;
  }
  stop = 1;
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], 0);
  printf("wrong %d, prepared %d, parent %d\n", wrong, prepared, in_parent);
  return 0;
}
