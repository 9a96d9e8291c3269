// Thread-local variables under each TLS model that a compiler can ask for, and in a fork's child.
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int dynamic __attribute__((tls_model("global-dynamic"))) = 1;
static _Thread_local int local __attribute__((tls_model("local-dynamic"))) = 2;
static _Thread_local int initial __attribute__((tls_model("initial-exec"))) = 3;
static _Thread_local unsigned exec __attribute__((tls_model("local-exec"))) = 4;
static __thread char big[100000];

__attribute__((noinline)) static unsigned mix(int i) {
  dynamic += i;
  local ^= dynamic;
  initial += local & 15;
  exec = exec * 3 + (unsigned)initial;
  big[i * 97 % 100000]++;
  return exec + (unsigned)big[97];
}

static void* work(void* argument) {
  unsigned h = 0;
  for (int i = 0; i < 1000; i++)
    h = h * 31 + mix(i);
  *(unsigned*)argument = h;
  return 0;
}

int main(void) {
  unsigned first, second, mine;
  pthread_t a, b;
  pthread_create(&a, 0, work, &first);
  pthread_create(&b, 0, work, &second);
  pthread_join(a, 0);
  pthread_join(b, 0);
  work(&mine);
  printf("%u %d %d\n", mine, first == mine, second == mine);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    _exit((int)(mix(5) & 63) + 1);
  int status;
  waitpid(child, &status, 0);
  printf("%d %d\n", WEXITSTATUS(status), WEXITSTATUS(status) == (int)(mix(5) & 63) + 1);
  return 0;
}
