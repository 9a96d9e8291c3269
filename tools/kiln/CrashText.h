#pragma once

#include "kiln/Engine.h"

namespace kiln::cli {

/// The back-trace of a program that dies by a signal, on stderr. Async-signal-safe.
void printCrash(int signal, const CrashFrame* frames, std::size_t count);

} // namespace kiln::cli
