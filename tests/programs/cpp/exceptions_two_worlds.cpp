// Exceptions through frames of two kinds in every order: functions with assembly, which are compiled, and others, which may
// be interpreted. Throw, catch, rethrow, cleanups, and a transfer of a loop between them.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#define NOINLINE __attribute__((noinline))
#define COMPILED __asm__ volatile("nop")

namespace {

int cleaned;
struct Cleanup {
  int weight;
  explicit Cleanup(int w) : weight(w) {}
  ~Cleanup() { cleaned = cleaned * 3 % 100003 + weight; }
};

NOINLINE int down(unsigned path, int left, int kind_of_throw);

NOINLINE int throwOne(int kind) {
  switch (kind % 4) {
  case 0: throw 42 + kind;
  case 1: throw std::runtime_error("text " + std::to_string(kind));
  case 2: throw 2.5 * kind;
  default: throw std::string("string");
  }
}
NOINLINE int throwOneCompiled(int kind) {
  COMPILED;
  Cleanup cleanup(5);
  return throwOne(kind);
}
NOINLINE int interpreted(unsigned path, int left, int kind) {
  Cleanup cleanup(left);
  int result = down(path, left - 1, kind);
  return result + cleanup.weight;
}
NOINLINE int compiled(unsigned path, int left, int kind) {
  COMPILED;
  Cleanup cleanup(-left);
  return down(path, left - 1, kind) + 1;
}
NOINLINE int catchesInt(unsigned path, int left, int kind) {
  try {
    return down(path, left - 1, kind);
  } catch (int value) {
    return value;
  } catch (const std::exception&) {
    cleaned++;
    throw;
  }
}
NOINLINE int catchesIntCompiled(unsigned path, int left, int kind) {
  COMPILED;
  try {
    Cleanup cleanup(11);
    return down(path, left - 1, kind);
  } catch (int value) {
    throw 1.5 * value;
  }
}
int compareThrows(const void* a, const void* b) {
  if (*static_cast<const int*>(a) + *static_cast<const int*>(b) == 9)
    throwOne(*static_cast<const int*>(a));
  return 0;
}
NOINLINE int loops(unsigned path, int left, int kind) {
  int sum = 0;
  for (int i = 0; i < 20; ++i) {
    Cleanup cleanup(i);
    try {
      sum += down(path, left - 1, kind + i);
    } catch (double value) {
      sum += static_cast<int>(value);
    }
    if (i == 12)
      throwOne(kind);
  }
  return sum;
}
NOINLINE int down(unsigned path, int left, int kind) {
  if (left <= 0)
    return kind & 1 ? throwOneCompiled(kind) : throwOne(kind);
  unsigned next = path / 5;
  switch (path % 5) {
  case 0: return interpreted(next, left, kind);
  case 1: return compiled(next, left, kind);
  case 2: return catchesInt(next, left, kind);
  case 3: return catchesIntCompiled(next, left, kind);
  default: return loops(next, left, kind);
  }
}

} // namespace

int main() {
  unsigned hash = 0;
  for (unsigned path = 0; path < 625; ++path) {
    int result = 0;
    try {
      result = down(path, 4, static_cast<int>(path % 7));
    } catch (int value) {
      result = 1000 + value;
    } catch (const std::exception& error) {
      result = 2000 + error.what()[5];
    } catch (double value) {
      result = 3000 + static_cast<int>(value);
    } catch (const std::string& text) {
      result = 4000 + static_cast<int>(text.size());
    }
    hash = hash * 31 + static_cast<unsigned>(result) + static_cast<unsigned>(cleaned);
    if (path % 25 == 0)
      std::printf("%u: %d %d %u\n", path, result, cleaned, hash);
  }
  int numbers[] = {1, 5, 4, 8, 2};
  try {
    std::qsort(numbers, 5, sizeof *numbers, compareThrows);
  } catch (...) {
    std::printf("through qsort\n");
  }
  std::printf("%u\n", hash);
}
