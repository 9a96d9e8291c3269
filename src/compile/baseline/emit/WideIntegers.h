// Integers of 65 to 128 bits in two registers. Bits above the width are zeros.
//
// Operands are never in registers of the result (writesEarly()), so halves of the result can be written while others
// are read.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class WideIntegers final : Family {
public:
  using Family::Family;

  /// A binary operation, a comparison, a choice or a cast that has to do with such an integer.
  void emit(const llvm::Instruction& instruction);
  /// False if it is none of such an integer, or of no known kind.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  /// Sets the flags; the condition under which the comparison holds.
  Condition setFlags(llvm::CmpInst::Predicate predicate, const llvm::Value* left, const llvm::Value* right);

private:
  // WideIntegers.cpp
  void emitHalves(const llvm::Instruction& instruction, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitMul(const llvm::Instruction& instruction);
  void divide(const char* function, const llvm::Instruction& instruction, bool isSigned);
  void emitShiftBy(const llvm::Instruction& instruction);
  void emitShift(const llvm::Instruction& instruction);
  void emitSelect(const llvm::SelectInst& select);
  void emitCast(const llvm::CastInst& cast);
  void emitFloatCast(const llvm::CastInst& cast);
  void combine(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned part, Gp scratch);

  // WideIntrinsics.cpp
  struct Sum {
    const llvm::Value *left, *right;
    asmjit::InstId lowOperation, highOperation;
    unsigned width;
    bool isSigned;
  };
  Condition add(const Sum& sum, Gp low, Gp high);
  void emitChecked(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitSaturated(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitExtreme(const llvm::IntrinsicInst& intrinsic, llvm::CmpInst::Predicate predicate);
  void emitOrder(const llvm::IntrinsicInst& intrinsic, bool isSigned);
  void emitAbsolute(const llvm::IntrinsicInst& intrinsic);
  void emitByteSwap(const llvm::IntrinsicInst& intrinsic);
  void emitZeros(const llvm::IntrinsicInst& intrinsic);
  void emitFunnelShift(const llvm::IntrinsicInst& intrinsic);
};

} // namespace kiln::baseline
