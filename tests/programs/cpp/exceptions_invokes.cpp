// What lives across calls that throw: in registers, in slots, on the stack; results of invokes of all kinds.
// LEVELS: O0 O1 O2
#include <cstdio>
#include <stdexcept>
#include <string>

#define NOINLINE __attribute__((noinline))

struct Small {
  int code;
};
struct Other : Small {};
struct Pair {
  long a;
  double b;
};
struct Big {
  long words[9];
};

// With arguments on the stack.
NOINLINE static long thrower(long how, long b, long c, long d, long e, long f, long g, double x, Small byValue, Big big) {
  switch (how % 6) {
  case 0: throw Small{static_cast<int>(b)};
  case 1: throw Other{{static_cast<int>(c)}};
  case 2: throw x;
  case 3: throw std::runtime_error("three");
  case 4: throw how;
  default: return d + e + f + g + byValue.code + big.words[8];
  }
}

NOINLINE static void loop(int rounds) {
  long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
  double x = 1.5, y = 2.5, z = -1;
  float w = 0.25f;
  unsigned char tiny = 7;
  Big big{{1, 2, 3, 4, 5, 6, 7, 8, 9}};
  for (int i = 0; i < rounds; ++i) {
    try {
      a += thrower(i, a, b, c, d, e, f, x, {i}, big);
      b ^= a;
    } catch (const Other& other) {
      c += other.code + d;
      x += y;
    } catch (const Small& small) {
      b += small.code * 3 + tiny;
      z *= 1.25;
    } catch (double& value) {
      y = value * 0.5 + z;
      w += 0.5f;
    } catch (std::exception& error) {
      e += static_cast<long>(std::string(error.what()).size()) + f;
      tiny = static_cast<unsigned char>(tiny * 3);
    } catch (...) {
      f += e & 0xff;
      d -= i;
    }
    a &= 0xffffffffff;
    b &= 0xffffffff;
  }
  printf("%ld %ld %ld %ld %ld %ld %g %g %g %g %d\n", a, b, c, d, e, f, x, y, z, static_cast<double>(w), tiny);
}

NOINLINE static Pair pair(long n) {
  if (n % 3 == 0)
    throw static_cast<int>(n);
  return {n * 2, static_cast<double>(n) / 4};
}
NOINLINE static Big bigOne(long n) {
  if (n % 4 == 0)
    throw static_cast<short>(n);
  Big result{};
  result.words[3] = n;
  return result;
}
NOINLINE static float real(float n) {
  if (n > 6)
    throw n;
  return n * 0.5f;
}
NOINLINE static bool flag(unsigned n) {
  if (n == 5)
    throw n;
  return n & 1;
}
NOINLINE static __int128 wide(long n) {
  if (n == 9)
    throw 'x';
  return static_cast<__int128>(n) << 70 | n;
}

NOINLINE static void results() {
  long whole = 0;
  double part = 0;
  for (int i = 0; i < 12; ++i) {
    long before = whole * 7 + i;
    try {
      Pair p = pair(i);
      Big big = bigOne(i + p.a);
      float r = real(static_cast<float>(i));
      __int128 w = wide(i);
      whole += p.a + big.words[3] + flag(static_cast<unsigned>(i)) + static_cast<long>(w >> 68);
      part += p.b + static_cast<double>(r);
    } catch (int n) {
      whole = before + n;
    } catch (short n) {
      whole = before - n;
    } catch (float n) {
      part -= static_cast<double>(n);
    } catch (unsigned n) {
      whole ^= n;
    } catch (char n) {
      whole += n;
    }
    printf("%ld %g;", whole, part);
  }
  printf("\n");
}

// Values that come together behind calls of which any may have thrown.
NOINLINE static int stages(int limit) {
  int stage = 0, sum = 100;
  try {
    stage = 1;
    sum += flag(static_cast<unsigned>(limit)) ? 10 : 20;
    stage = 2;
    sum += static_cast<int>(pair(limit).a);
    stage = 3;
    sum += static_cast<int>(bigOne(limit).words[3]);
    stage = 4;
  } catch (...) {
    sum = -sum;
  }
  return stage * 1000 + sum;
}

struct Trace {
  const char* name;
  ~Trace() { printf("~%s ", name); }
};
NOINLINE static void cleanups(int depth, long a, long b, double c) {
  Trace outer{"outer"};
  if (depth == 0)
    throw Other{{static_cast<int>(a + b)}};
  try {
    Trace inner{"inner"};
    cleanups(depth - 1, a + 1, b * 2, c + 0.5);
  } catch (double) {
    printf("never");
  }
}
NOINLINE static void again(int n) {
  try {
    try {
      cleanups(n, n, 1, 0);
    } catch (Other& o) {
      o.code *= 2;
      throw;
    }
  } catch (const Small& s) {
    printf("%d\n", s.code);
  }
}

// A room of varying size on the stack: its end moves, and has to be back where it was.
NOINLINE static int rooms(int n) {
  int sum = 0;
  for (int i = 1; i < n; ++i) {
    auto* room = static_cast<volatile int*>(__builtin_alloca(static_cast<std::size_t>(i) * 64));
    room[0] = i;
    try {
      sum += static_cast<int>(thrower(i, 1, 2, 3, 4, 5, 6, 7, {8}, Big{}));
    } catch (...) {
      sum += room[0];
    }
  }
  return sum;
}

int main() {
  loop(6000);
  results();
  for (int i = 0; i < 10; ++i)
    printf("%d ", stages(i));
  printf("\n");
  again(0);
  again(3);
  printf("%d\n", rooms(40));
}
