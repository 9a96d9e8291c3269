// The one place where the command reports an error of Kiln; docs/errors.md lists them all.
#pragma once

#include "kiln/Error.h"

namespace kiln::cli {

/// The status with which `kiln` ends after an error of its own. Any other is the program's.
inline constexpr int kErrorStatus = 2;

/// "kiln: error: MESSAGE [CODE]" on standard error, the code at the end of the message's first line.
void printError(const Error& error);

/// For errors that leave no way back to main(): writes out what the program has written, prints the error and ends the
/// process.
[[noreturn]] void dieOf(const Error& error);

} // namespace kiln::cli
