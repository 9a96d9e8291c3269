// x87 numbers, in slots of 16 bytes.
//
// Each instruction loads its operands to the x87 stack, and pops its result to its slot; in between the stack is empty.
// Operands that are folded are computed there, with theirs. What goes through memory for a moment takes the 128 bytes
// below RSP, which signal handlers leave alone.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class X87 final : Family {
public:
  using Family::Family;

  /// A load, a binary operation, a negation, a choice, or a cast from or to such a number.
  void emit(const llvm::Instruction& instruction);
  /// False if it is none of such numbers.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);

  /// Pushes the number to the x87 stack, and computes it if it is folded; pops it to its slot.
  void push(const llvm::Value* value, unsigned part = 0);
  void pop(std::uint32_t number, unsigned part = 0);
  /// Ten bytes of memory that hold the number: its slot, or a constant.
  Mem memory(const llvm::Value* value, unsigned part = 0);
  /// Sets the flags.
  void setFlags(const llvm::Value* left, const llvm::Value* right);
  /// A number of any format to an integer of more than 64 bits, the nearest one if it is out of range.
  void emitWideSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);

private:
  void compute(const llvm::Instruction& instruction);
  void computeBinary(const llvm::Instruction& instruction);
  void computeIntrinsic(const llvm::IntrinsicInst& intrinsic);
  void emitSelect(const llvm::SelectInst& select);
  void emitCast(const llvm::CastInst& cast);
  void emitBitcast(const llvm::CastInst& cast);
  void pushFloat(const llvm::Value* value);
  void pushUnsigned(Gp from);
  void pushInteger(const llvm::Value* value, bool isSigned);
  void popTruncated(const Mem& to);
  void popInteger(unsigned bits, bool isSigned);
  void emitSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);
  void emitIsClass(const llvm::IntrinsicInst& intrinsic);
};

} // namespace kiln::baseline
