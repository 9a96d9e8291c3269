// 100,000 exceptions from a hot loop, while the functions that throw, pass and catch them are being
// recompiled.
#include <cstdio>

#define NOINLINE __attribute__((noinline))

static long cleanups;
struct Guard {
  int v;
  ~Guard() { cleanups += v; }
};

NOINLINE static int leaf(int i) {
  if (i % 2 == 0)
    throw i;
  return i;
}
NOINLINE static int middle(int i) {
  Guard g{i & 3};
  return leaf(i) + g.v;
}
NOINLINE static int outer(int i) {
  try {
    return middle(i);
  } catch (int v) {
    if (v % 3 == 0)
      throw static_cast<long>(v);
    return v + 1;
  }
}

int main() {
  long total = 0, longs = 0;
  for (int i = 0; i < 150000; i++) {
    try {
      total += outer(i);
    } catch (long v) {
      longs += v;
    }
  }
  std::printf("%ld %ld %ld\n", total, longs, cleanups);
}
