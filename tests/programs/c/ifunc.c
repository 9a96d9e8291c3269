// ifunc: resolvers choose at load time; called, taken by address, and stored in initialised data.
#include <stdio.h>

static int resolutions;
static int plain(int v) {
  return v + 1;
}
static int fancy(int v) {
  return v * 2;
}
static int (*resolve_fancy(void))(int) {
  return fancy;
}
static int (*resolve_plain(void))(int) {
  return plain;
}

int chosen(int v) __attribute__((ifunc("resolve_fancy")));
static int hidden(int v) __attribute__((ifunc("resolve_plain")));

static int (*const table[])(int) = {chosen, hidden};
int (*pointer)(int) = chosen;

int main(void) {
  long total = 0;
  for (int i = 0; i < 1000; i++)
    total += chosen(i) * 3 + hidden(i) + table[i & 1](i) + pointer(i);
  printf("%ld %d\n", total, table[0] == pointer);
  return resolutions;
}
