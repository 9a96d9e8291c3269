// Giving a function a new entry in the middle of its loops, with the loops kept such that LLVM still sees them.
//
// A branch from a new entry to the header of an inner loop also enters the loops around it, past their headers. LLVM would
// see one loop with two kinds of back-edges, and would neither vectorise the inner nor know the outer one. So the rounds
// of the enclosing loops that are under way get copies of their code. For a loop in one other:
//
//   entry ─> inner copy ─> rest of the outer body, copy ─> outer header ─> inner ─> rest ─┐
//                                                              ▲─────────────────────────┘
//
// Deeper nests have one such copy per enclosing loop, as long as a size allows.
#pragma once

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/BasicBlock.h>
#include <llvm/IR/Function.h>

#include <vector>

namespace kiln {

struct EnclosingLoop {
  llvm::BasicBlock* header = nullptr;
  llvm::SmallPtrSet<llvm::BasicBlock*, 16> blocks;
};

/// The loops around a header, its own first, in which copies are worth their size; none but its own if the function may
/// not be cloned there. To be called while the function still has its own entry. Empty if the block heads no natural loop.
std::vector<EnclosingLoop> loopsAround(llvm::Function& function, llvm::BasicBlock& header);

/// A value live into the header, and what it is at the new entry.
struct EntryValue {
  llvm::Value* value = nullptr;
  llvm::Value* atEntry = nullptr;
};

/// `entry`, the function's first block, ends in a branch to `header`. Afterwards all code that cannot be reached from there
/// is gone, the SSA form is whole again, and arguments of the old function among `values` have no uses.
void enterLoop(llvm::BasicBlock& entry, llvm::BasicBlock& header, const std::vector<EntryValue>& values,
               const std::vector<EnclosingLoop>& around);

} // namespace kiln
