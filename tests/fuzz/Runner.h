// Runs a module in a mode through Kiln's public API, and notes all that can be seen of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "Modes.h"

namespace llvm {
class Module;
class Type;
} // namespace llvm

namespace kiln::fuzz {

/// What is run: bitcode, and which variables are looked at.
struct Subject {
  struct Leaf {
    std::uint64_t offset = 0;
    unsigned bits = 0;
    bool floating = false;
  };
  struct Variable {
    std::string name;
    std::vector<Leaf> leaves; ///< no pointers, no padding
  };
  std::string bitcode;
  std::vector<Variable> variables;

  /// The module as the tiers get it: without the metadata that is for reducers.
  static Subject of(const llvm::Module& module);
};

/// One run of a subject. Two runs agree when their lines and ends are the same.
struct Outcome {
  std::string end; ///< "ok", "signal 11", "timeout", or an error
  std::vector<std::string> lines;
  std::vector<std::string> refusals; ///< reasons; no part of the comparison

  bool ok() const { return end == "ok"; }
  bool agrees(const Outcome& other) const { return end == other.end && lines == other.lines; }
};

/// Calls the entry with several pairs of arguments; after each call all variables are looked at.
Outcome run(const Subject& subject, const Mode& mode);

/// As run(), in a process of its own, so that crashes and loops without end are outcomes too. The calling process must
/// not have threads.
Outcome runApart(const Subject& subject, const Mode& mode, std::chrono::seconds limit = std::chrono::seconds(20));

/// The first line that differs, of both, for people; empty when they agree.
std::string difference(const Outcome& left, const Outcome& right);

} // namespace kiln::fuzz
