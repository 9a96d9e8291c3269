#include "engine/StandIns.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "engine/CrashReport.h"
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "engine/SignalHandlers.h"
#include "program/HostSymbols.h"

extern "C" {
int __cxa_atexit(void (*function)(void*), void* argument, void* dso);
int __cxa_at_quick_exit(void (*function)(void*), void* dso);
// From the static part of the compiler's runtime; what __builtin_cpu_supports and target_clones look at.
extern char __cpu_model[];
extern char __cpu_features2[];
int __cpu_indicator_init();
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

bool isHandler(sighandler_t action) {
  return action != SIG_DFL && action != SIG_IGN && action != SIG_ERR && action != SIG_HOLD;
}

int setAction(int signal, const struct sigaction* action, struct sigaction* old) {
  // The handler with and that without information share their place.
  if (action && isHandler(action->sa_handler))
    noteSignalHandler(signal, (action->sa_flags & SA_NODEFER) == 0);
  return changeAction(signal, action, old);
}

sighandler_t setHandler(int signal, sighandler_t handler) {
  if (isHandler(handler))
    noteSignalHandler(signal, true);
  return afterHandlerChange(signal, ::signal(signal, handler), handler);
}

sighandler_t setHandlerOnce(int signal, sighandler_t handler) {
  if (isHandler(handler))
    noteSignalHandler(signal, false);
  return afterHandlerChange(signal, sysv_signal(signal, handler), handler);
}

sighandler_t setDisposition(int signal, sighandler_t disposition) {
  if (isHandler(disposition))
    noteSignalHandler(signal, true);
  return afterHandlerChange(signal, sigset(signal, disposition), disposition);
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
  host.add("__cpu_model", __cpu_model);
  host.add("__cpu_features2", __cpu_features2);
  host.add("__cpu_indicator_init", reinterpret_cast<const void*>(&__cpu_indicator_init));
  host.add("sigaction", reinterpret_cast<const void*>(&setAction));
  for (const char* name : {"signal", "bsd_signal", "ssignal"})
    host.add(name, reinterpret_cast<const void*>(&setHandler));
  for (const char* name : {"sysv_signal", "__sysv_signal"})
    host.add(name, reinterpret_cast<const void*>(&setHandlerOnce));
  host.add("sigaltstack", reinterpret_cast<const void*>(&changeAlternateStack));
  host.add("sigset", reinterpret_cast<const void*>(&setDisposition));
  host.add("pthread_exit", reinterpret_cast<const void*>(&exitThread));
}

} // namespace kiln
