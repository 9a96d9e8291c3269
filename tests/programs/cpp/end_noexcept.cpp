// An exception that leaves a noexcept function ends in the terminate handler, which the program
// replaced.
#include <cstdio>
#include <cstdlib>
#include <exception>

__attribute__((noinline)) static int throws(int i) {
  if (i > 300)
    throw i;
  return i;
}
__attribute__((noinline)) static int promised(int i) noexcept {
  return throws(i);
}

int main() {
  std::set_terminate([] {
    try {
      std::rethrow_exception(std::current_exception());
    } catch (int v) {
      std::printf("terminate with %d\n", v);
    }
    std::fflush(stdout);
    std::_Exit(7);
  });
  long total = 0;
  try {
    for (int i = 0; i < 400; i++)
      total += promised(i);
  } catch (...) {
    std::puts("must not be caught");
  }
  std::printf("%ld\n", total);
}
