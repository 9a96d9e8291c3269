#include "program/Prepare.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <vector>

namespace kiln {

unsigned labelNumber(const llvm::BasicBlock& block) {
  unsigned number = 1;
  for (const llvm::BasicBlock& each : *block.getParent()) {
    if (&each == &block)
      return number;
    ++number;
  }
  return 0;
}

namespace {

/// Makes every block address the block's number and every indirectbr a switch over the numbers it can meet.
void replaceBlockAddresses(llvm::Function& function) {
  std::vector<std::pair<llvm::BasicBlock*, unsigned>> labels;
  unsigned number = 0;
  for (llvm::BasicBlock& block : function) {
    ++number;
    if (block.hasAddressTaken())
      labels.emplace_back(&block, number);
  }
  llvm::Type* word = llvm::Type::getInt64Ty(function.getContext());
  std::vector<llvm::IndirectBrInst*> jumps;
  for (llvm::BasicBlock& block : function)
    if (auto* jump = llvm::dyn_cast<llvm::IndirectBrInst>(block.getTerminator()))
      jumps.push_back(jump);
  for (auto [block, value] : labels) {
    llvm::BlockAddress* address = llvm::BlockAddress::lookup(block);
    if (!address)
      continue;
    // asm goto needs no block address in this IR version; whatever uses one here is a value.
    address->replaceAllUsesWith(
        llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(word, value), address->getType()));
  }
  for (llvm::IndirectBrInst* jump : jumps) {
    auto* from = jump->getParent();
    auto* value = llvm::CastInst::CreatePointerCast(jump->getAddress(), word, "", jump->getIterator());
    auto* nowhere = llvm::BasicBlock::Create(function.getContext(), "", &function);
    new llvm::UnreachableInst(function.getContext(), nowhere);
    auto* choice = llvm::SwitchInst::Create(value, nowhere, jump->getNumDestinations(), jump->getIterator());
    llvm::SmallPtrSet<llvm::BasicBlock*, 16> listed;
    for (unsigned i = 0; i < jump->getNumDestinations(); ++i) {
      llvm::BasicBlock* to = jump->getDestination(i);
      bool labelled = false;
      if (listed.insert(to).second)
        for (auto [block, id] : labels)
          if (block == to) {
            choice->addCase(llvm::ConstantInt::get(llvm::cast<llvm::IntegerType>(word), id), to);
            labelled = true;
          }
      // A destination that is listed twice, or whose address nobody took, loses one edge.
      if (!labelled)
        to->removePredecessor(from, /*KeepOneInputPHIs=*/true);
    }
    jump->eraseFromParent();
  }
}

/// Functions that call setjmp keep their variables in memory, as an unoptimised native build does: programs are
/// known to read changed locals after longjmp.
bool callsReturnTwice(llvm::Function& function) { return function.callsFunctionThatReturnsTwice(); }

void promoteAllocas(llvm::Function& function) {
  std::vector<llvm::AllocaInst*> allocas;
  for (llvm::Instruction& instruction : function.getEntryBlock())
    if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
      if (llvm::isAllocaPromotable(variable))
        allocas.push_back(variable);
  if (allocas.empty())
    return;
  llvm::DominatorTree dominators(function);
  llvm::PromoteMemToReg(allocas, dominators);
}

} // namespace

void prepareFunction(llvm::Function& function) {
  llvm::stripDebugInfo(function);
  if (function.hasOptNone()) {
    // clang -O0 marks every function optnone and noinline, for a compiler that would otherwise optimise by default.
    // In Kiln the tier says what to optimise.
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
    function.removeFnAttr(llvm::Attribute::NoInline);
  }
  if (function.hasFnAttribute(llvm::Attribute::Naked))
    return;
  replaceBlockAddresses(function);
  llvm::removeUnreachableBlocks(function);
  if (!callsReturnTwice(function))
    promoteAllocas(function);
}

} // namespace kiln
