#pragma once

#include "Options.h"

namespace kiln::cli {

/// Runs the program and ends the process as the program would; returns only with an error that came before its start,
/// or after a dump.
Result<void> run(const RunOptions& options);

/// "kiln: message" on stderr.
void printError(const Error& error);

} // namespace kiln::cli
