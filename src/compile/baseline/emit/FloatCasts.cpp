// Conversions between floats, doubles and integers of up to 64 bits.
#include <bit>
#include <cmath>

#include "compile/baseline/emit/Floats.h"

namespace kiln::baseline {

namespace Inst = x86::Inst;

IntegerRange rangeOf(unsigned bits, bool isSigned) {
  const std::uint64_t ones = ~std::uint64_t{0} >> (64 - (bits > 64 ? bits - 64 : bits));
  if (!isSigned)
    return {0, ones, 0, std::ldexp(1.0, static_cast<int>(bits))};
  const double half = std::ldexp(1.0, static_cast<int>(bits - 1));
  return {~(ones >> 1) & ones, ones >> 1, -half, half};
}

void Floats::emitCast(const llvm::CastInst& cast) {
  llvm::Type *source = cast.getSrcTy(), *type = cast.getDestTy();
  if (!(isOneXmm(source) || isOneGpr(source)) || !(isOneXmm(type) || isOneGpr(type)))
    refuse("floating point of an unusual format");
  switch (cast.getOpcode()) {
  case llvm::Instruction::FPExt:
  case llvm::Instruction::FPTrunc: return convertFormat(cast);
  case llvm::Instruction::SIToFP: return convertFromSigned(cast);
  case llvm::Instruction::UIToFP: return convertFromUnsigned(cast);
  case llvm::Instruction::BitCast: return emitBitcast(cast);
  default: break;
  }
  const std::uint32_t number = numberOf(cast);
  const bool isSigned = cast.getOpcode() == llvm::Instruction::FPToSI;
  const unsigned bits = bitsOf(type);
  Gp to = target(number);
  convertToInteger(to, cast.getOperand(0), bits, isSigned);
  if (!isExactWidth(bits))
    clean(to, bits);
  wrote(number, 0, to);
}

/// Float to double or back.
void Floats::convertFormat(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  Xmm to = targetXmm(number);
  // From memory through the register, so that the conversion does not wait for what the register held before.
  Xmm from = readXmm(cast.getOperand(0), 0, to);
  if (cast.getOpcode() == llvm::Instruction::FPExt)
    hasAvx_ ? a_.vcvtss2sd(to, from, from) : a_.cvtss2sd(to, from);
  else
    hasAvx_ ? a_.vcvtsd2ss(to, from, from) : a_.cvtsd2ss(to, from);
  wrote(number, 0, to);
}

void Floats::emitBitcast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* from = cast.getOperand(0);
  if (isOneXmm(cast.getDestTy())) {
    const bool twice = cast.getDestTy()->isDoubleTy();
    Xmm to = targetXmm(number);
    if (std::optional<Mem> memory = inMemory(from, 0, twice ? 8 : 4)) {
      loadXmm(to, *memory, twice ? 8 : 4);
    } else {
      moveBits(to, read(from), twice ? 64 : 32);
    }
    return wrote(number, 0, to);
  }
  const bool twice = cast.getSrcTy()->isDoubleTy();
  Gp to = target(number);
  if (std::optional<Mem> memory = inMemory(from, 0, twice ? 8 : 4)) {
    a_.mov(sized(to, twice ? 64 : 32), *memory);
  } else {
    moveBits(to, readXmm(from), twice ? 64 : 32);
  }
  wrote(number, 0, to);
}

// From integers -------------------------------------------------------------------------------------------------------

/// Converts a signed integer of 32 or 64 bits, in a register or in memory.
void Floats::convertSigned(Xmm to, const asmjit::Operand& from, bool twice) {
  // The instruction keeps the upper part of the register, and would wait for it.
  clearXmm(to);
  if (hasAvx_)
    a_.emit(twice ? Inst::kIdVcvtsi2sd : Inst::kIdVcvtsi2ss, to, to, from);
  else
    a_.emit(twice ? Inst::kIdCvtsi2sd : Inst::kIdCvtsi2ss, to, from);
}

void Floats::convertFromSigned(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  const bool twice = cast.getDestTy()->isDoubleTy();
  const unsigned bits = bitsOf(value->getType());
  Xmm to = targetXmm(number);
  if (bits != 32 && bits != 64) {
    signExtendInto(x86::rax, value);
    convertSigned(to, sized(x86::rax, operationBits(bits)), twice);
  } else if (std::optional<Mem> memory = inMemory(value, 0, bits / 8)) {
    convertSigned(to, *memory, twice);
  } else {
    convertSigned(to, sized(read(value), bits), twice);
  }
  wrote(number, 0, to);
}

