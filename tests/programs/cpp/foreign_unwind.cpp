// Unwinding that C++ did not start: pthread_exit and forced unwinding run destructors,
// _Unwind_Backtrace sees the frames.
#include <cstdio>
#include <cxxabi.h>
#include <pthread.h>
#include <unwind.h>

static int destroyed;
struct Guard {
  ~Guard() { destroyed++; }
};

__attribute__((noinline)) static int leave(int depth) {
  Guard g;
  if (depth == 0)
    pthread_exit(reinterpret_cast<void*>(5));
  return leave(depth - 1) + 1;
}
static void* by_exit(void*) {
  try {
    leave(6);
  } catch (abi::__forced_unwind&) {
    destroyed += 100;
    throw;
  } catch (...) {
    destroyed += 10000;
    throw;
  }
  return nullptr;
}

/* An exception of another language, as seen from C++: only catch (...) gets it. */
static _Unwind_Exception foreign;
static void cleanup(_Unwind_Reason_Code, _Unwind_Exception*) {
  destroyed += 1000;
}
__attribute__((noinline)) static int raise(int depth) {
  Guard g;
  if (depth)
    return raise(depth - 1) + 1;
  foreign.exception_class = 0x4b494c4e54455354;
  foreign.exception_cleanup = cleanup;
  return _Unwind_RaiseException(&foreign);
}
__attribute__((noinline)) static int catches() {
  try {
    return raise(4);
  } catch (int) {
    return 1;
  } catch (...) {
    return 2;
  }
}

static _Unwind_Reason_Code count(_Unwind_Context* context, void* data) {
  ++*static_cast<int*>(data);
  return _Unwind_GetIP(context) ? _URC_NO_REASON : _URC_END_OF_STACK;
}
__attribute__((noinline)) static int frames(int depth) {
  if (depth)
    return frames(depth - 1) + 0 * depth;
  int n = 0;
  _Unwind_Backtrace(count, &n);
  return n;
}

int main() {
  long total = 0;
  for (int i = 0; i < 60; i++) {
    pthread_t thread;
    void* result;
    pthread_create(&thread, nullptr, by_exit, nullptr);
    pthread_join(thread, &result);
    total += reinterpret_cast<long>(result) + catches();
  }
  bool deeper = true;
  for (int i = 0; i < 300; i++)
    deeper &= frames(0) > 1;
  std::printf("%ld %d %d\n", total, destroyed, deeper);
}
