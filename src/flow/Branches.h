// The shape of code at the ends of blocks.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "flow/Intervals.h"

namespace kiln::flow {

/// Which way of a conditional branch is taken by jumping, the other one being what stands right behind: true if the
/// first. Not the one that goes on with the next block, nor, if there is a choice, one that has something to do on the
/// way (`work`).
inline bool jumpsWhenTrue(const Intervals& layout, const llvm::BranchInst& branch, bool workYes, bool workNo) {
  const std::uint32_t next = layout.place(branch.getParent()) + 1;
  if (layout.place(branch.getSuccessor(0)) == next && !workYes)
    return false;
  if (layout.place(branch.getSuccessor(1)) == next && !workNo)
    return true;
  return !workYes || workNo;
}

struct SwitchCase {
  std::uint64_t value; ///< zero-extended
  const llvm::BasicBlock* to;
  std::uint32_t number; ///< in the instruction, from 1; 0 stands for the default
};
/// By rising values.
std::vector<SwitchCase> casesOf(const llvm::SwitchInst& choice);
/// Whether a table with an entry for every value from the least to the largest is worth its room. Around zero, negative
/// cases lie at the far end: such switches are not dense.
bool isDense(llvm::ArrayRef<SwitchCase> cases);

} // namespace kiln::flow
