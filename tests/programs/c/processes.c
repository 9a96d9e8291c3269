// Other ways to a new process: vfork and exec, posix_spawn, system, popen both ways, pipes between
// children.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

__attribute__((noinline)) static int by_vfork(const char* text) {
  int status;
  pid_t pid = vfork();
  if (pid == 0) {
    execlp("sh", "sh", "-c", text, (char*)0);
    _exit(127);
  }
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

__attribute__((noinline)) static int by_spawn(const char* text) {
  char* arguments[] = {"sh", "-c", (char*)text, 0};
  int status;
  pid_t pid;
  if (posix_spawnp(&pid, "sh", 0, 0, arguments, environ))
    return -1;
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

__attribute__((noinline)) static long through_pipe(int n) {
  int ends[2];
  long total = 0, value;
  if (pipe(ends))
    return -1;
  if (fork() == 0) {
    close(ends[0]);
    for (long i = 0; i < n; i++) {
      value = i * i;
      if (write(ends[1], &value, sizeof value) != sizeof value)
        _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  while (read(ends[0], &value, sizeof value) == sizeof value)
    total += value;
  close(ends[0]);
  wait(0);
  return total;
}

int main(void) {
  char line[100];
  setenv("KILN_TEST_WORD", "passed on", 1);
  printf("%d %d\n", by_vfork("exit 7"), by_vfork("test \"$KILN_TEST_WORD\" = 'passed on'"));
  printf("%d %d\n", by_spawn("exit 9"), by_spawn("exit 0"));
  fflush(stdout);
  int status = system("echo from system; exit 3");
  printf("%d\n", WEXITSTATUS(status));
  FILE* in = popen("echo one; echo two", "r");
  while (fgets(line, sizeof line, in))
    printf("read %s", line);
  printf("%d\n", pclose(in));
  fflush(stdout);
  FILE* out = popen("tr a-z A-Z", "w");
  fputs("shout\n", out);
  printf("%d\n", pclose(out));
  printf("%ld\n", through_pipe(1000));
  fflush(stdout);
  execl("/bin/echo", "echo", "replaced", (char*)0);
  return 1;
}
