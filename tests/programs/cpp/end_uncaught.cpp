// An exception that nobody catches: std::terminate says what it was and the process ends by
// SIGABRT.
// STDERR: what():  nobody wants it
#include <cstdio>
#include <stdexcept>

__attribute__((noinline)) static int risky(int i) {
  if (i == 500)
    throw std::runtime_error("nobody wants it");
  return i;
}

int main() {
  long total = 0;
  for (int i = 0; i < 500; i++)
    total += risky(i);
  std::printf("%ld\n", total);
  std::fflush(stdout);
  return risky(500);
}