void Floats::convertFromUnsigned(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  const bool twice = cast.getDestTy()->isDoubleTy();
  const unsigned bits = bitsOf(value->getType());
  Xmm to = targetXmm(number);
  if (bits < 64) {
    Gp from = readZeroExtended(value);
    convertSigned(to, sized(from, bits < 32 ? 32 : 64), twice);
    return wrote(number, 0, to);
  }
  Gp from = read(value);
  Label small = a_.newLabel(), done = a_.newLabel();
  a_.test(from, from);
  a_.jns(small);
  // Half of it, with the lost bit kept for the rounding.
  a_.mov(x86::r10, from);
  a_.mov(x86::r11d, sized(from, 32));
  a_.shr(x86::r10, 1);
  a_.and_(x86::r11d, 1);
  a_.or_(x86::r10, x86::r11);
  convertSigned(to, x86::r10, twice);
  FloatForm add = floatForm(FloatOp::Add, twice);
  hasAvx_ ? a_.emit(add.avx, to, to, to) : a_.emit(add.sse, to, to);
  a_.jmp(done);
  a_.bind(small);
  convertSigned(to, from, twice);
  a_.bind(done);
  wrote(number, 0, to);
}

// To integers ---------------------------------------------------------------------------------------------------------

/// Towards zero, into the lower `bits` of the register; those above are undefined. What is out of range is poison. May
/// write RAX, R10, R11, XMM14 and XMM15 as well.
void Floats::convertToInteger(Gp to, const llvm::Value* value, unsigned bits, bool isSigned) {
  const bool twice = value->getType()->isDoubleTy();
  const asmjit::InstId convert = hasAvx_ ? (twice ? Inst::kIdVcvttsd2si : Inst::kIdVcvttss2si)
                                         : (twice ? Inst::kIdCvttsd2si : Inst::kIdCvttss2si);
  if (isSigned || bits < 64) {
    const unsigned width = bits < 32 || (bits == 32 && isSigned) ? 32 : 64;
    a_.emit(convert, sized(to, width), floatOperand(value));
    return;
  }
  // Out of the signed range the conversion yields the lowest number, with its sign set; then that of the number less
  // 2^63 has the bits below the sign.
  Xmm from = readXmm(value);
  a_.emit(convert, x86::rax, from);
  FloatForm subtract = floatForm(FloatOp::Sub, twice);
  move(x86::xmm14, from);
  Mem half = floatConstant(0x1p63, twice);
  hasAvx_ ? a_.emit(subtract.avx, x86::xmm14, x86::xmm14, half) : a_.emit(subtract.sse, x86::xmm14, half);
  a_.mov(x86::r10, x86::rax);
  a_.sar(x86::r10, 63);
  a_.emit(convert, x86::r11, x86::xmm14);
  a_.and_(x86::r11, x86::r10);
  a_.or_(x86::rax, x86::r11);
  move(to, x86::rax);
}

/// What is out of range becomes the nearest number, a NaN 0.
void Floats::emitSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const std::uint32_t number = numberOf(intrinsic);
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const bool twice = value->getType()->isDoubleTy();
  const unsigned bits = bitsOf(intrinsic.getType());
  convertToInteger(x86::rax, value, bits, isSigned);
  Xmm from = readXmm(value);
  auto compare = [&](double limit) { compareXmm(from, floatConstant(limit, twice), twice); };
  const IntegerRange range = rangeOf(bits, isSigned);
  loadConstant(x86::r10, range.highest);
  compare(range.beyond);
  a_.cmovae(x86::rax, x86::r10);
  loadConstant(x86::r10, range.lowest);
  compare(range.least);
  a_.cmovb(x86::rax, x86::r10);
  if (isSigned) {
    a_.mov(x86::r10d, 0); // keeps the flags
    a_.cmovp(x86::rax, x86::r10);
  }
  if (!isExactWidth(bits))
    clean(x86::rax, bits);
  wrote(number, 0, x86::rax);
}

} // namespace kiln::baseline
