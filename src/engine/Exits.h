// What guards of generated code call (transition/Assumption.h).
#pragma once

#include <cstdint>

namespace kiln {
struct GuardCell;
}

/// A guard failed; the state stays good until what this returns was called with it and is done.
extern "C" const void* kiln_exit(kiln::GuardCell* cell, const std::uint64_t* state);
