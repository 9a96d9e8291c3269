// Intrinsics on integers of up to 64 bits: counting and reversing bits, minima and maxima, three-way comparison, funnel
// shifts.
//
// An intrinsic's result lies apart from its operands (writesEarly()), so it can be made where it belongs while they are
// read. What a processor may lack (POPCNT, LZCNT, BMI) has a way without.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Integers.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;

/// A byte in all eight.
constexpr std::uint64_t inAllBytes(std::uint64_t byte) {
  return byte * 0x0101010101010101;
}

} // namespace

bool Integers::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_size() == 0 || !isOneGpr(intrinsic.getArgOperand(0)->getType()))
    return false;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::ctpop:
    emitPopulation(intrinsic);
    return true;
  case llvm::Intrinsic::ctlz:
    emitLeadingZeros(intrinsic);
    return true;
  case llvm::Intrinsic::cttz:
    emitTrailingZeros(intrinsic);
    return true;
  case llvm::Intrinsic::bswap:
    emitByteSwap(intrinsic);
    return true;
  case llvm::Intrinsic::bitreverse:
    emitBitReverse(intrinsic);
    return true;
  case llvm::Intrinsic::abs:
    emitAbsolute(intrinsic);
    return true;
  case llvm::Intrinsic::smax:
  case llvm::Intrinsic::smin:
  case llvm::Intrinsic::umax:
  case llvm::Intrinsic::umin:
    emitMinMax(intrinsic);
    return true;
  case llvm::Intrinsic::scmp:
  case llvm::Intrinsic::ucmp:
    emitThreeWay(intrinsic);
    return true;
  case llvm::Intrinsic::fshl:
  case llvm::Intrinsic::fshr:
    emitFunnelShift(intrinsic);
    return true;
  case llvm::Intrinsic::ptrmask:
    emitPointerMask(intrinsic);
    return true;
  default:
    return emitChecked(intrinsic);
  }
}

// Counting bits -------------------------------------------------------------------------------------------------------

void Integers::emitPopulation(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned bits = operationBits(bitsOf(value->getType()));
  if (features().hasPOPCNT()) {
    Gp to = target(self());
    a_.popcnt(sized(to, bits), sized(readZeroExtended(value), bits));
    return wrote(self(), 0, to);
  }
  // Counts of two, four, eight bits side by side; a product adds the bytes up in the highest.
  Gp sum = x86::rax, part = x86::r10, mask = x86::r11;
  zeroExtendInto(sum, value);
  a_.mov(part, sum);
  a_.shr(part, 1);
  loadConstant(mask, inAllBytes(0x55));
  a_.and_(part, mask);
  a_.sub(sum, part);
  loadConstant(mask, inAllBytes(0x33));
  a_.mov(part, sum);
  a_.and_(sum, mask);
  a_.shr(part, 2);
  a_.and_(part, mask);
  a_.add(sum, part);
  a_.mov(part, sum);
  a_.shr(part, 4);
  a_.add(sum, part);
  loadConstant(mask, inAllBytes(0x0f));
  a_.and_(sum, mask);
  loadConstant(mask, inAllBytes(1));
  a_.imul(sum, mask);
  a_.shr(sum, 56);
  wrote(self(), 0, sum);
}

void Integers::emitLeadingZeros(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(value->getType()), bits = operationBits(width);
  Gp to = target(self()), result = sized(to, bits);
  Gp from = sized(readZeroExtended(value, x86::r10), bits);
  if (features().hasLZCNT()) {
    a_.lzcnt(result, from);
  } else {
    // The number of the highest bit, counted from the other end; of zero there is none.
    a_.mov(x86::r11d, 2 * bits - 1);
    a_.bsr(result, from);
    a_.cmovz(result, sized(x86::r11, bits));
    a_.xor_(result, bits - 1);
  }
  if (width != bits)
    a_.sub(result, bits - width);
  wrote(self(), 0, to);
}

void Integers::emitTrailingZeros(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(value->getType());
  Gp to = target(self());
  if (width != 32 && width != 64) { // a bit above ends the search
    readInto(x86::r10, value);
    a_.bts(x86::r10, width);
    a_.bsf(to, x86::r10);
    return wrote(self(), 0, to);
  }
  Gp from = sized(read(value, 0, x86::r10), width), result = sized(to, width);
  if (features().hasBMI()) {
    a_.tzcnt(result, from);
  } else {
    a_.mov(x86::r11d, width);
    a_.bsf(result, from);
    a_.cmovz(result, sized(x86::r11, width));
  }
  wrote(self(), 0, to);
}

// Reversing -----------------------------------------------------------------------------------------------------------

void Integers::emitByteSwap(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(value->getType());
  Gp to = target(self());
  readInto(to, value);
  if (width == 16) {
    a_.rol(sized(to, 16), 8);
  } else {
    a_.bswap(sized(to, width == 32 ? 32 : 64));
    if (width != 32 && width != 64)
      a_.shr(to, 64 - width);
  }
  wrote(self(), 0, to);
}

