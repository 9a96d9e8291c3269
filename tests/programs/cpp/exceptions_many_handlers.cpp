// Functions with many call sites and many handlers: 128 types, a try block for each, and nested try blocks.
#include <cstdio>
#include <utility>

#define NOINLINE __attribute__((noinline))

template <int N> struct Type {
  int value = N;
};
static long cleaned;
struct Guard {
  int n;
  ~Guard() { cleaned += n; }
};

template <int... N> NOINLINE static void throw_one(int kind, std::integer_sequence<int, N...>) {
  ((kind == N ? throw Type<N>() : void()), ...);
}
using All = std::make_integer_sequence<int, 128>;
NOINLINE static void thrower(int kind) {
  throw_one(kind, All());
}

// One site after the other, each with its own handler.
template <int N> static inline int site(int kind) {
  try {
    Guard g{N};
    thrower(kind == N + 1 ? N : kind);
    return 0;
  } catch (const Type<N>& t) {
    return t.value * 3 + 1;
  }
}
template <int... N> NOINLINE static int in_a_row(int kind, std::integer_sequence<int, N...>) {
  int total = 0;
  ((total += site<N>(kind)), ...);
  return total;
}
// All handlers around one call, the innermost first.
template <int N> __attribute__((always_inline)) static inline int around(int kind) {
  if constexpr (N == 0) {
    thrower(kind);
    return 1;
  } else {
    try {
      Guard g{1};
      return around<N - 1>(kind);
    } catch (Type<N>& t) {
      return t.value * 5;
    }
  }
}
NOINLINE static int nested(int kind) {
  return around<40>(kind);
}

int main() {
  long total = 0;
  for (int round = 0; round < 5; round++)
    for (int kind = -1; kind < 129; kind++) {
      try {
        total = (total * 31 + in_a_row(kind, All())) % 1000000007;
      } catch (const Type<0>&) {
        total += 2;
      } catch (...) {
        total += 3;
      }
      try {
        total = (total * 31 + nested(kind)) % 1000000007;
      } catch (...) {
        total += 5;
      }
    }
  std::printf("%ld %ld\n", total, cleaned);
}
