// Structs and arrays, part by part, and what else only moves values.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Aggregates final : Family {
public:
  using Family::Family;

  /// An extraction, an insertion, a choice or a freeze.
  void emit(const llvm::Instruction& instruction);
  /// A choice between values that conditional moves cannot make.
  void emitSelect(const llvm::SelectInst& select);
  /// The whole result is parts of a value, from `first` on.
  void moveParts(std::uint32_t number, const llvm::Value* value, unsigned first);

private:
  void addParts(std::uint32_t number, unsigned to, const llvm::Value* value, unsigned first, unsigned count);
};

} // namespace kiln::baseline
