// Exception specifications as they were up to C++14: what is named passes, all else calls the unexpected handler, which
// may throw something that is named, or else becomes std::bad_exception where that is named.
// CFLAGS: -std=c++14 -Wno-deprecated
// LEVELS: O0 O1 O2
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#define NOINLINE __attribute__((noinline))

struct Guard {
  static int ended;
  ~Guard() { ended++; }
};
int Guard::ended;

NOINLINE static void thrower(int kind) {
  Guard g;
  switch (kind % 5) {
  case 0: throw kind;
  case 1: throw std::out_of_range("range");
  case 2: throw "text";
  case 3: throw 1.5;
  default: return;
  }
}

NOINLINE static int only_int(int kind) throw(int) {
  Guard g;
  thrower(kind);
  return 1;
}
NOINLINE static int logic_or_double(int kind) throw(std::logic_error, double, std::bad_exception) {
  Guard g;
  thrower(kind);
  return 2;
}
NOINLINE static int through_two(int kind) throw(int, double, std::exception) {
  Guard g;
  return logic_or_double(kind) + 1;
}
// Two specifications and handlers in one function, once the inner one is inlined.
static inline int inlined(int kind) throw(int, const char*) {
  thrower(kind);
  return 4;
}
NOINLINE static int around(int kind) throw(int, std::string) {
  try {
    return inlined(kind);
  } catch (const char* s) {
    throw std::string(s);
  }
}

static int handler_calls;
static void becomes_int() {
  handler_calls++;
  throw 77;
}
static void throws_again() {
  handler_calls++;
  throw;
}

template <typename Run> static int outcome(Run run) {
  try {
    return run();
  } catch (int v) {
    return 1000 + v % 10;
  } catch (double) {
    return 2000;
  } catch (const std::bad_exception&) {
    return 3000;
  } catch (const std::logic_error&) {
    return 4000;
  } catch (const std::string& s) {
    return 5000 + static_cast<int>(s.size());
  } catch (const char*) {
    return 6000;
  }
}

int main() {
  long total = 0;
  for (int i = 0; i < 200; i++) {
    std::set_unexpected(becomes_int);
    int a = outcome([=] { return only_int(i); });
    int b = outcome([=] { return around(i); });
    std::set_unexpected(throws_again);
    int c = outcome([=] { return logic_or_double(i); });
    int d = outcome([=] { return through_two(i); });
    if (i < 5)
      std::printf("%d %d %d %d\n", a, b, c, d);
    total = (total * 31 + a + b + c + d) % 1000000007;
  }
  std::printf("%ld %d %d\n", total, handler_calls, Guard::ended);
}
