#include "program/BodyCheck.h"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Module.h>

namespace kiln {
namespace {

bool isPlainValue(llvm::Type* type) {
  return type->isFirstClassType() && !type->isLabelTy() && !type->isMetadataTy() && !type->isTokenTy();
}

/// No instruction, and neither a block nor metadata. An intrinsic has no address.
bool isPlainOperand(const llvm::Value* value) {
  if (const auto* function = llvm::dyn_cast<llvm::Function>(value))
    return !function->isIntrinsic();
  return llvm::isa<llvm::Constant, llvm::Argument>(value);
}

bool isKnownConvention(llvm::CallingConv::ID convention) {
  return convention == llvm::CallingConv::C || convention == llvm::CallingConv::Fast ||
         convention == llvm::CallingConv::Cold;
}

/// { ptr, i32 }, which the unwinder's personality routines give.
bool isPadType(llvm::Type* type) {
  auto* pair = llvm::dyn_cast<llvm::StructType>(type);
  return pair && pair->getNumElements() == 2 && pair->getElementType(0)->isPointerTy() &&
         pair->getElementType(1)->isIntegerTy(32);
}

bool validBinary(const llvm::Instruction& instruction) {
  llvm::Type* type = instruction.getType();
  if (instruction.getOperand(0)->getType() != type || instruction.getOperand(1)->getType() != type)
    return false;
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd:
  case llvm::Instruction::FSub:
  case llvm::Instruction::FMul:
  case llvm::Instruction::FDiv:
  case llvm::Instruction::FRem:
    return type->isFPOrFPVectorTy();
  default:
    return type->isIntOrIntVectorTy();
  }
}

bool validCompare(const llvm::CmpInst& compare) {
  llvm::Type* type = compare.getOperand(0)->getType();
  if (compare.getOperand(1)->getType() != type || compare.getType() != llvm::CmpInst::makeCmpResultType(type))
    return false;
  if (llvm::isa<llvm::FCmpInst>(compare))
    return type->isFPOrFPVectorTy() && llvm::CmpInst::isFPPredicate(compare.getPredicate());
  return (type->isIntOrIntVectorTy() || type->isPtrOrPtrVectorTy()) &&
         llvm::CmpInst::isIntPredicate(compare.getPredicate());
}

} // namespace

bool BodyCheck::plainlyValid(const llvm::Function& function) {
  function_ = &function;
  if (!isKnownConvention(function.getCallingConv()) || function.hasGC() || function.isPresplitCoroutine() ||
      !validAttributes(function.getAttributes(), *function.getFunctionType()))
    return false;
  for (const llvm::Argument& argument : function.args())
    if (!isPlainValue(argument.getType()))
      return false;
  if (!readBlocks(function))
    return false;
  dominators_.compute(firstTo_, to_);
  for (std::uint32_t number = 0; number < blocks_.size(); ++number)
    if (!validBlock(*blocks_[number], number))
      return false;
  return true;
}

/// Numbers the blocks and collects the edges.
bool BodyCheck::readBlocks(const llvm::Function& function) {
  entry_ = &function.getEntryBlock();
  numbers_.clear();
  blocks_.clear();
  for (const llvm::BasicBlock& block : function) {
    if (block.empty() || !block.back().isTerminator())
      return false;
    numbers_[&block] = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back(&block);
  }
  firstTo_.clear();
  to_.clear();
  firstFrom_.assign(blocks_.size() + 1, 0);
  for (const llvm::BasicBlock* block : blocks_) {
    firstTo_.push_back(static_cast<std::uint32_t>(to_.size()));
    for (const llvm::BasicBlock* next : llvm::successors(block)) {
      std::uint32_t number = numbers_.lookup(next);
      to_.push_back(number);
      ++firstFrom_[number];
    }
  }
  firstTo_.push_back(static_cast<std::uint32_t>(to_.size()));
  if (firstFrom_[0] != 0 || entry_->hasAddressTaken())
    return false; // nothing leads back to the entry
  std::uint32_t sum = 0;
  for (std::uint32_t& each : firstFrom_)
    each = sum += each; // one behind each block's last
  from_.resize(sum);
  for (std::uint32_t block = 0; block < blocks_.size(); ++block)
    for (std::uint32_t edge = firstTo_[block]; edge < firstTo_[block + 1]; ++edge)
      from_[--firstFrom_[to_[edge]]] = block;
  origins_.assign(blocks_.size(), {});
  phis_ = 0;
  return true;
}

