#include "program/Prepare.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ValueHandle.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <vector>

#include "program/DebugLines.h"

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

llvm::Constant* labelConstant(llvm::Type* type, unsigned number) {
  llvm::Type* word = llvm::Type::getInt64Ty(type->getContext());
  return llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(word, number), type);
}

namespace {

using Labels = std::vector<std::pair<llvm::BasicBlock*, unsigned>>;

/// Makes all computed gotos of the function branch to one switch. One: a switch at each goto would have as many edges as
/// gotos times labels.
void mergeJumps(llvm::Function& function, const std::vector<llvm::IndirectBrInst*>& jumps, const Labels& labels) {
  llvm::LLVMContext& context = function.getContext();
  llvm::Type* word = llvm::Type::getInt64Ty(context);
  // The destinations get a new predecessor in place of several: their phis go through memory, from where
  // promoteAllocas brings them back.
  llvm::SmallSetVector<llvm::BasicBlock*, 16> destinations;
  for (llvm::IndirectBrInst* jump : jumps)
    for (llvm::BasicBlock* to : llvm::successors(jump->getParent()))
      destinations.insert(to);
  for (llvm::BasicBlock* to : destinations)
    while (auto* phi = llvm::dyn_cast<llvm::PHINode>(to->begin()))
      llvm::DemotePHIToStack(phi);

  auto* dispatch = llvm::BasicBlock::Create(context, "kiln.goto", &function);
  auto* nowhere = llvm::BasicBlock::Create(context, "", &function);
  new llvm::UnreachableInst(context, nowhere);
  auto* number = llvm::PHINode::Create(word, static_cast<unsigned>(jumps.size()), "kiln.label", dispatch);
  auto* choice = llvm::SwitchInst::Create(number, nowhere, static_cast<unsigned>(labels.size()), dispatch);
  for (auto [block, id] : labels)
    if (destinations.contains(block))
      choice->addCase(llvm::ConstantInt::get(llvm::cast<llvm::IntegerType>(word), id), block);
  for (llvm::IndirectBrInst* jump : jumps) {
    auto* value = llvm::CastInst::CreatePointerCast(jump->getAddress(), word, "", jump->getIterator());
    number->addIncoming(value, jump->getParent());
    llvm::BranchInst::Create(dispatch, jump->getIterator());
    jump->eraseFromParent();
  }
}

/// Makes every block address the block's number and every computed goto a switch over the numbers.
void replaceBlockAddresses(llvm::Function& function) {
  Labels labels;
  unsigned number = 0;
  for (llvm::BasicBlock& block : function) {
    ++number;
    if (block.hasAddressTaken())
      labels.emplace_back(&block, number);
  }
  std::vector<llvm::IndirectBrInst*> jumps;
  for (llvm::BasicBlock& block : function)
    if (auto* jump = llvm::dyn_cast<llvm::IndirectBrInst>(block.getTerminator()))
      jumps.push_back(jump);
  for (auto [block, value] : labels) {
    llvm::BlockAddress* address = llvm::BlockAddress::lookup(block);
    if (!address)
      continue;
    // asm goto needs no block address in this IR version; whatever uses one here is a value.
    address->replaceAllUsesWith(labelConstant(address->getType(), value));
  }
  if (!jumps.empty())
    mergeJumps(function, jumps, labels);
}

void collectLabels(llvm::Constant* constant, llvm::SmallSetVector<llvm::BlockAddress*, 8>& into) {
  if (auto* address = llvm::dyn_cast<llvm::BlockAddress>(constant))
    into.insert(address);
  else if (!llvm::isa<llvm::GlobalValue>(constant))
    for (llvm::Use& operand : constant->operands())
      collectLabels(llvm::cast<llvm::Constant>(operand.get()), into);
}

/// Labels of other functions, which a function may only pass on or compare. Their numbers must be taken when the body
/// has just been read: the reader found the blocks by their present positions.
void replaceForeignLabels(llvm::Function& function) {
  llvm::SmallSetVector<llvm::BlockAddress*, 8> labels;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    for (llvm::Use& operand : instruction.operands())
      if (auto* constant = llvm::dyn_cast<llvm::Constant>(operand.get()); constant && constant->getNumOperands())
        collectLabels(constant, labels);
  for (llvm::BlockAddress* label : labels)
    if (label->getFunction() != &function)
      label->replaceAllUsesWith(labelConstant(label->getType(), labelNumber(*label->getBasicBlock())));
}

/// Functions that call setjmp keep their variables in memory, as an unoptimised native build does: programs are
/// known to read changed locals after longjmp.
bool callsReturnTwice(llvm::Function& function) { return function.callsFunctionThatReturnsTwice(); }

/// What metadata says about the values that instructions yield. Promotion draws conclusions from it: it may fold a phi, or
/// mark a load of nothing as unreachable. It is put aside meanwhile, so that the prepared function is the same in worlds
/// that did not read it.
class ValueFacts {
public:
  ValueFacts(llvm::Function& function, const llvm::SmallPtrSetImpl<const llvm::Value*>& promoted) {
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      if (!instruction.hasMetadataOtherThanDebugLoc())
        continue;
      auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
      bool goes = load && promoted.contains(load->getPointerOperand());
      for (unsigned kind : kKinds)
        if (llvm::MDNode* node = instruction.getMetadata(kind)) {
          instruction.setMetadata(kind, nullptr);
          if (!goes)
            aside_.push_back({&instruction, kind, node});
        }
    }
  }
  ~ValueFacts() {
    for (auto& [instruction, kind, node] : aside_)
      if (instruction)
        llvm::cast<llvm::Instruction>(instruction)->setMetadata(kind, node);
  }
  ValueFacts(const ValueFacts&) = delete;
  ValueFacts& operator=(const ValueFacts&) = delete;

private:
  static constexpr unsigned kKinds[] = {llvm::LLVMContext::MD_noundef,         llvm::LLVMContext::MD_nonnull,
                                        llvm::LLVMContext::MD_range,           llvm::LLVMContext::MD_align,
                                        llvm::LLVMContext::MD_dereferenceable, llvm::LLVMContext::MD_dereferenceable_or_null};
  struct Fact {
    llvm::WeakVH instruction;
    unsigned kind;
    llvm::MDNode* node;
  };
  std::vector<Fact> aside_;
};

