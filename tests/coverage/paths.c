// Paths that some runs take and others do not: see run.py. The first argument says which.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf back;
static int sum;

static int branches(int n) {
  if (n % 2 == 0)
    sum += n;
  else if (n > 100)
    sum -= n;
  for (int i = 0; i < n; i++) {
    if (i == 77)
      sum ^= i;
    sum += i & 3;
  }
  return n > 3 ? sum : -sum;
}

static const char *choose(int n) {
  switch (n) {
  case 0:
    return "none";
  case 1:
    return "one";
  case 2:
  case 3:
    sum++;
    return "few";
  default:
    return "many";
  }
}

static void leave(int how) {
  if (how == 1)
    longjmp(back, 5);
  if (how == 2)
    exit(6);
  sum += how;
}

// Left in the middle when leave() does not return.
static void middle(int how) {
  sum += 2;
  leave(how);
  sum += 3;
}

static void never(void) {
  sum = 0;
  printf("never\n");
}

static int recursive(int n) {
  if (n < 2)
    return n;
  return recursive(n - 1) + recursive(n - 2);
}

int main(int argc, char **argv) {
  int path = argc > 1 ? atoi(argv[1]) : 0;
  for (int i = 0; i < 30; i++)
    branches(i);
  for (int i = 0; i < 3000; i++)
    recursive(5);
  printf("%s %s\n", choose(path), choose(path + 1));
  int jumped = setjmp(back);
  if (jumped == 0)
    middle(path);
  else
    printf("jumped %d\n", jumped); // more than clang knows
  if (path > 9)
    never();
  printf("%d\n", sum);
  return 0;
}
