// What calls and definitions have in common: how the shapes of abi/CallShape.h map to registers and parts.
#pragma once

#include "abi/Shape.h"
#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

/// Of the pointer to the frame of the function around a nested one.
inline bool isNest(const Move& move) {
  return move.area == Area::Registers && move.offset == offsetof(RegisterFile, nest);
}
/// The register of a move from or to registers of arguments.
inline Register argumentRegister(const Move& move) {
  const bool isSse = move.area == Area::Registers && move.offset >= offsetof(RegisterFile, sse) && !isNest(move);
  return isSse ? static_cast<Register>(kFirstXmm + (move.offset - offsetof(RegisterFile, sse)) / 16)
               : kArgumentGprs[move.offset / 8];
}
/// The same of results.
Register resultRegister(const Move& move);
bool isSseResult(const Move& move);
/// The move of a word of an image; null if there is none.
const Move* moveOfWord(const std::vector<Move>& moves, std::uint32_t word);
/// The same of words that are pointers to what is copied (byval).
inline const StackCopy* copyOfWord(const CallShape& shape, std::uint32_t word) {
  for (const StackCopy& copy : shape.copies)
    if (copy.word == word)
      return &copy;
  return nullptr;
}

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