bool BodyCheck::validBlock(const llvm::BasicBlock& block, std::uint32_t number) {
  if (llvm::isa<llvm::PHINode>(block.front()) && !validPhis(block, number))
    return false;
  bool phis = true;
  for (const llvm::Instruction& instruction : block) {
    if (llvm::isa<llvm::PHINode>(instruction)) {
      if (!phis)
        return false;
      continue;
    }
    phis = false;
    if (instruction.isTerminator() && &instruction != &block.back())
      return false;
    if (!validInstruction(instruction, number) || !validOperands(instruction, number))
      return false;
  }
  return true;
}

// Definitions and uses ------------------------------------------------------------------------------------------------

bool BodyCheck::validPhis(const llvm::BasicBlock& block, std::uint32_t number) {
  for (std::uint32_t edge = firstFrom_[number]; edge < firstFrom_[number + 1]; ++edge)
    ++origins_[from_[edge]].edges;
  bool valid = true;
  for (const llvm::PHINode& phi : block.phis())
    valid = valid && validPhi(phi, number);
  for (std::uint32_t edge = firstFrom_[number]; edge < firstFrom_[number + 1]; ++edge)
    origins_[from_[edge]].edges = 0;
  return valid;
}

/// One value for each edge, defined where the edge comes from; the same one for edges from the same block.
bool BodyCheck::validPhi(const llvm::PHINode& phi, std::uint32_t number) {
  unsigned count = phi.getNumIncomingValues();
  if (count != firstFrom_[number + 1] - firstFrom_[number] || !isPlainValue(phi.getType()))
    return false;
  ++phis_;
  for (unsigned i = 0; i < count; ++i) {
    auto at = numbers_.find(phi.getIncomingBlock(i));
    if (at == numbers_.end())
      return false;
    std::uint32_t from = at->second;
    const llvm::Value* value = phi.getIncomingValue(i);
    Origin& origin = origins_[from];
    if (origin.phi != phis_)
      origin = {origin.edges, origin.edges, phis_, value};
    if (origin.left == 0 || origin.value != value || value->getType() != phi.getType())
      return false;
    --origin.left;
    const auto* definition = llvm::dyn_cast<llvm::Instruction>(value);
    if (!definition) {
      if (!isPlainOperand(value))
        return false;
    } else if (dominators_.reached(from)) {
      // What ends the block in front is not defined on all of its edges: LLVM may tell.
      if (definition->getParent() == blocks_[from] ? definition->isTerminator() : !definedAt(*definition, from))
        return false;
    }
  }
  return true;
}

bool BodyCheck::definedAt(const llvm::Instruction& definition, std::uint32_t number) const {
  const llvm::BasicBlock* block = definition.getParent();
  if (definition.isTerminator()) {
    const auto* invoke = llvm::dyn_cast<llvm::InvokeInst>(&definition);
    if (!invoke)
      return false;
    // Defined where the call returned, if no other way leads there.
    std::uint32_t normal = numbers_.lookup(invoke->getNormalDest());
    return firstFrom_[normal + 1] - firstFrom_[normal] == 1 && dominators_.dominates(normal, number);
  }
  return block == entry_ || dominators_.dominates(numbers_.lookup(block), number);
}

bool BodyCheck::validOperands(const llvm::Instruction& instruction, std::uint32_t number) {
  const llvm::BasicBlock* block = blocks_[number];
  const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
  for (const llvm::Use& use : instruction.operands()) {
    const llvm::Value* value = use.get();
    if (const auto* definition = llvm::dyn_cast<llvm::Instruction>(value)) {
      bool defined =
          definition->getParent() == block ? definition->comesBefore(&instruction) : definedAt(*definition, number);
      if (!defined && dominators_.reached(number)) // what nothing reaches may use what it likes
        return false;
    } else if (llvm::isa<llvm::BasicBlock>(value)) {
      if (!instruction.isTerminator())
        return false;
    } else if (!isPlainOperand(value) && !(call && call->isCallee(&use))) {
      return false;
    }
  }
  return true;
}

