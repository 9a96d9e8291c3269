// Divisions of integers up to 64 bits: by constants as multiplications, else by the instruction.
//
// Sources: Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994); the constants
// are LLVM's (Hacker's Delight, chapter 10).
#include <llvm/IR/Constants.h>
#include <llvm/Support/DivisionByConstantInfo.h>

#include "compile/baseline/emit/Integers.h"

namespace kiln::baseline {

void Integers::emitDivision(const llvm::Instruction& instruction) {
  const llvm::Value *dividend = instruction.getOperand(0), *divisor = instruction.getOperand(1);
  const unsigned width = bitsOf(instruction.getType()), bits = operationBits(width), opcode = instruction.getOpcode();
  const bool isSigned = opcode == llvm::Instruction::SDiv || opcode == llvm::Instruction::SRem;
  const bool wantsQuotient = opcode == llvm::Instruction::SDiv || opcode == llvm::Instruction::UDiv;
  auto extendInto = [&](Gp to, const llvm::Value* value) {
    if (width == 64)
      readInto(to, value);
    else
      isSigned ? signExtendInto(to, value) : zeroExtendInto(to, value);
  };
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(divisor);
      constant && !constant->isZero() && isExactWidth(width)) {
    const llvm::APInt by = isSigned ? constant->getValue().sext(bits) : constant->getValue().zext(bits);
    extendInto(x86::r10, dividend);
    isSigned ? quotientSigned(by) : quotientUnsigned(by);
    return wrote(numberOf(instruction), 0, wantsQuotient ? Gp(x86::rax) : remainderBy(by));
  }
  // Extended to 32 or 64 bits, operands divide as they are. RDX may be somebody's place.
  extendInto(x86::r10, divisor);
  extendInto(x86::rax, dividend);
  withRdx([&] {
    Gp by = sized(x86::r10, bits);
    if (isSigned) {
      bits == 64 ? a_.cqo() : a_.cdq();
      a_.idiv(by);
    } else {
      a_.xor_(x86::edx, x86::edx);
      a_.div(by);
    }
    if (!wantsQuotient)
      a_.mov(sized(x86::rax, bits), sized(x86::rdx, bits));
  });
  if (!isExactWidth(width))
    clean(x86::rax, width);
  wrote(numberOf(instruction), 0, x86::rax);
}

/// RDX is kept in R11 around what changes it, unless the result goes there anyway.
template <typename Work> void Integers::withRdx(Work&& work) {
  const bool keep = plan_.placeOf(self(), 0).reg != x86::Gp::kIdDx;
  if (keep)
    a_.mov(x86::r11, x86::rdx);
  work();
  if (keep)
    a_.mov(x86::rdx, x86::r11);
}

/// EAX or RAX = the upper half of R10 (extended to 64 bits) times a constant.
void Integers::multiplyHigh(const llvm::APInt& factor, bool isSigned) {
  if (factor.getBitWidth() == 32) {
    if (isSigned) {
      a_.imul(x86::rax, x86::r10, static_cast<std::int32_t>(factor.getSExtValue()));
    } else {
      loadConstant(x86::rax, factor.getZExtValue());
      a_.imul(x86::rax, x86::r10);
    }
    a_.shr(x86::rax, 32);
    return;
  }
  withRdx([&] {
    loadConstant(x86::rax, factor.getZExtValue());
    isSigned ? a_.imul(x86::r10) : a_.mul(x86::r10);
    a_.mov(x86::rax, x86::rdx);
  });
}

/// EAX or RAX = R10 / by; R10 stays.
void Integers::quotientUnsigned(const llvm::APInt& by) {
  const unsigned bits = by.getBitWidth();
  Gp quotient = sized(x86::rax, bits), value = sized(x86::r10, bits), scratch = sized(x86::r11, bits);
  if (by.isPowerOf2()) {
    a_.mov(quotient, value);
    if (by.logBase2() > 0)
      a_.shr(quotient, by.logBase2());
    return;
  }
  auto magic = llvm::UnsignedDivisionByConstantInfo::get(by, 0, false);
  multiplyHigh(magic.Magic, false);
  if (magic.IsAdd) { // the factor has a bit more than fits
    a_.mov(scratch, value);
    a_.sub(scratch, quotient);
    a_.shr(scratch, 1);
    a_.add(quotient, scratch);
  }
  if (magic.PostShift > 0)
    a_.shr(quotient, magic.PostShift);
}

/// EAX or RAX = R10 / by, rounded towards zero; R10 stays.
void Integers::quotientSigned(const llvm::APInt& by) {
  const unsigned bits = by.getBitWidth();
  Gp quotient = sized(x86::rax, bits), value = sized(x86::r10, bits), scratch = sized(x86::r11, bits);
  const llvm::APInt magnitude = by.abs(); // of the least number: itself, a power of two without sign
  if (magnitude.isPowerOf2()) {
    const unsigned shift = magnitude.logBase2();
    a_.mov(quotient, value);
    if (shift > 0) { // negative ones are rounded up
      a_.sar(quotient, bits - 1);
      a_.shr(quotient, bits - shift);
      a_.add(quotient, value);
      a_.sar(quotient, shift);
    }
    if (by.isNegative())
      a_.neg(quotient);
    return;
  }
  auto magic = llvm::SignedDivisionByConstantInfo::get(by);
  multiplyHigh(magic.Magic, true);
  if (by.isStrictlyPositive() && magic.Magic.isNegative())
    a_.add(quotient, value);
  else if (by.isNegative() && magic.Magic.isStrictlyPositive())
    a_.sub(quotient, value);
  if (magic.ShiftAmount > 0)
    a_.sar(quotient, magic.ShiftAmount);
  a_.mov(scratch, quotient);
  a_.shr(scratch, bits - 1);
  a_.add(quotient, scratch);
}

/// R10 minus the quotient in RAX times `by`, in R10.
Gp Integers::remainderBy(const llvm::APInt& by) {
  const unsigned bits = by.getBitWidth();
  Gp product = sized(x86::rax, bits), value = sized(x86::r10, bits);
  if (isInt32(by.getSExtValue())) {
    a_.imul(product, product, static_cast<std::int32_t>(by.getSExtValue()));
  } else {
    loadConstant(x86::r11, by.getZExtValue());
    a_.imul(product, sized(x86::r11, bits));
  }
  a_.sub(value, product);
  return x86::r10;
}

} // namespace kiln::baseline