/// Bytes, then halves of bytes, pairs of bits, bits.
void Integers::emitBitReverse(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(value->getType());
  readInto(x86::rax, value);
  a_.bswap(x86::rax);
  auto exchange = [&](unsigned by, std::uint64_t lower) {
    loadConstant(x86::r11, inAllBytes(lower));
    a_.mov(x86::r10, x86::rax);
    a_.shr(x86::r10, by);
    a_.and_(x86::r10, x86::r11);
    a_.and_(x86::rax, x86::r11);
    a_.shl(x86::rax, by);
    a_.or_(x86::rax, x86::r10);
  };
  exchange(4, 0x0f);
  exchange(2, 0x33);
  exchange(1, 0x55);
  if (width < 64)
    a_.shr(x86::rax, 64 - width);
  wrote(self(), 0, x86::rax);
}

// Choosing ------------------------------------------------------------------------------------------------------------

void Integers::emitAbsolute(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned width = bitsOf(value->getType()), bits = operationBits(width);
  Gp to = target(self());
  Gp from = width == bits ? read(value, 0, x86::r10) : readSignExtended(value, x86::r10);
  move(to, from);
  a_.neg(sized(to, bits));
  a_.cmovs(sized(to, bits), sized(from, bits));
  if (!isExactWidth(width))
    clean(to, width);
  wrote(self(), 0, to);
}

void Integers::emitMinMax(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *left = intrinsic.getArgOperand(0), *right = intrinsic.getArgOperand(1);
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  const unsigned width = bitsOf(left->getType());
  if (llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  compareValues(left, right, id == llvm::Intrinsic::smax || id == llvm::Intrinsic::smin);
  Condition takeLeft = id == llvm::Intrinsic::smax   ? Condition::kSignedGT
                       : id == llvm::Intrinsic::smin ? Condition::kSignedLT
                       : id == llvm::Intrinsic::umax ? Condition::kUnsignedGT
                                                     : Condition::kUnsignedLT;
  // Moves keep the flags.
  Gp to = target(self());
  const unsigned bits = operationBits(width);
  readInto(to, right);
  a_.emit(Inst::cmovccFromCond(takeLeft), sized(to, bits), sized(read(left, 0, x86::r10), bits));
  wrote(self(), 0, to);
}

/// Sets the flags for a comparison of two integers of one type. Uses RAX and R10.
void Integers::compareValues(const llvm::Value* left, const llvm::Value* right, bool isSigned) {
  const unsigned width = bitsOf(left->getType());
  if (isSigned && !isExactWidth(width)) {
    signExtendInto(x86::rax, left);
    signExtendInto(x86::r10, right);
    a_.cmp(x86::rax, x86::r10);
    return;
  }
  const unsigned bits = isExactWidth(width) ? width : operationBits(width);
  Gp operand = sized(read(left, 0, x86::rax), bits);
  std::optional<std::int32_t> immediate = isExactWidth(width) ? immediateOf(right) : std::nullopt;
  if (immediate) {
    a_.cmp(operand, *immediate);
  } else if (std::optional<Mem> memory = inMemory(right, 0, bits / 8)) {
    a_.cmp(operand, *memory);
  } else if (!isExactWidth(width)) {
    a_.cmp(operand, sized(readZeroExtended(right, x86::r10), bits));
  } else {
    a_.cmp(operand, sized(read(right, 0, x86::r10), bits));
  }
}

void Integers::emitThreeWay(const llvm::IntrinsicInst& intrinsic) {
  const bool isSigned = intrinsic.getIntrinsicID() == llvm::Intrinsic::scmp;
  const unsigned width = bitsOf(intrinsic.getType());
  compareValues(intrinsic.getArgOperand(0), intrinsic.getArgOperand(1), isSigned);
  a_.emit(Inst::setccFromCond(isSigned ? Condition::kSignedGT : Condition::kUnsignedGT), x86::al);
  a_.emit(Inst::setccFromCond(isSigned ? Condition::kSignedLT : Condition::kUnsignedLT), x86::r10b);
  a_.sub(x86::al, x86::r10b);
  Gp to = target(self());
  a_.movsx(to, x86::al);
  if (!isExactWidth(width))
    clean(to, width);
  wrote(self(), 0, to);
}

void Integers::emitPointerMask(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *pointer = intrinsic.getArgOperand(0), *mask = intrinsic.getArgOperand(1);
  if (!mask->getType()->isIntegerTy(64))
    refuse("pointer mask of an unusual width");
  Gp to = target(self());
  readInto(to, pointer);
  combine(Inst::kIdAnd, to, mask, 64);
  wrote(self(), 0, to);
}

/// to = to OP value, in an exact width. Uses R10.
void Integers::combine(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned bits) {
  Gp result = sized(to, bits);
  if (std::optional<std::int32_t> immediate = immediateOf(value))
    a_.emit(operation, result, asmjit::Imm(*immediate));
  else if (std::optional<Mem> memory = inMemory(value, 0, bits / 8))
    a_.emit(operation, result, *memory);
  else
    a_.emit(operation, result, sized(read(value, 0, x86::r10), bits));
}

// Funnel shifts -------------------------------------------------------------------------------------------------------

/// Calls `shift` with the count in CL, and whose place RCX is in R11. What else is read must have been read before.
template <typename Shift> void Integers::withCount(const llvm::Value* count, Shift&& shift) {
  const bool isThere = registerOf(count) == x86::Gp::kIdCx;
  if (!isThere) {
    a_.mov(x86::r11, x86::rcx);
    readInto(x86::rcx, count);
  }
  shift();
  if (!isThere)
    a_.mov(x86::rcx, x86::r11);
}

void Integers::emitFunnelShift(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* high = intrinsic.getArgOperand(0);
  const llvm::Value* low = intrinsic.getArgOperand(1);
  const llvm::Value* count = intrinsic.getArgOperand(2);
  const bool left = intrinsic.getIntrinsicID() == llvm::Intrinsic::fshl;
  const unsigned width = bitsOf(intrinsic.getType());
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(count))
    return emitFunnelShiftBy(high, low, left, static_cast<unsigned>(constant->getValue().urem(width)));
  if (!isExactWidth(width))
    return emitOddFunnelShift(high, low, count, left);
  Gp result = sized(x86::rax, width), other = sized(x86::r10, width);
  readInto(x86::rax, left ? high : low);
  if (high == low) {
    withCount(count, [&] { left ? a_.rol(result, x86::cl) : a_.ror(result, x86::cl); });
  } else if (width >= 32) {
    readInto(x86::r10, left ? low : high);
    withCount(count, [&] { left ? a_.shld(result, other, x86::cl) : a_.shrd(result, other, x86::cl); });
  } else {
    joinHalves(high, low, width);
    withCount(count, [&] {
      a_.mov(x86::r10, x86::rcx);
      a_.and_(x86::ecx, width - 1);
      left ? a_.shl(x86::eax, x86::cl) : a_.shr(x86::eax, x86::cl);
      a_.mov(x86::rcx, x86::r10);
    });
    if (left)
      a_.shr(x86::eax, width);
  }
  wrote(self(), 0, x86::rax);
}

