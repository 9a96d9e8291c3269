// Functions that a C program gets from the static part of its C library, or that must know of Kiln's threads.
#pragma once

namespace kiln {

class HostSymbols;

/// Registers atexit, at_quick_exit, pthread_atfork and pthread_exit.
void addStandIns(HostSymbols& host);

} // namespace kiln
