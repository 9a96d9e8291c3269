// Intrinsics on integers of 65 to 128 bits.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/WideIntegers.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;

/// The upper half of the largest number with a sign, or of the largest without.
std::uint64_t largestHigh(unsigned width, bool isSigned) {
  const unsigned bits = width - 64 - isSigned;
  return bits == 0 ? 0 : ~std::uint64_t{0} >> (64 - bits);
}

} // namespace

bool WideIntegers::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_size() == 0 || !isWide(intrinsic.getArgOperand(0)->getType()))
    return false;
  if (!isUsed(numberOf(intrinsic)))
    return true;
  using llvm::Intrinsic::ID;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::sadd_with_overflow:
  case llvm::Intrinsic::uadd_with_overflow: emitChecked(intrinsic, Inst::kIdAdd, Inst::kIdAdc); return true;
  case llvm::Intrinsic::ssub_with_overflow:
  case llvm::Intrinsic::usub_with_overflow: emitChecked(intrinsic, Inst::kIdSub, Inst::kIdSbb); return true;
  case llvm::Intrinsic::sadd_sat:
  case llvm::Intrinsic::uadd_sat: emitSaturated(intrinsic, Inst::kIdAdd, Inst::kIdAdc); return true;
  case llvm::Intrinsic::ssub_sat:
  case llvm::Intrinsic::usub_sat: emitSaturated(intrinsic, Inst::kIdSub, Inst::kIdSbb); return true;
  case llvm::Intrinsic::smin: emitExtreme(intrinsic, llvm::CmpInst::ICMP_SLT); return true;
  case llvm::Intrinsic::smax: emitExtreme(intrinsic, llvm::CmpInst::ICMP_SGT); return true;
  case llvm::Intrinsic::umin: emitExtreme(intrinsic, llvm::CmpInst::ICMP_ULT); return true;
  case llvm::Intrinsic::umax: emitExtreme(intrinsic, llvm::CmpInst::ICMP_UGT); return true;
  case llvm::Intrinsic::scmp: emitOrder(intrinsic, true); return true;
  case llvm::Intrinsic::ucmp: emitOrder(intrinsic, false); return true;
  case llvm::Intrinsic::abs: emitAbsolute(intrinsic); return true;
  case llvm::Intrinsic::bswap: emitByteSwap(intrinsic); return true;
  case llvm::Intrinsic::ctlz:
  case llvm::Intrinsic::cttz: emitZeros(intrinsic); return true;
  case llvm::Intrinsic::fshl:
  case llvm::Intrinsic::fshr:
    if (!families_.calls.callKernel(intrinsic))
      emitFunnelShift(intrinsic);
    return true;
  default: return families_.calls.callKernel(intrinsic);
  }
}

/// low, high = left OPERATION right, and whether that is beyond the width: the condition that then holds. Uses R11. Of
/// numbers with a sign of unusual width the upper halves are sign-extended first, so nothing is lost.
Condition WideIntegers::add(const Sum& sum, Gp low, Gp high) {
  readInto(low, sum.left, 0);
  readInto(high, sum.left, 1);
  if (sum.isSigned && sum.width < 128) {
    signExtendHigh(high, sum.width);
    readInto(x86::r11, sum.right, 1);
    signExtendHigh(x86::r11, sum.width);
    combine(sum.lowOperation, low, sum.right, 0, x86::r11);
    a_.emit(sum.highOperation, high, x86::r11);
    a_.mov(x86::r11, high);
    signExtendHigh(high, sum.width);
    a_.cmp(x86::r11, high);
    return Condition::kNotEqual;
  }
  combine(sum.lowOperation, low, sum.right, 0, x86::r11);
  combine(sum.highOperation, high, sum.right, 1, x86::r11);
  if (sum.isSigned)
    return Condition::kOverflow;
  if (sum.width == 128 || sum.lowOperation == Inst::kIdSub)
    return Condition::kUnsignedLT;
  a_.mov(x86::r11, high);
  a_.shr(x86::r11, sum.width - 64);
  return Condition::kNotZero;
}

