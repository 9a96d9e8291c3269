// An exception that leaves a thread's function ends the process by SIGABRT.
// STDERR: terminate called after throwing an instance of 'int'
#include <cstdio>
#include <thread>

int main() {
  std::puts("before");
  std::fflush(stdout);
  std::thread([] { throw 5; }).join();
  std::puts("not reached");
}
