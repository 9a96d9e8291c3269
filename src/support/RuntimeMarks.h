// What of the process is Kiln's own: compile threads, and the stacks that compiles run on.
//
// Whoever looks at all threads of the process (code/ThreadScan.h) must know both: a compile thread runs no code of a
// program and answers no signal, and a thread on a compile stack has the program's frames on another one. They are
// facts of the process and not of an engine, since a look from one engine meets the threads of all. No lock: marks are
// read while threads are being looked at.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace kiln {

/// Marks the calling thread as one that runs no program's code, while it lives.
class RuntimeThread {
public:
  RuntimeThread();
  ~RuntimeThread();
  RuntimeThread(const RuntimeThread&) = delete;
  RuntimeThread& operator=(const RuntimeThread&) = delete;

private:
  int place_;
};
bool isRuntimeThread(pid_t thread);
/// In the child of fork(): none of the marked threads is there.
void forgetRuntimeThreads();

void markRuntimeStack(const void* base, std::size_t bytes);
void unmarkRuntimeStack(const void* base);
bool isRuntimeStack(std::uintptr_t address);

} // namespace kiln
