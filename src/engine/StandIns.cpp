#include "engine/StandIns.h"

#include <pthread.h>
#include <unistd.h>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "program/HostSymbols.h"

extern "C" {
int __cxa_atexit(void (*function)(void*), void* argument, void* dso);
int __cxa_at_quick_exit(void (*function)(void*), void* dso);
int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* dso);
}

namespace kiln {
namespace {

// The C library's shared object has no atexit(): each program links its own, which adds the program's handle. Here
// the function's address tells the program.
void* handleOf(const void* address) {
  ProgramCore* program = EngineCore::programOf(address);
  return program ? program->dsoHandle() : nullptr;
}

int atExit(void (*function)()) {
  // The extra argument that the handler gets is in a register that it does not read.
  return __cxa_atexit(reinterpret_cast<void (*)(void*)>(function), nullptr,
                      handleOf(reinterpret_cast<const void*>(function)));
}

int atQuickExit(void (*function)()) {
  return __cxa_at_quick_exit(reinterpret_cast<void (*)(void*)>(function),
                             handleOf(reinterpret_cast<const void*>(function)));
}

int atFork(void (*prepare)(), void (*parent)(), void (*child)()) {
  return __register_atfork(prepare, parent, child, nullptr);
}

/// A process whose main thread called pthread_exit ends with its last thread: compile threads must not be that one.
[[noreturn]] void exitThread(void* result) {
  if (getpid() == gettid())
    EngineCore::stopAllPools();
  pthread_exit(result);
}

} // namespace

void addStandIns(HostSymbols& host) {
  host.add("atexit", reinterpret_cast<const void*>(&atExit));
  host.add("at_quick_exit", reinterpret_cast<const void*>(&atQuickExit));
  host.add("pthread_atfork", reinterpret_cast<const void*>(&atFork));
  host.add("pthread_exit", reinterpret_cast<const void*>(&exitThread));
}

} // namespace kiln
