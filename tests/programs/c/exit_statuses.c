// All exit statuses 0 to 255 of children that end in different ways, and statuses beyond.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void end(int way, int status) {
  if (way == 0)
    exit(status);
  if (way == 1)
    _exit(status);
  if (way == 2)
    _Exit(status);
  quick_exit(status);
}

int main(void) {
  int wrong = 0, status;
  for (int i = 0; i < 256; i++) {
    pid_t child = fork();
    if (child == 0)
      end(i & 3, i);
    waitpid(child, &status, 0);
    wrong += !WIFEXITED(status) || WEXITSTATUS(status) != i;
  }
  printf("wrong %d\n", wrong);
  for (int i = -1; i < 1000; i += 333) {
    pid_t child = fork();
    if (child == 0)
      exit(i);
    waitpid(child, &status, 0);
    printf("%d ", WEXITSTATUS(status));
  }
  puts("");
  return 255;
}