void WideIntegers::emitChecked(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation,
                               asmjit::InstId highOperation) {
  const std::uint32_t number = numberOf(intrinsic);
  const bool isSigned = intrinsic.getIntrinsicID() == llvm::Intrinsic::sadd_with_overflow ||
                        intrinsic.getIntrinsicID() == llvm::Intrinsic::ssub_with_overflow;
  const unsigned width = bitsOf(intrinsic.getArgOperand(0)->getType());
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  Condition beyond =
      add({intrinsic.getArgOperand(0), intrinsic.getArgOperand(1), lowOperation, highOperation, width, isSigned}, low,
          high);
  a_.emit(Inst::setccFromCond(beyond), x86::r11b);
  cleanHigh(high, width);
  wroteWide(number, low, high);
  Gp flag = target(number, 2, x86::r11);
  a_.movzx(sized(flag, 32), x86::r11b);
  wrote(number, 2, flag);
}

void WideIntegers::emitSaturated(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation,
                                 asmjit::InstId highOperation) {
  const std::uint32_t number = numberOf(intrinsic);
  const bool isSigned = intrinsic.getIntrinsicID() == llvm::Intrinsic::sadd_sat ||
                        intrinsic.getIntrinsicID() == llvm::Intrinsic::ssub_sat;
  const llvm::Value* left = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(intrinsic.getType());
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  Condition beyond = add({left, intrinsic.getArgOperand(1), lowOperation, highOperation, width, isSigned}, low, high);
  Label done = a_.newLabel();
  a_.j(x86::negateCond(beyond), done);
  if (isSigned) { // to the side of the left operand's sign
    readInto(high, left, 1);
    signExtendHigh(high, width);
    a_.sar(high, 63);
    a_.mov(low, high);
    a_.not_(low);
    loadConstant(x86::r11, largestHigh(width, true));
    a_.xor_(high, x86::r11);
  } else {
    const bool toZero = lowOperation == Inst::kIdSub;
    loadConstant(low, toZero ? 0 : ~std::uint64_t{0});
    loadConstant(high, toZero ? 0 : largestHigh(width, false));
  }
  a_.bind(done);
  cleanHigh(high, width);
  wroteWide(number, low, high);
}

/// The left operand if the predicate holds, else the right one.
void WideIntegers::emitExtreme(const llvm::IntrinsicInst& intrinsic, llvm::CmpInst::Predicate predicate) {
  const std::uint32_t number = numberOf(intrinsic);
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  asmjit::InstId take = Inst::cmovccFromCond(setFlags(predicate, left, right));
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  for (unsigned part : {0u, 1u}) {
    Gp to = part == 0 ? low : high;
    readInto(to, right, part);
    a_.emit(take, to, read(left, part, x86::r11));
  }
  wroteWide(number, low, high);
}

/// -1, 0 or 1.
void WideIntegers::emitOrder(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const std::uint32_t number = numberOf(intrinsic);
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  if (!isOneGpr(intrinsic.getType()))
    refuse("three-way comparison with a result of more than 64 bits");
  Gp to = target(number, 0, x86::r11);
  Condition above = setFlags(isSigned ? llvm::CmpInst::ICMP_SGT : llvm::CmpInst::ICMP_UGT, left, right);
  a_.emit(Inst::setccFromCond(above), x86::al);
  a_.movzx(x86::eax, x86::al);
  a_.movq(x86::xmm15, x86::rax);
  Condition below = setFlags(isSigned ? llvm::CmpInst::ICMP_SLT : llvm::CmpInst::ICMP_ULT, left, right);
  a_.emit(Inst::setccFromCond(below), x86::r10b);
  a_.movzx(x86::r10d, x86::r10b);
  a_.movq(to, x86::xmm15);
  a_.sub(to, x86::r10);
  if (!isExactWidth(intrinsic.getType()))
    clean(to, bitsOf(intrinsic.getType()));
  wrote(number, 0, to);
}

