// Variables, loads and stores, atomic operations.
#include <llvm/Bitcode/BitcodeCommon.h>
#include <llvm/Bitcode/LLVMBitCodes.h>

#include "program/BodyReader.h"

namespace kiln {

using namespace llvm::bitc;

namespace {

using Operation = llvm::AtomicRMWInst::BinOp;

/// By the number that bitcode gives it.
constexpr Operation kOperations[] = {Operation::Xchg, Operation::Add,  Operation::Sub,  Operation::And,      Operation::Nand,
                                     Operation::Or,   Operation::Xor,  Operation::Max,  Operation::Min,      Operation::UMax,
                                     Operation::UMin, Operation::FAdd, Operation::FSub, Operation::FMax,     Operation::FMin,
                                     Operation::UIncWrap, Operation::UDecWrap};

bool canBeInMemory(llvm::Type* type) { return llvm::PointerType::isLoadableOrStorableType(type); }

} // namespace

/// Stated as its logarithm + 1. This version always states it.
llvm::Align BodyReader::alignment(Operands& operands) {
  std::uint64_t word = operands.word();
  operands.sound = operands.sound && word > 0 && word <= llvm::Value::MaxAlignmentExponent + 1;
  return operands.sound ? llvm::Align(std::uint64_t{1} << (word - 1)) : llvm::Align();
}

llvm::AtomicOrdering BodyReader::ordering(Operands& operands) {
  switch (operands.word()) {
  case ORDERING_UNORDERED: return llvm::AtomicOrdering::Unordered;
  case ORDERING_MONOTONIC: return llvm::AtomicOrdering::Monotonic;
  case ORDERING_ACQUIRE: return llvm::AtomicOrdering::Acquire;
  case ORDERING_RELEASE: return llvm::AtomicOrdering::Release;
  case ORDERING_ACQREL: return llvm::AtomicOrdering::AcquireRelease;
  case ORDERING_SEQCST: return llvm::AtomicOrdering::SequentiallyConsistent;
  default: operands.sound = false; return llvm::AtomicOrdering::NotAtomic;
  }
}

llvm::SyncScope::ID BodyReader::scope(Operands& operands) const {
  std::uint64_t word = operands.word();
  if (word == llvm::SyncScope::SingleThread || word == llvm::SyncScope::System)
    return static_cast<llvm::SyncScope::ID>(word);
  operands.sound = operands.sound && word < module_.scopes_.size();
  return operands.sound ? module_.scopes_[word] : static_cast<llvm::SyncScope::ID>(llvm::SyncScope::System);
}

/// [type, type of the count, count, alignment and flags, address space]. The count's number is absolute.
llvm::Instruction* BodyReader::makeAlloca(Operands& operands) {
  using Packed = llvm::AllocaPackedValues;
  llvm::Type* allocated = type(operands);
  llvm::Type* countType = type(operands);
  llvm::Value* count = absolute(operands, countType);
  std::uint64_t packed = operands.word();
  std::uint64_t space = operands.more() ? operands.word() : 0;
  if (!operands.sound || !llvm::Bitfield::get<Packed::ExplicitType>(packed) || !countType->isIntegerTy() ||
      !allocated->isSized() || space != 0)
    return nullptr;
  std::uint64_t exponent = llvm::Bitfield::get<Packed::AlignLower>(packed) |
                           (std::uint64_t{llvm::Bitfield::get<Packed::AlignUpper>(packed)} << Packed::AlignLower::Bits);
  if (exponent == 0 || exponent > llvm::Value::MaxAlignmentExponent + 1)
    return nullptr;
  auto* made = new llvm::AllocaInst(allocated, 0, count, llvm::Align(std::uint64_t{1} << (exponent - 1)));
  made->setUsedWithInAlloca(llvm::Bitfield::get<Packed::UsedWithInAlloca>(packed));
  made->setSwiftError(llvm::Bitfield::get<Packed::SwiftError>(packed));
  return made;
}

/// [address, type, alignment, volatile], and for an atomic one [ordering, scope]
llvm::Instruction* BodyReader::makeLoad(Operands& operands, bool atomic) {
  llvm::Value* from = value(operands);
  llvm::Type* loaded = from ? type(operands) : nullptr;
  llvm::Align align = alignment(operands);
  std::uint64_t isVolatile = operands.word();
  if (!operands.sound || !from->getType()->isPointerTy() || !canBeInMemory(loaded) || !loaded->isSized())
    return nullptr;
  if (!atomic)
    return new llvm::LoadInst(loaded, from, "", isVolatile != 0, align);
  llvm::AtomicOrdering order = ordering(operands);
  llvm::SyncScope::ID among = scope(operands);
  if (!operands.sound || order == llvm::AtomicOrdering::Release || order == llvm::AtomicOrdering::AcquireRelease)
    return nullptr;
  return new llvm::LoadInst(loaded, from, "", isVolatile != 0, align, order, among);
}

/// [address, value, alignment, volatile], and for an atomic one [ordering, scope]
llvm::Instruction* BodyReader::makeStore(Operands& operands, bool atomic) {
  llvm::Value* to = value(operands);
  llvm::Value* stored = to ? value(operands) : nullptr;
  llvm::Align align = alignment(operands);
  std::uint64_t isVolatile = operands.word();
  if (!operands.sound || !to->getType()->isPointerTy() || !canBeInMemory(stored->getType()))
    return nullptr;
  if (!atomic)
    return new llvm::StoreInst(stored, to, isVolatile != 0, align);
  llvm::AtomicOrdering order = ordering(operands);
  llvm::SyncScope::ID among = scope(operands);
  if (!operands.sound || order == llvm::AtomicOrdering::Acquire || order == llvm::AtomicOrdering::AcquireRelease)
    return nullptr;
  return new llvm::StoreInst(stored, to, isVolatile != 0, align, order, among);
}

/// [address, expected, new, volatile, ordering, scope, ordering of failure, weak, alignment]
llvm::Instruction* BodyReader::makeCompareExchange(Operands& operands) {
  llvm::Value* at = value(operands);
  llvm::Value* expected = at ? value(operands) : nullptr;
  llvm::Value* replacement = expected ? value(operands, expected->getType()) : nullptr;
  std::uint64_t isVolatile = operands.word();
  llvm::AtomicOrdering success = ordering(operands);
  llvm::SyncScope::ID among = scope(operands);
  llvm::AtomicOrdering failure = ordering(operands);
  std::uint64_t isWeak = operands.word();
  llvm::Align align = alignment(operands);
  if (!operands.sound || !replacement || !at->getType()->isPointerTy() || !canBeInMemory(expected->getType()) ||
      !llvm::AtomicCmpXchgInst::isValidSuccessOrdering(success) ||
      !llvm::AtomicCmpXchgInst::isValidFailureOrdering(failure))
    return nullptr;
  auto* made = new llvm::AtomicCmpXchgInst(at, expected, replacement, align, success, failure, among);
  made->setVolatile(isVolatile != 0);
  made->setWeak(isWeak != 0);
  return made;
}

/// [address, value, operation, volatile, ordering, scope, alignment]
llvm::Instruction* BodyReader::makeExchange(Operands& operands) {
  llvm::Value* at = value(operands);
  llvm::Value* by = at ? value(operands) : nullptr;
  std::uint64_t operation = operands.word(), isVolatile = operands.word();
  llvm::AtomicOrdering order = ordering(operands);
  llvm::SyncScope::ID among = scope(operands);
  llvm::Align align = alignment(operands);
  if (!operands.sound || !by || operation >= std::size(kOperations) || !at->getType()->isPointerTy() ||
      !canBeInMemory(by->getType()) || order == llvm::AtomicOrdering::Unordered)
    return nullptr;
  auto* made = new llvm::AtomicRMWInst(kOperations[operation], at, by, align, order, among);
  made->setVolatile(isVolatile != 0);
  return made;
}

/// [ordering, scope]
llvm::Instruction* BodyReader::makeFence(Operands& operands) {
  llvm::AtomicOrdering order = ordering(operands);
  llvm::SyncScope::ID among = scope(operands);
  if (!operands.sound || order == llvm::AtomicOrdering::Unordered || order == llvm::AtomicOrdering::Monotonic)
    return nullptr;
  return new llvm::FenceInst(module_.context_, order, among);
}

} // namespace kiln