/// RAX = high, low, of up to 32 bits each.
void Integers::joinHalves(const llvm::Value* high, const llvm::Value* low, unsigned width) {
  zeroExtendInto(x86::rax, high);
  a_.shl(x86::rax, width);
  a_.or_(x86::rax, readZeroExtended(low, x86::r10));
}

void Integers::emitFunnelShiftBy(const llvm::Value* high, const llvm::Value* low, bool left, unsigned count) {
  const unsigned width = bitsOf(high->getType());
  Gp to = target(self());
  if (count == 0) {
    readInto(to, left ? high : low);
    return wrote(self(), 0, to);
  }
  const unsigned toLeft = left ? count : width - count;
  if (high == low && isExactWidth(width)) {
    readInto(to, high);
    a_.rol(sized(to, width), toLeft);
  } else if (width == 32 || width == 64) {
    readInto(to, high);
    a_.shld(sized(to, width), sized(read(low, 0, x86::r10), width), toLeft);
  } else {
    zeroExtendInto(x86::r10, low);
    zeroExtendInto(to, high);
    a_.shl(to, toLeft);
    a_.shr(x86::r10, width - toLeft);
    a_.or_(to, x86::r10);
    if (!isExactWidth(width))
      clean(to, width);
  }
  wrote(self(), 0, to);
}

/// The count is taken modulo a width that is no power of two: a division, then each half by its own distance.
void Integers::emitOddFunnelShift(const llvm::Value* high, const llvm::Value* low, const llvm::Value* count,
                                  bool left) {
  const unsigned width = bitsOf(high->getType());
  readInto(x86::rax, count);
  a_.movq(x86::xmm15, x86::rdx);
  a_.mov(x86::r10d, width);
  a_.xor_(x86::edx, x86::edx);
  a_.div(x86::r10);
  a_.mov(x86::r11, x86::rdx);
  a_.movq(x86::rdx, x86::xmm15);
  a_.movq(x86::xmm15, x86::r11); // the distance
  zeroExtendInto(x86::rax, high);
  zeroExtendInto(x86::r10, low);
  a_.movq(x86::xmm14, x86::rcx);
  a_.movd(x86::ecx, x86::xmm15);
  if (!left) {
    a_.neg(x86::ecx);
    a_.add(x86::ecx, width);
  }
  // To the left by what ECX says, the lower half to the right by the rest: 1 to `width` bits, at most 63.
  a_.shl(x86::rax, x86::cl);
  a_.neg(x86::ecx);
  a_.add(x86::ecx, width);
  a_.shr(x86::r10, x86::cl);
  a_.movq(x86::rcx, x86::xmm14);
  a_.or_(x86::rax, x86::r10);
  clean(x86::rax, width);
  wrote(self(), 0, x86::rax);
}

} // namespace kiln::baseline
