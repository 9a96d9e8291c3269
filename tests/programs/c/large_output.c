// Several megabytes of output through all buffering modes and by write(2); nothing may be lost or
// reordered.
// STDERR: to standard error
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static void lines(int n) {
  for (int i = 0; i < n; i++)
    printf("%08d the quick brown fox jumps over the lazy dog %d\n", i, i * 37 % 1000);
}

int main(void) {
  static char buffer[5000], block[4096];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  lines(30000);
  fflush(stdout);
  setvbuf(stdout, 0, _IONBF, 0);
  lines(200);
  setvbuf(stdout, 0, _IOLBF, 0);
  lines(2000);
  memset(block, 'x', sizeof block);
  block[sizeof block - 1] = '\n';
  for (int i = 0; i < 200; i++)
    for (size_t done = 0; done < sizeof block;) {
      ssize_t n = write(1, block + done, sizeof block - done);
      if (n < 0)
        return 1;
      done += (size_t)n;
    }
  fputs("to standard error\n", stderr);
  printf("unterminated at the end");
  return 0;
}
