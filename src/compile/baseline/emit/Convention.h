// What calls and definitions have in common: how the shapes of abi/CallShape.h map to registers and parts.
#pragma once

#include "abi/Shape.h"
#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

/// The register of the nested function's frame, which Kiln does not support.
bool isNest(const Move& move);
/// Of a move to or from registers of arguments, and of results.
Register argumentRegister(const Move& move);
Register resultRegister(const Move& move);
bool isSseResult(const Move& move);
/// The move of a word of an image; null if there is none.
const Move* moveOfWord(const std::vector<Move>& moves, std::uint32_t word);
/// The same of words that are pointers to what is copied (byval).
const StackCopy* copyOfWord(const CallShape& shape, std::uint32_t word);

class Convention : protected Family {
protected:
  using Family::Family;
  ~Convention() = default;

  /// Vectors that have no register of the machine are passed lane by lane, and refused.
  void requireWhole(const Part& part, const std::vector<Move>& moves, std::uint32_t word);
  /// An integer, extended as the convention wants.
  void giveInteger(Gp to, const llvm::Value* value, const Move& move);
  /// Of masks that come from elsewhere only the lowest bit of each lane counts.
  void normaliseMasks(std::uint32_t number, llvm::Type* type);
};

} // namespace kiln::baseline
