// Atomic operations, and fences. On x86 all read-modify-write operations are sequentially consistent, loads acquire and
// stores release; only a sequentially consistent store and fence need more than the plain instruction.
//
// The pointer of an atomic operation is never a folded address, so it is in a register, or goes to R11.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Atomics final : Family {
public:
  using Family::Family;

  /// A fence, a read-modify-write operation, or a load or store that a plain one is not enough for.
  void emit(const llvm::Instruction& instruction);

private:
  // Atomics.cpp: 8 to 64 bits
  void emitFence(const llvm::FenceInst& fence);
  void emitStore(const llvm::StoreInst& store);
  void emitCompareExchange(const llvm::AtomicCmpXchgInst& exchange);
  void emitReadModifyWrite(const llvm::AtomicRMWInst& change);
  void emitExchangeLoop(const llvm::AtomicRMWInst& change, unsigned bits);
  void combine(llvm::AtomicRMWInst::BinOp operation, const llvm::Value* value, unsigned bits);
  void combineReal(llvm::AtomicRMWInst::BinOp operation, Xmm value, bool isFloat);
  Mem memoryAt(const llvm::Value* pointer, unsigned bits, bool reusable);
  void readBitsInto(Gp to, const llvm::Value* value);
  void wroteBits(std::uint32_t number, Gp from, const llvm::Type* type);

  // WideAtomics.cpp: 128 bits
  void emitWide(const llvm::Instruction& instruction);
  void combineWide(llvm::AtomicRMWInst::BinOp operation);
  void chooseWide(llvm::AtomicRMWInst::BinOp operation);
  void stage(std::int32_t slot, const llvm::Value* value);
  void enterWide(const llvm::Value* pointer);
  void leaveWide();

  std::int32_t wideSlots_ = 0; ///< room for what operations of 128 bits stage and save
};

} // namespace kiln::baseline
