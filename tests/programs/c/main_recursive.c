// main calls itself, is called through a pointer, and falls off its end, which is status 0.
#include <stdio.h>

static int depth;

int main(int argc, char** argv) {
  int (*volatile again)(int, char**) = main;
  if (depth < 500) {
    depth++;
    int r = depth % 2 ? main(argc + 1, argv) : again(argc + 1, argv);
    depth--;
    return r + 1;
  }
  printf("%d %d\n", depth, argc);
  fflush(stdout);
}
