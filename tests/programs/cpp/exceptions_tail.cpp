// Exceptions and back-traces through functions whose frames were given up for tail calls.
#include <cstdio>
#include <stdexcept>
#include <unwind.h>

#define NOINLINE __attribute__((noinline))
#define TAIL [[clang::musttail]] return

struct Noisy {
  long* at;
  ~Noisy() { *at = *at * 10 + 1; }
};

static long log_ = 0;

NOINLINE static long thrower(long n, long a, long b) {
  if (n > 2)
    throw std::runtime_error("far down");
  if (n == 2)
    throw a + b;
  return a - b;
}
NOINLINE static long middle(long n, long a, long b) {
  volatile long kept[4] = {n, a, b, a * b};
  long x = kept[3] - a * b;
  TAIL thrower(n + x, b, a);
}
NOINLINE static long outer(long n, long a, long b) { TAIL middle(n, a + 1, b); }
// More arguments than registers: on the stack of whoever calls first.
NOINLINE static long many(long a, long b, long c, long d, long e, long f, long g, long h) {
  if (a == 0)
    return outer(b, c + g, d + h);
  TAIL many(a - 1, b, d, c, f, e, h, g);
}
static long (*volatile through)(long, long, long) = outer;
NOINLINE static long indirect(long n, long a, long b) { TAIL through(n, a, b); }

NOINLINE static long guarded(long n, long a) {
  Noisy noisy{&log_};
  long before = a * 7;
  try {
    long first = indirect(n, a, 3);
    return first + many(5, n, a, 1, 2, 3, 4, 5) + before;
  } catch (long value) {
    return value * 1000 + before;
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return -before;
  }
}

static _Unwind_Reason_Code step(_Unwind_Context*, void* count) {
  ++*static_cast<long*>(count);
  return _URC_NO_REASON;
}
NOINLINE static long frames(long) {
  long count = 0;
  _Unwind_Backtrace(step, &count);
  return count;
}
NOINLINE static long deep(long n) {
  if (n == 0)
    TAIL frames(n);
  TAIL deep(n - 1);
}

int main() {
  for (int round = 0; round < 3; ++round)
    for (long n = 0; n < 5; ++n)
      std::printf("%ld %ld\n", guarded(n, n + 10), log_ % 1000000007);
  long near = deep(1), far = deep(100000);
  std::printf("%d %d\n", near == far, near >= 2);
}
