// Vectors of up to 128 bits.
//
// A vector lies in an SSE register packed as in memory; what is above it in the register is undefined, and so are lanes
// that a mask of an odd number of lanes does not have. Lanes of a mask (<N x i1>) are all ones or all zeros and as wide
// as 128 bits have room for N of them, so a comparison of narrower vectors widens what it has found, and a select
// narrows it again.
//
// An operation that has no instruction is done lane by lane in slots of the frame, or by a kernel (Kernels.h).
//
//   Vectors.cpp            operands, memory, masks, and the choice of who does what
//   VectorIntegers.cpp     arithmetic, shifts and comparisons of integers
//   VectorFloats.cpp       arithmetic and comparisons of floats and doubles
//   VectorCasts.cpp        casts from and to vectors
//   VectorShapes.cpp       lanes in and out, shuffles, vectors of addresses
//   VectorIntrinsics.cpp   reductions, masked accesses
//   VectorMachine.cpp      intrinsics that are instructions of x86
#pragma once

#include "compile/baseline/emit/Family.h"
#include "compile/baseline/emit/VectorForms.h"

namespace kiln::baseline {

class Vectors final : Family {
public:
  using Family::Family;

  /// An instruction that makes a vector or takes one apart.
  void emit(const llvm::Instruction& instruction);
  /// False if it has to do with no vector, or is of no known kind.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);

  void load(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type);
  void store(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type);
  /// A mask of the lowest bits of lanes. Uses XMM14.
  void maskFromLanes(Xmm to, unsigned lane, unsigned wanted);

private:
  // Vectors.cpp
  using Operand = asmjit::Operand;
  using AnyOperand = asmjit::Operand_;
  void emitSimple(const llvm::Instruction& instruction, const Sse& operation);
  void emitSelect(const llvm::SelectInst& select);
  void sse(const Sse& operation, Xmm to, Xmm left, const AnyOperand& right);
  void sse(const Sse& operation, Xmm to, Xmm left, const AnyOperand& right, unsigned immediate);
  void sseUnary(const Sse& operation, Xmm to, const AnyOperand& from);
  void sseUnary(const Sse& operation, Xmm to, const AnyOperand& from, unsigned immediate);
  void sseShift(const Sse& operation, Xmm to, Xmm from, unsigned amount);
  void loadOperand(Xmm to, const AnyOperand& from);
  void invert(Xmm to);
  void blend(Xmm mask, const AnyOperand& yes, const AnyOperand& no);
  Mem splat(std::uint64_t bits, unsigned bytes);
  std::int32_t vectorSlot(unsigned which);
  Operand steady(const llvm::Value* value, unsigned which);
  std::int32_t spill(const llvm::Value* value, unsigned which);
  static Mem laneAt(std::int32_t slot, const VectorForm& form, unsigned lane);
  void loadLane(Gp to, const Mem& from, bool isSigned);
  void storeLane(const Mem& to, Gp from);
  void takeSlot(std::uint32_t number, std::int32_t slot);
  void loadPacked(Xmm to, const Mem& from, unsigned bytes);
  void maskFromBits(Xmm to, Gp bits, unsigned count);
  void bitsFromMask(Gp to, Xmm mask, unsigned count);
  void widenMask(Xmm mask, unsigned lane, unsigned to);
  void narrowMask(Xmm mask, unsigned lane, unsigned to);

  // VectorIntegers.cpp
  void emitInteger(const llvm::Instruction& instruction);
  /// For each pair of lanes, extended, in RAX and R10: `operation` leaves the result in RAX. It may use R11.
  void eachLane(const llvm::Instruction& instruction, const VectorForm& form, bool isSigned,
                llvm::function_ref<void()> operation);
  void emitMul(const llvm::Instruction& instruction, const VectorForm& form);
  void emitShiftBy(const llvm::Instruction& instruction, const VectorForm& form, unsigned amount);
  void shiftLanes(Xmm to, unsigned opcode, unsigned lane, unsigned amount);
  void emitShift(const llvm::Instruction& instruction, const VectorForm& form);
  void emitCompare(const llvm::CmpInst& compare);
  void compareLanes(Xmm to, llvm::CmpInst::Predicate predicate, Operand left, Operand right, const VectorForm& form);
  void compareEachLane(const llvm::CmpInst& compare, const VectorForm& form);
  void emitExtreme(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitSaturated(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitAbsolute(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitFunnelShift(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);

  // VectorFloats.cpp
  void emitFloat(const llvm::Instruction& instruction);
  void emitFloatCompare(const llvm::FCmpInst& compare);
  bool emitFloatIntrinsic(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitRound(const llvm::IntrinsicInst& intrinsic, const VectorForm& form, unsigned mode);
  void reduceFloat(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);

  // VectorCasts.cpp
  void emitCast(const llvm::CastInst& cast);
  void emitResize(const llvm::CastInst& cast);
  void onesFromMask(Xmm to, unsigned lane);
  void extendLanes(Xmm to, unsigned lane, unsigned wanted, bool isSigned);
  void truncateLanes(Xmm to, unsigned lane, unsigned wanted);
  void emitToFloat(const llvm::CastInst& cast);
  void emitFromFloat(const llvm::CastInst& cast);
  void emitBitcast(const llvm::CastInst& cast);
  void fromBits(std::uint32_t number, llvm::Type* type, bool wide);

  // VectorShapes.cpp
  Mem laneBy(std::int32_t slot, const VectorForm& form, const llvm::Value* index);
  void emitExtractElement(const llvm::ExtractElementInst& extract);
  void extractLane(Gp to, Xmm from, const VectorForm& form, unsigned index);
  void emitInsertElement(const llvm::InsertElementInst& insert);
  bool insertReal(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index);
  bool insertInteger(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index);
  Gp readLaneValue(const llvm::Value* element, const VectorForm& form);
  void emitShuffle(const llvm::ShuffleVectorInst& shuffle);
  void shuffleBytes(Xmm to, const Operand& left, const Operand& right, const ByteShuffle& bytes, unsigned lane);
  bool shuffleInterleaved(Xmm to, const Operand& left, const Operand& right, const ByteShuffle& bytes);
  bool shuffleWords(Xmm to, const Operand& from, const ByteShuffle& bytes);
  void shuffleByControl(Xmm to, const Operand& left, const Operand& right, const ByteShuffle& bytes, bool single);
  void shuffleInMemory(Xmm to, const Operand& left, const Operand& right, const ByteShuffle& bytes, unsigned lane);
  void shuffleMasks(const llvm::ShuffleVectorInst& shuffle, const VectorForm& source, const VectorForm& form);
  void emitAddress(const llvm::GetElementPtrInst& instruction);

  // VectorIntrinsics.cpp
  void emitByteSwap(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitReduce(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void reduceEachLane(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void reduceMask(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitMaskedAccess(const llvm::IntrinsicInst& intrinsic);

  // VectorMachine.cpp
  bool emitMachine(const llvm::IntrinsicInst& intrinsic);
  bool emitLowestCompare(const llvm::IntrinsicInst& intrinsic);

  std::int32_t vectorSlots_[4] = {}; ///< scratch memory of 16 bytes each
};

} // namespace kiln::baseline
