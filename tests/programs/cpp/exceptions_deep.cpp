// Unwinding through a thousand frames and more: with destructors, with a rethrow at every level, with handlers that do
// not match, and with frames of the C library between.
// LEVELS: O0 O1 O2
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#define NOINLINE __attribute__((noinline))

static unsigned order;
struct Guard {
  int depth;
  ~Guard() { order = order * 31 + static_cast<unsigned>(depth); }
};
struct Bottom {
  int depth;
};

NOINLINE static int with_guards(int depth) {
  Guard g{depth};
  if (depth == 0)
    throw Bottom{12};
  return with_guards(depth - 1) + g.depth;
}
NOINLINE static int without(int depth, volatile int* counter) {
  if (depth == 0)
    throw Bottom{34};
  int below = without(depth - 1, counter);
  *counter = *counter + 1; // never: keeps the frame
  return below + 1;
}
NOINLINE static int rethrows(int depth) {
  try {
    return depth == 0 ? throw Bottom{0} : rethrows(depth - 1) + 1;
  } catch (Bottom& b) {
    b.depth++;
    throw;
  }
}
NOINLINE static int replaces(int depth) {
  try {
    return depth == 0 ? throw 0L : replaces(depth - 1) + 1;
  } catch (long v) {
    throw static_cast<int>(v) + 1;
  } catch (int v) {
    throw static_cast<long>(v) + 1;
  }
}
NOINLINE static int never_matches(int depth) {
  try {
    return depth == 0 ? throw Bottom{56} : never_matches(depth - 1) + 1;
  } catch (const std::string& s) {
    return static_cast<int>(s.size());
  } catch (char* s) {
    return s[0];
  }
}
NOINLINE static int even(int depth);
NOINLINE static int odd(int depth) {
  Guard g{depth};
  return even(depth - 1) + 1;
}
NOINLINE static int even(int depth) {
  try {
    if (depth == 0)
      throw Bottom{78};
    return odd(depth - 1) + 1;
  } catch (int) {
    return -1;
  }
}
// Each level is a comparator that qsort calls.
static int sort_depth;
NOINLINE static int compare(const void* a, const void* b);
NOINLINE static int sorts() {
  int values[2] = {2, 1};
  qsort(values, 2, sizeof *values, compare);
  return values[0];
}
static int compare(const void* a, const void* b) {
  Guard g{sort_depth};
  if (sort_depth-- == 0)
    throw Bottom{90};
  int before = sort_depth;
  try {
    sorts();
  } catch (Bottom& bottom) {
    bottom.depth++;
    if (before % 7 == 3)
      throw Bottom{bottom.depth + 1000};
    throw;
  }
  return 0;
}
// Stops half-way: the frames above go on.
NOINLINE static int stops(int depth, int at) {
  Guard g{depth};
  if (depth == 0)
    throw Bottom{5};
  if (depth != at)
    return stops(depth - 1, at) + 1;
  try {
    return stops(depth - 1, -1);
  } catch (Bottom& b) {
    return b.depth;
  }
}

template <typename Run> static int outcome(Run run) {
  try {
    return run();
  } catch (const Bottom& b) {
    return 10000 + b.depth;
  } catch (int v) {
    return 20000 + v;
  } catch (long v) {
    return 30000 + static_cast<int>(v);
  }
}

int main() {
  volatile int counter = 0;
  for (int depth : {1, 10, 100, 1000, 3000}) {
    int results[] = {
        outcome([=] { return with_guards(depth); }),
        outcome([&] { return without(depth, &counter); }),
        outcome([=] { return depth > 1000 ? 0 : rethrows(depth); }), // costs depth squared
        outcome([=] { return replaces(depth); }),
        outcome([=] { return never_matches(depth); }),
        outcome([=] { return even(depth / 2 * 2); }),
        outcome([=] { return stops(depth, depth / 2); }),
        outcome([=] {
          sort_depth = depth > 300 ? 300 : depth;
          return sorts();
        }),
    };
    for (int r : results)
      std::printf("%d ", r);
    std::printf("%u\n", order);
  }
  long total = 0;
  for (int i = 0; i < 300; i++)
    total += outcome([=] { return with_guards(i % 50); }) + outcome([=] { return stops(60, i % 60); });
  std::printf("%ld %u %d\n", total, order, counter);
}
