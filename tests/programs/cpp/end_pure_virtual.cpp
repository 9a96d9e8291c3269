// A pure virtual call from a base's constructor: the run-time library ends the process by SIGABRT.
// STDERR: pure virtual method called
#include <cstdio>

struct Base {
  Base() { call(); }
  __attribute__((noinline)) void call() { act(); }
  virtual void act() = 0;
};
struct Derived : Base {
  void act() override { std::puts("not reached"); }
};

int main() {
  std::puts("before");
  std::fflush(stdout);
  Derived d;
}
