// A program's code with a C++ runtime of its own: see ForeignRuntimeTest.cpp.
#include <stdexcept>

extern "C" {
int guest_cleanups;
void guest_throw(void* kind) {
  struct Guard {
    ~Guard() { ++guest_cleanups; }
  } guard;
  if (*static_cast<int*>(kind) == 1)
    throw 42;
  if (*static_cast<int*>(kind) == 2)
    throw std::out_of_range("range");
}
/// The outermost handler; 0 if nothing was thrown.
int guest_catches(void (*run)(void*), void* argument) {
  try {
    run(argument);
    return 0;
  } catch (int value) {
    return value;
  } catch (const std::exception& error) {
    return error.what()[0];
  }
}
}