void promoteAllocas(llvm::Function& function) {
  std::vector<llvm::AllocaInst*> allocas;
  llvm::SmallPtrSet<const llvm::Value*, 32> promoted;
  for (llvm::Instruction& instruction : function.getEntryBlock())
    if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
      if (llvm::isAllocaPromotable(variable)) {
        allocas.push_back(variable);
        promoted.insert(variable);
      }
  if (allocas.empty())
    return;
  ValueFacts facts(function, promoted);
  llvm::DominatorTree dominators(function);
  llvm::PromoteMemToReg(allocas, dominators);
}

/// Nobody uses it and it does nothing. Not calls: what is known of their callees is not the same in all worlds.
bool isIdle(const llvm::Instruction& instruction) {
  return instruction.use_empty() && !instruction.isTerminator() && !instruction.isEHPad() &&
         !llvm::isa<llvm::AllocaInst, llvm::CallBase>(instruction) && !instruction.mayHaveSideEffects();
}

/// The low tiers do not execute such instructions. If they stood here, their operands would be alive for one who looks at
/// the function alone (transition/FrameState.h), and nowhere to be found in a frame.
void removeIdle(llvm::Function& function) {
  llvm::SmallVector<llvm::Instruction*, 16> idle;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (isIdle(instruction))
      idle.push_back(&instruction);
  while (!idle.empty()) {
    llvm::Instruction* instruction = idle.pop_back_val();
    llvm::SmallSetVector<llvm::Instruction*, 4> operands;
    for (llvm::Use& operand : instruction->operands())
      if (auto* used = llvm::dyn_cast<llvm::Instruction>(operand.get()); used && used != instruction)
        operands.insert(used);
    instruction->eraseFromParent();
    for (llvm::Instruction* used : operands)
      if (isIdle(*used))
        idle.push_back(used);
  }
}

} // namespace

void prepareFunction(llvm::Function& function, DebugLines* lines) {
  // Nothing of it can be there without a compile unit; looking for it costs more than all else that -O1 bitcode needs.
  if (function.getParent()->getNamedMetadata("llvm.dbg.cu")) {
    if (lines)
      lines->reduce(function);
    else
      llvm::stripDebugInfo(function);
  }
  if (function.hasOptNone()) {
    // clang -O0 marks every function optnone and noinline, for a compiler that would otherwise optimise by default.
    // In Kiln the tier says what to optimise.
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
    function.removeFnAttr(llvm::Attribute::NoInline);
  }
  if (function.hasFnAttribute(llvm::Attribute::Naked))
    return;
  replaceForeignLabels(function);
  replaceBlockAddresses(function);
  llvm::removeUnreachableBlocks(function);
  if (!callsReturnTwice(function))
    promoteAllocas(function);
  removeIdle(function);
}

} // namespace kiln
