// The one place where LLVM's errors become Kiln's.
#pragma once

#include <llvm/Support/Error.h>

#include <string>
#include <string_view>

#include "kiln/Error.h"

namespace kiln {

/// Takes the error and makes a message of it.
std::string messageOf(llvm::Error error);

/// LLVM reports what it cannot handle deep inside code generation through a handler that must not return. Kiln's
/// handler throws this; the compiler that called LLVM catches it and gives up the context it worked in.
struct LlvmFatal {
  std::string message;
};
/// Installs the handler, once a process. Thread-safe.
void installFatalHandler();

/// Sets up what compiling needs of LLVM, once a process: passes' options and the x86 target. Thread-safe. Whoever runs a
/// pass, or generates or reads machine code, calls it first; what reads and prepares bitcode does without.
void initializeLlvmTarget();

/// The first lines of a long diagnostic, for one readable message.
std::string firstLines(std::string_view text, int lines = 3);

} // namespace kiln
