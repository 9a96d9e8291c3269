// The linker, as a function: lld's ELF driver within this process.
#pragma once

#include <string>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// Links by the words of a linker's command line. Thread-safe: lld has global state, so links are one at a time. What
/// lld prints is the error's message: UnresolvedSymbol when symbols are missing, SystemError when the output cannot be
/// written, else CompileFailed.
Result<void> runLld(const std::vector<std::string>& words);

} // namespace kiln
