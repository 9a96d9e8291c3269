// Ways of running a program: a name and Kiln's options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/Engine.h"

namespace kiln::fuzz {

struct Mode {
  std::string name;
  Options options;
};

/// A mode's name, or a ladder with settings: "O2", "osr7", "interpreter,O0@1,O2@2/threads=3/osr=2/counting=on".
/// Settings are osr (0: none, N: every loop moves at its N-th back-edge), exit (N: every N-th guard fails, with guards
/// everywhere), constant (N: arguments that had one value N times become constants), threads, registers (of baseline
/// code), counting and profiling (on or off).
Result<Mode> parseMode(std::string_view text);

/// All named modes: every tier by itself, loops that move at once, ladders whose functions climb at their first calls,
/// exits everywhere.
/// The first is what the others are compared with.
std::vector<Mode> allModes();

} // namespace kiln::fuzz
