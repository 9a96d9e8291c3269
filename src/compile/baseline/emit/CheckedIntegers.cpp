// Arithmetic on integers of up to 64 bits that says whether it overflowed, or stops at the largest and smallest values.
//
// Integers of unusual widths are moved up to the top of 64 bits, where they carry and overflow as the processor's own
// do, and down again with the result. Where the flag of an overflow is only branched on, it stays in the processor's
// flags (isFlag()).
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Integers.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;

bool isSignedOperation(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::sadd_with_overflow:
  case llvm::Intrinsic::ssub_with_overflow:
  case llvm::Intrinsic::smul_with_overflow:
  case llvm::Intrinsic::sadd_sat:
  case llvm::Intrinsic::ssub_sat:
  case llvm::Intrinsic::sshl_sat:
    return true;
  default:
    return false;
  }
}

bool isAddition(llvm::Intrinsic::ID id) {
  return id == llvm::Intrinsic::sadd_with_overflow || id == llvm::Intrinsic::uadd_with_overflow ||
         id == llvm::Intrinsic::sadd_sat || id == llvm::Intrinsic::uadd_sat;
}

bool isMultiplication(llvm::Intrinsic::ID id) {
  return id == llvm::Intrinsic::smul_with_overflow || id == llvm::Intrinsic::umul_with_overflow;
}

} // namespace

bool Integers::emitChecked(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::sadd_with_overflow:
  case llvm::Intrinsic::uadd_with_overflow:
  case llvm::Intrinsic::ssub_with_overflow:
  case llvm::Intrinsic::usub_with_overflow:
  case llvm::Intrinsic::smul_with_overflow:
  case llvm::Intrinsic::umul_with_overflow:
    emitOverflow(intrinsic);
    return true;
  case llvm::Intrinsic::sadd_sat:
  case llvm::Intrinsic::uadd_sat:
  case llvm::Intrinsic::ssub_sat:
  case llvm::Intrinsic::usub_sat:
    emitSaturating(intrinsic);
    return true;
  case llvm::Intrinsic::sshl_sat:
  case llvm::Intrinsic::ushl_sat:
    emitSaturatingShift(intrinsic);
    return true;
  default:
    return false;
  }
}

/// A value in the top bits of 64.
void Integers::readAtTop(Gp to, const llvm::Value* value) {
  readInto(to, value);
  a_.shl(sized(to, 64), 64 - bitsOf(value->getType()));
}

/// to = left OP right at the width of the type, at the top of the register for unusual widths. Sets the flags. Uses
/// R10.
void Integers::addOrSubtract(Gp to, const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  const unsigned width = bitsOf(left->getType());
  const asmjit::InstId operation = isAddition(intrinsic.getIntrinsicID()) ? Inst::kIdAdd : Inst::kIdSub;
  if (isExactWidth(width)) {
    readInto(to, left);
    return combine(operation, to, right, width);
  }
  readAtTop(to, left);
  readAtTop(x86::r10, right);
  a_.emit(operation, to, x86::r10);
}

// Overflow ------------------------------------------------------------------------------------------------------------

void Integers::emitOverflow(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  const unsigned width = bitsOf(intrinsic.getArgOperand(0)->getType());
  const bool odd = !isExactWidth(width);
  Gp to = target(self());
  Condition overflowed = isSignedOperation(id) ? Condition::kOverflow : Condition::kUnsignedLT;
  if (isMultiplication(id))
    overflowed = isSignedOperation(id) ? multiplySigned(to, intrinsic) : multiplyUnsigned(to, intrinsic);
  else
    addOrSubtract(to, intrinsic);
  if (odd) {
    a_.emit(Inst::setccFromCond(overflowed), x86::r10b);
    a_.shr(to, 64 - width);
    wrote(self(), 0, to);
    return families_.conditions.wroteFlag(x86::r10);
  }
  // Stores and moves keep the flags.
  wrote(self(), 0, to);
  families_.conditions.giveFlag(overflowed);
}

