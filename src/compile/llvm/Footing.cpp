// What a unit's code does that a look at the threads' stacks (code/ThreadScan.h) must know of.
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compile/llvm/Specialise.h"
#include "compile/llvm/Transform.h"

namespace kiln {
namespace {

/// The stack pointer's names all have this in them; so do some other words, which does no harm.
bool namesStackPointer(llvm::StringRef text) {
  return text.contains_insensitive("sp") || text.contains("leave");
}

bool switchesStacks(const llvm::IntrinsicInst& call) {
  // A register variable, and a jump into a buffer that may be another stack's.
  return call.getIntrinsicID() == llvm::Intrinsic::write_register ||
         call.getIntrinsicID() == llvm::Intrinsic::eh_sjlj_longjmp;
}

} // namespace

bool assemblySwitchesStacks(llvm::StringRef assembly) {
  return namesStackPointer(assembly);
}

Footing footingOf(const Unit& unit) {
  Footing footing;
  unsigned bodies = 0;
  for (const llvm::Function& function : *unit.module) {
    if (function.isDeclaration() || function.hasAvailableExternallyLinkage())
      continue;
    bodies += !function.hasFnAttribute(kPartOfUnit);
    for (const llvm::Instruction& instruction : llvm::instructions(function)) {
      auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (!call)
        continue;
      if (auto* assembly = llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand());
          assembly && !assembly->getAsmString().empty()) {
        footing.lasting = true; // it may take the address of a label
        footing.switchesStacks |=
            namesStackPointer(assembly->getAsmString()) || namesStackPointer(assembly->getConstraintString());
      }
      if (auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(call))
        footing.switchesStacks |= switchesStacks(*intrinsic);
    }
  }
  // The parts of a split coroutine: frames on the heap hold their addresses.
  footing.lasting |= bodies > 1;
  return footing;
}

} // namespace kiln
