// Functions that call themselves, one level of which is inlined: exceptions thrown and caught at any level, destructors of each
// level, allocas, setjmp across levels, a recursion through the function's own address.
#include <alloca.h>
#include <csetjmp>
#include <cstdio>

namespace {

unsigned long destroyed;
struct Level {
  int depth;
  explicit Level(int depth) : depth(depth) {}
  ~Level() { destroyed = destroyed * 31 + static_cast<unsigned>(depth); }
};

int descend(int depth, int thrower, int catcher) {
  Level level(depth);
  if (depth == thrower)
    throw depth;
  if (depth == 0)
    return 1;
  if (depth % 5 != catcher)
    return descend(depth - 1, thrower, catcher) * 3 + depth;
  try {
    return descend(depth - 1, thrower, catcher) + descend(depth - 2 > 0 ? depth - 2 : 0, -1, catcher);
  } catch (int at) {
    return at * 1000 + depth;
  }
}

unsigned long room(int depth, unsigned long sum) {
  if (depth == 0)
    return sum;
  auto* bytes = static_cast<unsigned char*>(alloca(static_cast<unsigned>(depth) * 8));
  for (int i = 0; i < depth * 8; ++i)
    bytes[i] = static_cast<unsigned char>(sum + static_cast<unsigned>(i));
  const unsigned long below = room(depth - 1, sum * 7 + bytes[depth]);
  return below ^ bytes[depth * 8 - 1];
}

std::jmp_buf top;
int jumping(int depth, int target) {
  if (depth == target)
    std::longjmp(top, depth + 1);
  return depth == 0 ? 0 : jumping(depth - 1, target) + jumping(depth / 2, target);
}

int plain(int depth, void* data) {
  if (depth <= 0)
    return 2;
  auto* self = depth % 3 ? &plain : reinterpret_cast<int (*)(int, void*)>(data);
  return self(depth - 1, data) + plain(depth - 2, data) % 1000;
}

} // namespace

int main() {
  unsigned long sum = 0;
  for (int round = 0; round < 60; ++round) {
    for (int thrower = -1; thrower < 8; ++thrower)
      for (int catcher = 1; catcher < 5; ++catcher) {
        try {
          sum = sum * 33 + static_cast<unsigned>(descend(10, thrower, catcher));
        } catch (int at) {
          sum = sum * 33 + 7777u + static_cast<unsigned>(at);
        }
      }
    sum = sum * 33 + room(round % 20 + 1, sum);
    if (int at = setjmp(top))
      sum = sum * 33 + static_cast<unsigned>(at);
    else
      sum = sum * 33 + static_cast<unsigned>(jumping(12, round % 9));
    sum = sum * 33 + static_cast<unsigned>(plain(14, reinterpret_cast<void*>(&plain)));
  }
  std::printf("%lu %lu\n", sum, destroyed);
}