Condition Integers::multiplySigned(Gp to, const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  const unsigned width = bitsOf(left->getType());
  if (width == 8) {
    signExtendInto(to, left);
    signExtendInto(x86::r10, right);
    a_.imul(sized(to, 32), x86::r10d);
    a_.movsx(x86::r10d, sized(to, 8));
    a_.cmp(x86::r10d, sized(to, 32));
    return Condition::kNotEqual;
  }
  if (isExactWidth(width)) {
    readInto(to, left);
    if (std::optional<std::int32_t> immediate = immediateOf(right))
      a_.imul(sized(to, width), sized(to, width), *immediate);
    else
      combine(Inst::kIdImul, to, right, width);
  } else {
    readAtTop(to, left);
    signExtendInto(x86::r10, right);
    a_.imul(to, x86::r10);
  }
  return Condition::kOverflow;
}

Condition Integers::multiplyUnsigned(Gp to, const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  const unsigned width = bitsOf(left->getType());
  if (width <= 32 && isExactWidth(width)) {
    zeroExtendInto(to, left);
    zeroExtendInto(x86::r10, right);
    a_.imul(to, x86::r10);
    if (width == 32) {
      a_.mov(x86::r10, to);
      a_.shr(x86::r10, 32);
      return Condition::kNotZero;
    }
    a_.cmp(to, (1 << width) - 1);
    return Condition::kUnsignedGT;
  }
  // RDX, where the upper half goes, may be somebody's place.
  zeroExtendInto(x86::r10, right);
  if (isExactWidth(width))
    readInto(x86::rax, left);
  else
    readAtTop(x86::rax, left);
  const bool keep = to.id() != x86::Gp::kIdDx;
  if (keep)
    a_.mov(x86::r11, x86::rdx);
  a_.mul(x86::r10);
  if (keep)
    a_.mov(x86::rdx, x86::r11);
  move(to, x86::rax);
  return Condition::kOverflow;
}

// Saturation ----------------------------------------------------------------------------------------------------------

/// What a signed result that left its range is: the largest value if `sign` is positive, else the smallest. In R11, for
/// values of `bits` bits. `sign` is lost.
void Integers::saturateSigned(Gp sign, unsigned bits) {
  a_.sar(sized(sign, bits), bits - 1);
  loadConstant(x86::r11, ~std::uint64_t{0} >> (65 - bits));
  a_.xor_(x86::r11, sized(sign, 64));
}

void Integers::emitSaturating(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* left = intrinsic.getArgOperand(0);
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  const unsigned width = bitsOf(left->getType()), bits = isExactWidth(width) ? width : 64, wide = operationBits(bits);
  Gp to = target(self(), 0, x86::rax);
  if (isSignedOperation(id)) {
    // Both ways out of the range lie on the left operand's side.
    bits == width ? readInto(to, left) : readAtTop(to, left);
    saturateSigned(to, bits);
    addOrSubtract(to, intrinsic);
    a_.cmovo(sized(to, wide), sized(x86::r11, wide));
  } else if (isAddition(id)) {
    addOrSubtract(to, intrinsic);
    a_.sbb(x86::r10, x86::r10);
    a_.or_(to, x86::r10);
  } else {
    a_.mov(x86::r11d, 0);
    addOrSubtract(to, intrinsic);
    a_.cmovb(sized(to, wide), sized(x86::r11, wide));
  }
  if (bits != width)
    a_.shr(to, 64 - width);
  wrote(self(), 0, to);
}

/// At the top of 64 bits for all widths: nothing is lost if shifting back gives the operand.
void Integers::emitSaturatingShift(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *value = intrinsic.getArgOperand(0), *count = intrinsic.getArgOperand(1);
  const bool isSigned = isSignedOperation(intrinsic.getIntrinsicID());
  const unsigned width = bitsOf(value->getType());
  readInto(x86::rax, value);
  if (width < 64)
    a_.shl(x86::rax, 64 - width);
  a_.movq(x86::xmm15, x86::rcx);
  readInto(x86::rcx, count);
  a_.mov(x86::r11, x86::rax);
  a_.shl(x86::r11, x86::cl);
  a_.mov(x86::r10, x86::r11);
  isSigned ? a_.sar(x86::r10, x86::cl) : a_.shr(x86::r10, x86::cl);
  a_.movq(x86::rcx, x86::xmm15);
  Label fits = a_.newLabel();
  a_.cmp(x86::r10, x86::rax);
  a_.je(fits);
  if (isSigned)
    saturateSigned(x86::rax, 64);
  else
    a_.mov(x86::r11, -1);
  a_.bind(fits);
  if (width < 64)
    a_.shr(x86::r11, 64 - width);
  wrote(self(), 0, x86::r11);
}

} // namespace kiln::baseline
