// Branches, phis, calls, exceptions.
#include <llvm/Bitcode/LLVMBitCodes.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>

#include "program/BodyReader.h"

namespace kiln {

using namespace llvm::bitc;

namespace {

// How a call's second word is made up.
constexpr unsigned kConventionBits = 10;
constexpr unsigned kInvokeExplicitType = 13; ///< invokes have no marks of tail calls

llvm::CallingConv::ID convention(std::uint64_t word) {
  return static_cast<llvm::CallingConv::ID>((word >> CALL_CCONV) & ((1u << kConventionBits) - 1));
}

llvm::CallInst::TailCallKind tailKind(std::uint64_t word) {
  if (word & (1 << CALL_NOTAIL))
    return llvm::CallInst::TCK_NoTail;
  if (word & (1 << CALL_MUSTTAIL))
    return llvm::CallInst::TCK_MustTail;
  return word & (1 << CALL_TAIL) ? llvm::CallInst::TCK_Tail : llvm::CallInst::TCK_None;
}

bool isForDebuggers(const llvm::Value* callee) {
  auto* function = llvm::dyn_cast<llvm::Function>(callee);
  return function && llvm::isDbgInfoIntrinsic(function->getIntrinsicID());
}

/// Says where accesses that metadata marks do not alias; there are no marks here.
bool declaresScope(const llvm::Value* callee) {
  auto* function = llvm::dyn_cast<llvm::Function>(callee);
  return function && function->getIntrinsicID() == llvm::Intrinsic::experimental_noalias_scope_decl;
}

} // namespace

/// [value], or nothing
llvm::Instruction* BodyReader::makeReturn(Operands& operands) {
  if (!operands.more())
    return llvm::ReturnInst::Create(module_.context_);
  llvm::Value* returned = value(operands);
  return returned ? llvm::ReturnInst::Create(module_.context_, returned) : nullptr;
}

/// [block], or [block, other block, condition]
llvm::Instruction* BodyReader::makeBranch(Operands& operands) {
  llvm::BasicBlock* to = block(operands);
  if (!to)
    return nullptr;
  if (!operands.more())
    return llvm::BranchInst::Create(to);
  llvm::BasicBlock* otherwise = block(operands);
  llvm::Value* condition = value(operands, llvm::Type::getInt1Ty(module_.context_));
  return operands.sound && otherwise ? llvm::BranchInst::Create(to, otherwise, condition) : nullptr;
}

/// [type, value, block, (constant, block)...]. The constants' numbers are absolute.
llvm::Instruction* BodyReader::makeSwitch(Operands& operands) {
  llvm::Type* over = type(operands);
  llvm::Value* condition = over && over->isIntegerTy() ? value(operands, over) : nullptr;
  llvm::BasicBlock* otherwise = block(operands);
  if (!operands.sound || !condition)
    return nullptr;
  auto* made = llvm::SwitchInst::Create(condition, otherwise, static_cast<unsigned>((operands.record.size() - operands.at) / 2));
  while (operands.sound && operands.more()) {
    auto* constant = llvm::dyn_cast_or_null<llvm::ConstantInt>(absolute(operands, over));
    llvm::BasicBlock* to = block(operands);
    if (constant && to)
      made->addCase(constant, to);
    else
      operands.sound = false; // which takes what was made with it
  }
  return made;
}

/// [type, address, block...]
llvm::Instruction* BodyReader::makeComputedGoto(Operands& operands) {
  llvm::Type* addressType = type(operands);
  llvm::Value* address = addressType && addressType->isPointerTy() ? value(operands, addressType) : nullptr;
  if (!address)
    return nullptr;
  auto* made = llvm::IndirectBrInst::Create(address, static_cast<unsigned>(operands.record.size() - operands.at));
  while (operands.sound && operands.more())
    if (llvm::BasicBlock* to = block(operands))
      made->addDestination(to);
  return made;
}

/// [type, (value, block)..., flags]. Values are relative with a sign, for many come later.
llvm::Instruction* BodyReader::makePhi(Operands& operands) {
  llvm::Type* merged = type(operands);
  if (!merged || !merged->isFirstClassType() || merged->isLabelTy() || merged->isMetadataTy())
    return nullptr;
  std::size_t pairs = (operands.record.size() - 1) / 2;
  llvm::PHINode* made = llvm::PHINode::Create(merged, static_cast<unsigned>(pairs));
  latePhis_.push_back({made, static_cast<std::uint32_t>(phiWords_.size()), static_cast<std::uint32_t>(2 * pairs)});
  for (std::size_t i = 0; i < pairs; ++i) {
    phiWords_.push_back(next_ - static_cast<std::uint32_t>(signedOf(operands.word())));
    std::uint64_t from = operands.word();
    operands.sound = operands.sound && from < blocks_.size();
    phiWords_.push_back(from);
  }
  if (operands.more() && llvm::isa<llvm::FPMathOperator>(made))
    made->setFastMathFlags(fastMath(operands.word()));
  return made;
}

/// [type, is cleanup, count, (kind, value)...]
llvm::Instruction* BodyReader::makeLandingPad(Operands& operands) {
  llvm::Type* result = type(operands);
  std::uint64_t cleanup = operands.word(), clauses = operands.word();
  if (!operands.sound || !result->isFirstClassType() || clauses > operands.record.size())
    return nullptr;
  auto* made = llvm::LandingPadInst::Create(result, static_cast<unsigned>(clauses));
  made->setCleanup(cleanup != 0);
  for (; operands.sound && clauses > 0; --clauses) {
    bool filter = operands.word() == llvm::LandingPadInst::Filter;
    auto* clause = llvm::dyn_cast_or_null<llvm::Constant>(value(operands));
    // LLVM tells the kinds apart by the type.
    operands.sound = clause && filter == clause->getType()->isArrayTy();
    if (operands.sound)
      made->addClause(clause);
  }
  return made;
}

/// [value]
llvm::Instruction* BodyReader::makeResume(Operands& operands) {
  llvm::Value* of = value(operands);
  return of ? llvm::ResumeInst::Create(of) : nullptr;
}

/// [tag, value...]: belongs to the next call.
bool BodyReader::addBundle(Operands& operands) {
  std::uint64_t tag = operands.word();
  if (tag >= module_.bundleTags_.size() || !operands.sound)
    return false;
  std::vector<llvm::Value*> inputs;
  while (operands.sound && operands.more())
    inputs.push_back(value(operands));
  bundles_.emplace_back(module_.bundleTags_[tag], std::move(inputs));
  return operands.sound;
}

/// Those that the type names have its types; behind them, in a variadic call, each has its own.
bool BodyReader::arguments(Operands& operands, const llvm::FunctionType& callee, llvm::SmallVectorImpl<llvm::Value*>& into) {
  for (llvm::Type* parameter : callee.params()) {
    // Metadata as an argument is left to LLVM's reader.
    if (parameter->isMetadataTy() || parameter->isLabelTy())
      return false;
    into.push_back(value(operands, parameter));
    if (!operands.sound)
      return false;
  }
  while (callee.isVarArg() && operands.sound && operands.more())
    into.push_back(value(operands));
  return operands.sound;
}

/// [attributes, convention, block, unwind block, type, callee, argument...]
llvm::Instruction* BodyReader::makeInvoke(Operands& operands) {
  auto attributes = module_.attributes_.at(operands.word());
  std::uint64_t word = operands.word();
  llvm::BasicBlock *normal = block(operands), *unwind = block(operands);
  auto* callee = llvm::dyn_cast_or_null<llvm::FunctionType>(type(operands));
  llvm::Value* called = callee && (word >> kInvokeExplicitType & 1) ? value(operands) : nullptr;
  llvm::SmallVector<llvm::Value*, 8> passed;
  if (!attributes || attributes->hasFnAttr(llvm::Attribute::StrictFP) || !called || !called->getType()->isPointerTy() ||
      !arguments(operands, *callee, passed))
    return nullptr;
  auto* made = llvm::InvokeInst::Create(callee, called, normal, unwind, passed, bundles_);
  bundles_.clear();
  made->setCallingConv(static_cast<llvm::CallingConv::ID>(word & ((1u << kConventionBits) - 1)));
  made->setAttributes(*attributes);
  return made;
}

/// [attributes, convention and marks, flags, type, callee, argument...]
llvm::Instruction* BodyReader::makeCall(Operands& operands) {
  auto attributes = module_.attributes_.at(operands.word());
  std::uint64_t word = operands.word(), flags = 0;
  if (word & (1 << CALL_FMF))
    flags = operands.word();
  auto* callee = llvm::dyn_cast_or_null<llvm::FunctionType>(type(operands));
  llvm::Value* called = callee && (word & (1 << CALL_EXPLICIT_TYPE)) ? value(operands) : nullptr;
  if (!called || !called->getType()->isPointerTy())
    return nullptr;
  if (isForDebuggers(called)) {
    omitted_ = true;
    return nullptr;
  }
  llvm::SmallVector<llvm::Value*, 8> passed;
  if (declaresScope(called)) {
    operands.at = operands.record.size(); // the metadata's number
    passed.push_back(module_.scopeList());
  }
  // LLVM changes calls under the strict rules of floating point in functions that are not.
  if (!attributes || attributes->hasFnAttr(llvm::Attribute::StrictFP) ||
      (passed.empty() && !arguments(operands, *callee, passed)))
    return nullptr;
  auto* made = llvm::CallInst::Create(callee, called, passed, bundles_);
  bundles_.clear();
  made->setCallingConv(convention(word));
  made->setTailCallKind(tailKind(word));
  made->setAttributes(*attributes);
  if (flags == 0)
    return made;
  if (llvm::isa<llvm::FPMathOperator>(made))
    made->setFastMathFlags(fastMath(flags));
  else
    operands.sound = false;
  return made;
}

} // namespace kiln
