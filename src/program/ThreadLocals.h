// The thread-local variables of a program: one block a thread, made at the thread's first use.
#pragma once

#include <cstdint>

#include "program/GlobalsImage.h"

namespace kiln {

/// One program's thread-local storage. Blocks live until their thread ends (after the C++ destructors of thread-local
/// objects ran), and the main thread's until the process ends. Thread-safe.
class ThreadLocals {
public:
  explicit ThreadLocals(TlsTemplate initial);
  ~ThreadLocals();
  ThreadLocals(const ThreadLocals&) = delete;
  ThreadLocals& operator=(const ThreadLocals&) = delete;

  /// This thread's block.
  void* base();
  /// For compiled code: `base()` of the program given as the argument.
  static void* baseOf(ThreadLocals* program) { return program->base(); }
  /// For compiled code: this thread's copy of a thread-local variable that a shared library defines.
  static void* external(const char* name);

private:
  TlsTemplate initial_;
  std::uint64_t serial_; ///< never reused, unlike addresses
};

} // namespace kiln
