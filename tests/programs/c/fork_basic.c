// fork: the child runs functions that nobody has run yet, and hot ones on; grandchildren; many
// children.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static unsigned hot(unsigned n) {
  unsigned h = n;
  for (int i = 0; i < 200; i++)
    h = h * 31 + (unsigned)i;
  return h;
}

#define FRESH(n)                                                                                   \
  NOINLINE static unsigned fresh##n(unsigned x) {                                                  \
    return hot(x + n) ^ n;                                                                         \
  }
FRESH(0)
FRESH(1) FRESH(2) FRESH(3) FRESH(4) FRESH(5) FRESH(6)
    FRESH(7) static unsigned (*const fresh[])(unsigned) = {fresh0, fresh1, fresh2, fresh3,
                                                           fresh4, fresh5, fresh6, fresh7};

NOINLINE static int child_of(int generation, unsigned seed) {
  pid_t child = fork();
  if (child < 0)
    return 250;
  if (child == 0) {
    unsigned h = seed;
    for (int i = 0; i < 400; i++)
      h ^= fresh[generation](h);
    int below = generation < 3 ? child_of(generation + 1, h) : 0;
    printf("generation %d: %u, below %d\n", generation, h, below);
    fflush(stdout);
    _exit((int)(h % 100));
  }
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int main(void) {
  unsigned h = 1;
  printf("%d\n", child_of(0, 5));
  fflush(stdout);
  long statuses = 0;
  for (int i = 0; i < 1500; i++) {
    h = hot(h);
    if (i % 50 == 0) {
      /* From within a hot loop: the child goes on with it to the end. */
      pid_t child = fork();
      if (child == 0) {
        for (int k = 0; k < 300; k++)
          h = hot(h);
        exit((int)(fresh[4 + i / 50 % 4](h) % 64));
      }
      int status;
      waitpid(child, &status, 0);
      statuses = statuses * 3 + status / 256;
    }
  }
  printf("%u %ld\n", h, statuses);
  return 0;
}