void WideIntegers::emitAbsolute(const llvm::IntrinsicInst& intrinsic) {
  const std::uint32_t number = numberOf(intrinsic);
  const unsigned width = bitsOf(intrinsic.getType());
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  readInto(low, intrinsic.getArgOperand(0), 0);
  readInto(high, intrinsic.getArgOperand(0), 1);
  signExtendHigh(high, width);
  a_.mov(x86::r11, high);
  a_.sar(x86::r11, 63);
  a_.xor_(low, x86::r11);
  a_.xor_(high, x86::r11);
  a_.sub(low, x86::r11);
  a_.sbb(high, x86::r11);
  cleanHigh(high, width);
  wroteWide(number, low, high);
}

void WideIntegers::emitByteSwap(const llvm::IntrinsicInst& intrinsic) {
  const std::uint32_t number = numberOf(intrinsic);
  const unsigned excess = 128 - bitsOf(intrinsic.getType());
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  readInto(low, intrinsic.getArgOperand(0), 1);
  readInto(high, intrinsic.getArgOperand(0), 0);
  a_.bswap(low);
  a_.bswap(high);
  if (excess) {
    a_.shrd(low, high, excess);
    a_.shr(high, excess);
  }
  wroteWide(number, low, high);
}

/// Zeros before the highest or behind the lowest bit; the width if there is no bit.
void WideIntegers::emitZeros(const llvm::IntrinsicInst& intrinsic) {
  const std::uint32_t number = numberOf(intrinsic);
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(intrinsic.getType());
  const bool leading = intrinsic.getIntrinsicID() == llvm::Intrinsic::ctlz;
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  auto scan = [&](Gp to, unsigned part) { // not for constants in memory operands: BSR has no immediates
    Gp from = read(value, part, to);
    leading ? a_.bsr(to, from) : a_.bsf(to, from);
  };
  // The half that counts only if the other is zero comes first.
  loadConstant(x86::r11, leading ? ~std::uint64_t{0} : width);
  scan(x86::rax, leading ? 0 : 1);
  if (!leading)
    a_.lea(x86::rax, x86::ptr(x86::rax, 64));
  a_.cmovz(x86::rax, x86::r11);
  scan(x86::r10, leading ? 1 : 0);
  if (leading)
    a_.lea(x86::r10, x86::ptr(x86::r10, 64));
  a_.cmovnz(x86::rax, x86::r10);
  if (leading) {
    a_.neg(x86::rax);
    a_.add(x86::rax, static_cast<std::int32_t>(width) - 1);
  }
  move(low, x86::rax);
  a_.xor_(sized(high, 32), sized(high, 32));
  wroteWide(number, low, high);
}

/// 128 bits out of the 256 of both operands, from a constant bit on.
void WideIntegers::emitFunnelShift(const llvm::IntrinsicInst& intrinsic) {
  const std::uint32_t number = numberOf(intrinsic);
  const llvm::Value *upper = intrinsic.getArgOperand(0), *lower = intrinsic.getArgOperand(1);
  auto amount = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(2))->getValue().urem(128));
  const unsigned from = intrinsic.getIntrinsicID() == llvm::Intrinsic::fshl ? 128 - amount : amount;
  auto readWord = [&](Gp to, unsigned word) { readInto(to, word < 2 ? lower : upper, word % 2); };
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  const unsigned word = from / 64, rest = from % 64;
  readWord(low, word);
  readWord(high, word + 1);
  if (rest) {
    a_.shrd(low, high, rest);
    readWord(x86::r11, word + 2);
    a_.shrd(high, x86::r11, rest);
  }
  wroteWide(number, low, high);
}

} // namespace kiln::baseline
