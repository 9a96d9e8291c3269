#pragma once

#include "Options.h"

namespace kiln::cli {

/// Loads the program and runs its constructors. What comes back is its main, to be called from a frame without
/// destructors; nothing after a dump. From then on the process ends as the program does.
Result<std::optional<Program::MainCall>> start(const RunOptions& options);

} // namespace kiln::cli
