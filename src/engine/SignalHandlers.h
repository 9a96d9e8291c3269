// Whether code of a program may be running inside one of its signal handlers.
//
// There the runtime must not allocate: what was interrupted may be malloc. The programs' calls of sigaction() and its kin
// come by here (StandIns.cpp). The kernel blocks a signal while its handler runs, so a thread that blocks none of the handled
// signals is in no handler, unless one was installed that is not blocked for (SA_NODEFER), or a handler unblocked its own
// signal. Who left a handler by longjmp() and never unblocked the signal is taken to be inside: that costs a detour only.
//
// Signal handlers belong to the process, and so does this state. Lock-free, for handlers call signal() too.
#pragma once

#include <signal.h>

namespace kiln {

/// A program is about to install a handler for the signal. `deferred`: the signal is blocked while the handler runs.
void noteSignalHandler(int signal, bool deferred);
/// Whether a thread that blocks these signals may be in a handler.
bool mayBeInHandler(const sigset_t& blocked);

} // namespace kiln
