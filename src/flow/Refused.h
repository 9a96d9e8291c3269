// How a decoder or an emitter gives a function up.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/Instruction.h>

#include <string>

#include "compile/Compiler.h"

namespace kiln::flow {

/// Why the function is refused, and where; null: as a whole. Thrown and caught inside the decoder or the emitter.
struct Refused {
  std::string reason;
  const llvm::Instruction* instruction;
};

/// The same for others to read.
Refusal refusalOf(const llvm::Function& function, std::string reason, const llvm::Instruction* instruction = nullptr);

} // namespace kiln::flow
