#include "flow/Shapes.h"

namespace kiln::flow {

bool writesBetween(const llvm::Instruction& from, const llvm::Instruction& to) {
  constexpr unsigned kMostSteps = 24;
  unsigned steps = 0;
  for (const llvm::Instruction* at = from.getNextNode(); at != &to; at = at->getNextNode())
    if (!at || ++steps > kMostSteps || at->mayWriteToMemory())
      return true;
  return false;
}

const llvm::Value* sameValue(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::expect:
  case llvm::Intrinsic::expect_with_probability:
  case llvm::Intrinsic::launder_invariant_group:
  case llvm::Intrinsic::strip_invariant_group:
  case llvm::Intrinsic::ssa_copy:
  case llvm::Intrinsic::annotation:
  case llvm::Intrinsic::ptr_annotation:
  case llvm::Intrinsic::arithmetic_fence: return intrinsic.getArgOperand(0);
  default: return nullptr;
  }
}

} // namespace kiln::flow
