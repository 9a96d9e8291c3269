// Floats and doubles, in SSE registers.
//
// An operand is a register, a slot, what a folded load reads, or a constant behind the code. With AVX instructions have
// three operands, else the left one is the result as well (FloatForms.h).
//
//   Floats.cpp            arithmetic, comparisons, choices
//   FloatCasts.cpp        conversions between formats, and from and to integers of up to 64 bits
//   FloatIntrinsics.cpp   rounding, minima, classes and what else is code in place
#pragma once

#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Family.h"
#include "compile/baseline/emit/FloatForms.h"

namespace kiln::baseline {

class Floats final : Family {
public:
  using Family::Family;

  /// A binary operation, a negation, a comparison (of x87 numbers as well), a choice or a cast.
  void emit(const llvm::Instruction& instruction);
  /// False if it is none of these.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  /// Sets the flags for a comparison of floating point, x87 numbers included.
  FlagTest setFlags(const llvm::FCmpInst& compare);

private:
  // Floats.cpp
  void emitBinary(const llvm::Instruction& instruction);
  void emitNegate(const llvm::Instruction& instruction);
  void emitCompare(const llvm::FCmpInst& compare);
  void emitSelect(const llvm::SelectInst& select);
  void operate(FloatForm form, Xmm to, const llvm::Value* left, const llvm::Value* right);
  void operate(FloatForm form, Xmm to, const llvm::Value* left, const Mem& right);
  void compareXmm(Xmm left, const asmjit::Operand& right, bool twice);
  void compareIntoMask(const llvm::FCmpInst& compare, Xmm to);
  bool selectByMask(const llvm::SelectInst& select, const llvm::FCmpInst& compare, Xmm to);
  Mem signMask(const llvm::Type* type);
  Mem magnitudeMask(const llvm::Type* type);

  // FloatCasts.cpp
  void emitCast(const llvm::CastInst& cast);
  void convertFormat(const llvm::CastInst& cast);
  void emitBitcast(const llvm::CastInst& cast);
  void convertSigned(Xmm to, const asmjit::Operand& from, bool twice);
  void convertFromSigned(const llvm::CastInst& cast);
  void convertFromUnsigned(const llvm::CastInst& cast);
  void convertToInteger(Gp to, const llvm::Value* value, unsigned bits, bool isSigned);
  void emitSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);

  // FloatIntrinsics.cpp
  void emitUnary(const llvm::IntrinsicInst& intrinsic);
  void roundInto(Xmm to, Xmm from, unsigned direction, bool twice);
  void emitRound(const llvm::Value* value, unsigned direction);
  void emitRoundAway(const llvm::Value* value);
  void emitToNearestInteger(const llvm::IntrinsicInst& intrinsic);
  void emitCopySign(const llvm::IntrinsicInst& intrinsic);
  void emitFused(const llvm::IntrinsicInst& intrinsic);
  void emitMultiplyAdd(const llvm::IntrinsicInst& intrinsic);
  void emitMinNum(const llvm::IntrinsicInst& intrinsic, FloatOp op);
  void emitMinimum(const llvm::IntrinsicInst& intrinsic, FloatOp op);
  void emitIsClass(const llvm::IntrinsicInst& intrinsic);
  void emitGetRounding();
};

} // namespace kiln::baseline
