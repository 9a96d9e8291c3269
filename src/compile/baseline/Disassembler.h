// Machine code as text, by Zydis, in the syntax of AT&T that LLVM prints its tiers' assembly in.
//
// Zydis is loaded when the first dump asks for it: LLVM's disassembler would make the executable 2.5 MB larger for this
// one use, and a library that is linked would be loaded at every start.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "kiln/Error.h"

namespace kiln::baseline {

/// Not thread-safe.
class Disassembler {
public:
  Disassembler();
  ~Disassembler();

  /// Fails with LibraryNotLoaded if the machine has no Zydis.
  Result<void> open();

  struct Instruction {
    std::uint64_t bytes = 0; ///< 0: not an instruction
    /// Where a jump or call leads, or what an operand relative to RIP names; offsets like `at`.
    std::optional<std::uint64_t> branch, relative;
  };
  /// The instruction `at` so many bytes into the code.
  Instruction decode(std::span<const std::uint8_t> code, std::uint64_t at);
  /// The text of the instruction decoded last; `name` stands for its `branch` or `relative`, if it has one.
  std::string print(const std::string& name);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace kiln::baseline
