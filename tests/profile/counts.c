// Every count of this program's profile is known: see run.py.
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
static volatile int sink;

NOINLINE void branches(int n) {
  if (n % 3 == 0)
    sink = n;
}
NOINLINE void cases(int n) {
  switch (n) {
  // Different numbers of stores, so that no optimiser makes a table of it.
  case 2: sink = 20; break;
  case 3: sink = 31; sink = 32; break;
  case 5: sink = 57; sink = 58; sink = 59; break;
  case 9: sink = 93; sink = 94; sink = 95; sink = 96; break;
  default:;
  }
}
NOINLINE void far_cases(long n) {
  switch (n) {
  case -7: sink = 20; break;
  case 1000000: sink = 31; break;
  case 2: sink = 57; break;
  default: sink = 1;
  }
}
NOINLINE void loops(int outer, int inner) {
  int i = 0;
  do {
    int j = 0;
    do
      sink = j;
    while (++j < inner);
  } while (++i < outer);
}
NOINLINE void one(int n) { sink = n; }
NOINLINE void two(int n) { sink = n + 1; }
NOINLINE void three(int n) { sink = n + 2; }
NOINLINE void indirect(void (*to)(int)) { to(4); }
static char from[4096], to[4096];
NOINLINE void copies(size_t size) { memcpy(to, from, size); }
NOINLINE void moves(size_t size) { memmove(to, from, size); }
NOINLINE void fills(size_t size) { memset(to, 1, size); }
NOINLINE int compares(size_t size) { return memcmp(to, from, size); }
NOINLINE void arguments(int same, int differs, const char *null, double no_integer, short narrow) {
  sink = same + differs + (null != 0) + (int)no_integer + narrow;
}
NOINLINE void never(int n) { sink = n; }

int main(int argc, char **argv) {
  for (int i = 0; i < 1000; i++)
    branches(i);
  for (int i = 0; i < 100; i++)
    cases(i % 10);
  for (int i = 0; i < 60; i++)
    far_cases(i % 3 == 0 ? -7 : i % 2 ? 1000000 : i);
  for (int i = 0; i < 7; i++)
    loops(5, 11);
  for (int i = 0; i < 90; i++)
    indirect(i % 9 == 0 ? three : i % 3 == 0 ? two : one);
  for (int i = 0; i < 80; i++) {
    copies(i % 4 ? 16 : 100);
    moves(33);
    fills(i % 8 ? 64 : 5);
    sink = compares(8);
  }
  for (int i = 0; i < 25; i++)
    arguments(-5, i, 0, 0.5, -3);
  if (argc > 5)
    never(1);
  return 0;
}