// Instructions --------------------------------------------------------------------------------------------------------

bool BodyCheck::validInstruction(const llvm::Instruction& instruction, std::uint32_t number) {
  using llvm::cast;
  if (instruction.isBinaryOp())
    return validBinary(instruction);
  if (const auto* conversion = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return llvm::CastInst::castIsValid(conversion->getOpcode(), conversion->getSrcTy(), conversion->getDestTy());
  switch (instruction.getOpcode()) {
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp:
    return validCompare(cast<llvm::CmpInst>(instruction));
  case llvm::Instruction::FNeg:
    return instruction.getOperand(0)->getType() == instruction.getType() && instruction.getType()->isFPOrFPVectorTy();
  case llvm::Instruction::Freeze:
    return instruction.getOperand(0)->getType() == instruction.getType();
  case llvm::Instruction::Select:
    return !llvm::SelectInst::areInvalidOperands(instruction.getOperand(0), instruction.getOperand(1),
                                                 instruction.getOperand(2));
  case llvm::Instruction::Load: {
    const auto& load = cast<llvm::LoadInst>(instruction);
    return validAccess(load.getPointerOperand(), load.getType(), load.isAtomic());
  }
  case llvm::Instruction::Store: {
    const auto& store = cast<llvm::StoreInst>(instruction);
    return validAccess(store.getPointerOperand(), store.getValueOperand()->getType(), store.isAtomic());
  }
  case llvm::Instruction::AtomicRMW:
    return validExchange(cast<llvm::AtomicRMWInst>(instruction));
  case llvm::Instruction::AtomicCmpXchg: {
    const auto& exchange = cast<llvm::AtomicCmpXchgInst>(instruction);
    llvm::Type* type = exchange.getCompareOperand()->getType();
    return type == exchange.getNewValOperand()->getType() && !type->isFloatingPointTy() &&
           validAccess(exchange.getPointerOperand(), type, true);
  }
  case llvm::Instruction::Fence:
    return true;
  case llvm::Instruction::GetElementPtr:
    return validAddress(cast<llvm::GetElementPtrInst>(instruction));
  case llvm::Instruction::Alloca: {
    const auto& variable = cast<llvm::AllocaInst>(instruction);
    return variable.getAllocatedType()->isSized() && variable.getArraySize()->getType()->isIntegerTy() &&
           !variable.isUsedWithInAlloca() && !variable.isSwiftError();
  }
  case llvm::Instruction::ExtractValue: {
    const auto& extract = cast<llvm::ExtractValueInst>(instruction);
    return llvm::ExtractValueInst::getIndexedType(extract.getAggregateOperand()->getType(), extract.getIndices()) ==
           extract.getType();
  }
  case llvm::Instruction::InsertValue: {
    const auto& insert = cast<llvm::InsertValueInst>(instruction);
    return insert.getAggregateOperand()->getType() == insert.getType() &&
           llvm::ExtractValueInst::getIndexedType(insert.getType(), insert.getIndices()) ==
               insert.getInsertedValueOperand()->getType();
  }
  case llvm::Instruction::ExtractElement:
    return llvm::ExtractElementInst::isValidOperands(instruction.getOperand(0), instruction.getOperand(1));
  case llvm::Instruction::InsertElement:
    return llvm::InsertElementInst::isValidOperands(instruction.getOperand(0), instruction.getOperand(1),
                                                    instruction.getOperand(2));
  case llvm::Instruction::ShuffleVector:
    return llvm::ShuffleVectorInst::isValidOperands(instruction.getOperand(0), instruction.getOperand(1),
                                                    cast<llvm::ShuffleVectorInst>(instruction).getShuffleMask());
  case llvm::Instruction::Call:
  case llvm::Instruction::Invoke:
    return validCall(cast<llvm::CallBase>(instruction));
  case llvm::Instruction::LandingPad:
    return validLandingPad(cast<llvm::LandingPadInst>(instruction), number);
  case llvm::Instruction::Resume:
    return function_->hasPersonalityFn() && isPadType(instruction.getOperand(0)->getType());
  case llvm::Instruction::Ret:
    return validReturn(cast<llvm::ReturnInst>(instruction));
  case llvm::Instruction::Br:
    return cast<llvm::BranchInst>(instruction).isUnconditional() ||
           instruction.getOperand(0)->getType()->isIntegerTy(1);
  case llvm::Instruction::Switch:
    return instruction.getOperand(0)->getType()->isIntegerTy();
  case llvm::Instruction::IndirectBr:
    return instruction.getOperand(0)->getType()->isPointerTy();
  case llvm::Instruction::Unreachable:
    return true;
  default:
    return false;
  }
}

bool BodyCheck::validReturn(const llvm::ReturnInst& instruction) const {
  const llvm::Value* value = instruction.getReturnValue();
  llvm::Type* type = function_->getReturnType();
  return value ? value->getType() == type && isPlainValue(type) : type->isVoidTy();
}

bool BodyCheck::validAccess(const llvm::Value* address, llvm::Type* type, bool atomic) const {
  if (!address->getType()->isPointerTy() || !isPlainValue(type) || !type->isSized())
    return false;
  if (!atomic)
    return true;
  if (!type->isIntegerTy() && !type->isPointerTy() && !type->isFloatingPointTy())
    return false;
  std::uint64_t bits = function_->getParent()->getDataLayout().getTypeSizeInBits(type);
  return bits >= 8 && (bits & (bits - 1)) == 0;
}

bool BodyCheck::validExchange(const llvm::AtomicRMWInst& instruction) const {
  llvm::Type* type = instruction.getValOperand()->getType();
  if (!validAccess(instruction.getPointerOperand(), type, true) || type != instruction.getType() ||
      instruction.getOperation() > llvm::AtomicRMWInst::LAST_BINOP)
    return false;
  if (instruction.getOperation() == llvm::AtomicRMWInst::Xchg)
    return true;
  return llvm::AtomicRMWInst::isFPOperation(instruction.getOperation()) ? type->isFloatingPointTy()
                                                                        : type->isIntegerTy();
}

bool BodyCheck::validAddress(const llvm::GetElementPtrInst& instruction) const {
  llvm::Type* type = instruction.getSourceElementType();
  if (!type->isSized() || !instruction.getPointerOperandType()->isPointerTy() || !instruction.getType()->isPointerTy())
    return false;
  for (const llvm::Use& index : instruction.indices())
    if (!index->getType()->isIntegerTy())
      return false;
  if (instruction.getNumIndices() == 1)
    return true;
  llvm::SmallVector<llvm::Value*, 8> indices(instruction.indices());
  return llvm::GetElementPtrInst::getIndexedType(type, indices) == instruction.getResultElementType();
}

/// Behind the phis, and reached from invokes only, as where they unwind to.
bool BodyCheck::validLandingPad(const llvm::LandingPadInst& pad, std::uint32_t number) const {
  const llvm::BasicBlock* block = blocks_[number];
  if (!function_->hasPersonalityFn() || !isPadType(pad.getType()) || block->getFirstNonPHI() != &pad)
    return false;
  for (std::uint32_t edge = firstFrom_[number]; edge < firstFrom_[number + 1]; ++edge) {
    const auto* invoke = llvm::dyn_cast<llvm::InvokeInst>(blocks_[from_[edge]]->getTerminator());
    if (!invoke || invoke->getUnwindDest() != block || invoke->getNormalDest() == block)
      return false;
  }
  for (unsigned i = 0; i < pad.getNumClauses(); ++i)
    if (!llvm::isa<llvm::Constant>(pad.getClause(i)) ||
        (pad.isCatch(i) ? !pad.getClause(i)->getType()->isPointerTy() : !pad.getClause(i)->getType()->isArrayTy()))
      return false;
  return true;
}

} // namespace kiln
