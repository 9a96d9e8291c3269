// A specification is violated and the handler throws something that it does not name either: std::terminate.
// CFLAGS: -std=c++14 -Wno-deprecated
#include <cstdio>
#include <exception>

__attribute__((noinline)) static int limited(int i) throw(int) {
  if (i == 3)
    throw 2.5;
  return i;
}
static void handler() {
  std::puts("unexpected");
  std::fflush(stdout);
  throw "still not named";
}

int main() {
  std::set_unexpected(handler);
  int total = 0;
  try {
    for (int i = 0; i < 5; i++)
      total += limited(i);
  } catch (...) {
    total = -1;
  }
  std::printf("not reached %d\n", total);
}
