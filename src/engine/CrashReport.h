// What a process tells when it dies by a signal that a program has caused and nobody handles (Options::onCrash).
//
// The handler finds the frames of the thread, names those of programs, calls the host's function, and lets the process die
// by the signal as it would have: the disposition goes back to the default and the signal is sent again, with all that the
// kernel said of it, to come when the handler returns to what it interrupted. A core file shows that.
//
// For programs nothing has changed. Where they ask for the disposition of such a signal they see the default, and when they
// set it, the default is this handler again; their own handlers take its place. The stack that it runs on (a stack
// overflow leaves no other) is that of the thread that made the first such engine, unless the program gives that thread one.
// Other threads have none, and die by an overflow without a report.
//
// Dispositions belong to the process, and so does this state. All but enableCrashReports() is async-signal-safe.
#pragma once

#include <signal.h>

#include <cstdint>

#include "kiln/Engine.h"

namespace kiln {

class CodeMap;
namespace interp {
class Interpreter;
}

/// From now on. Later calls change nothing. Signals that have a handler, or are ignored, are left alone.
void enableCrashReports(CrashHandler handler);

/// What is asked for the names of frames.
struct CrashSource {
  const CodeMap* code = nullptr;
  const interp::Interpreter* interpreter = nullptr;
};
/// A program's; `owner` says whose. There is room for 64: frames of further ones have no names.
void addCrashSource(const void* owner, CrashSource source);
void removeCrashSource(const void* owner);

// In place of the C library's functions of these names, for programs.
int changeAction(int signal, const struct sigaction* action, struct sigaction* old);
/// What a program sees of a handler that a call of signal() and its kin gave back, after it set another.
sighandler_t afterHandlerChange(int signal, sighandler_t before, sighandler_t now);
int changeAlternateStack(const stack_t* stack, stack_t* old);

} // namespace kiln
