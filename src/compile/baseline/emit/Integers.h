// Integers of up to 64 bits and pointers.
//
//   Integers.cpp            arithmetic, shifts, comparisons, choices, casts
//   Division.cpp            divisions, by constants as multiplications
//   IntegerIntrinsics.cpp   counting and reversing bits, minima and maxima, funnel shifts
//   CheckedIntegers.cpp     arithmetic that tells of overflow or saturates
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Integers final : Family {
public:
  using Family::Family;

  /// A binary operation, a comparison, a choice or a cast.
  void emit(const llvm::Instruction& instruction);
  /// False if it is none of these.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  /// Sets the flags for a comparison of integers, also of more than 64 bits; the condition under which it holds.
  Condition setFlags(const llvm::ICmpInst& compare);

private:
  // Integers.cpp
  void emitAdd(const llvm::Instruction& instruction);
  void emitSub(const llvm::Instruction& instruction);
  void emitMul(const llvm::Instruction& instruction);
  void emitTwoOperand(const llvm::Instruction& instruction, asmjit::InstId operation, bool commutative);
  void emitXor(const llvm::Instruction& instruction);
  void emitShift(const llvm::Instruction& instruction);
  void emitBitTest(const llvm::Instruction& test);
  void emitSelect(const llvm::SelectInst& select);
  void emitCast(const llvm::CastInst& cast);

  // Division.cpp
  void emitDivision(const llvm::Instruction& instruction);
  template <typename Work> void withRdx(Work&& work);
  void multiplyHigh(const llvm::APInt& factor, bool isSigned);
  void quotientUnsigned(const llvm::APInt& by);
  void quotientSigned(const llvm::APInt& by);
  Gp remainderBy(const llvm::APInt& by);

  // IntegerIntrinsics.cpp
  void emitPopulation(const llvm::IntrinsicInst& intrinsic);
  void emitLeadingZeros(const llvm::IntrinsicInst& intrinsic);
  void emitTrailingZeros(const llvm::IntrinsicInst& intrinsic);
  void emitByteSwap(const llvm::IntrinsicInst& intrinsic);
  void emitBitReverse(const llvm::IntrinsicInst& intrinsic);
  void emitAbsolute(const llvm::IntrinsicInst& intrinsic);
  void emitMinMax(const llvm::IntrinsicInst& intrinsic);
  void emitThreeWay(const llvm::IntrinsicInst& intrinsic);
  void emitPointerMask(const llvm::IntrinsicInst& intrinsic);
  void emitFunnelShift(const llvm::IntrinsicInst& intrinsic);
  void emitFunnelShiftBy(const llvm::Value* high, const llvm::Value* low, bool left, unsigned count);
  void emitOddFunnelShift(const llvm::Value* high, const llvm::Value* low, const llvm::Value* count, bool left);
  void joinHalves(const llvm::Value* high, const llvm::Value* low, unsigned width);
  template <typename Shift> void withCount(const llvm::Value* count, Shift&& shift);
  void compareValues(const llvm::Value* left, const llvm::Value* right, bool isSigned);
  void combine(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned bits);

  // CheckedIntegers.cpp
  bool emitChecked(const llvm::IntrinsicInst& intrinsic);
  void emitOverflow(const llvm::IntrinsicInst& intrinsic);
  void emitSaturating(const llvm::IntrinsicInst& intrinsic);
  void emitSaturatingShift(const llvm::IntrinsicInst& intrinsic);
  void readAtTop(Gp to, const llvm::Value* value);
  void addOrSubtract(Gp to, const llvm::IntrinsicInst& intrinsic);
  Condition multiplySigned(Gp to, const llvm::IntrinsicInst& intrinsic);
  Condition multiplyUnsigned(Gp to, const llvm::IntrinsicInst& intrinsic);
  void saturateSigned(Gp sign, unsigned bits);
};

} // namespace kiln::baseline
