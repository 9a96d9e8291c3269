// Functions that a C program gets from the static part of its C library, or that Kiln must know of.
#pragma once

namespace kiln {

class HostSymbols;

/// Registers atexit, at_quick_exit, pthread_atfork, pthread_exit, and what installs signal handlers.
void addStandIns(HostSymbols& host);

} // namespace kiln
