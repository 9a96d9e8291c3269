// Intrinsics on floats and doubles.
#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Floats.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {

namespace Inst = x86::Inst;

namespace {

/// `roundsd` takes the direction in its lower bits, or bit 2 for the current one; bit 3: no exception for inexact
/// results.
constexpr unsigned kRoundNearest = 8, kRoundDown = 9, kRoundUp = 10, kRoundToZero = 11;
constexpr unsigned kRoundCurrent = 4, kRoundQuietly = 12;

} // namespace

bool Floats::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  if (id == llvm::Intrinsic::get_rounding) {
    emitGetRounding();
    return true;
  }
  if (intrinsic.arg_empty() || !isOneXmm(intrinsic.getArgOperand(0)->getType()))
    return false;
  if (families_.calls.callMathematics(intrinsic))
    return true;
  const llvm::Value* value = intrinsic.getArgOperand(0);
  switch (id) {
  case llvm::Intrinsic::fabs:
  case llvm::Intrinsic::canonicalize:
  case llvm::Intrinsic::sqrt: emitUnary(intrinsic); return true;
  case llvm::Intrinsic::copysign: emitCopySign(intrinsic); return true;
  case llvm::Intrinsic::floor: emitRound(value, kRoundDown); return true;
  case llvm::Intrinsic::ceil: emitRound(value, kRoundUp); return true;
  case llvm::Intrinsic::trunc: emitRound(value, kRoundToZero); return true;
  case llvm::Intrinsic::rint: emitRound(value, kRoundCurrent); return true;
  case llvm::Intrinsic::nearbyint: emitRound(value, kRoundQuietly); return true;
  case llvm::Intrinsic::roundeven: emitRound(value, kRoundNearest); return true;
  case llvm::Intrinsic::round: emitRoundAway(value); return true;
  case llvm::Intrinsic::lrint:
  case llvm::Intrinsic::llrint: emitToNearestInteger(intrinsic); return true;
  case llvm::Intrinsic::fma: emitFused(intrinsic); return true;
  case llvm::Intrinsic::fmuladd: emitMultiplyAdd(intrinsic); return true;
  case llvm::Intrinsic::minnum: emitMinNum(intrinsic, FloatOp::Min); return true;
  case llvm::Intrinsic::maxnum: emitMinNum(intrinsic, FloatOp::Max); return true;
  case llvm::Intrinsic::minimum: emitMinimum(intrinsic, FloatOp::Min); return true;
  case llvm::Intrinsic::maximum: emitMinimum(intrinsic, FloatOp::Max); return true;
  case llvm::Intrinsic::is_fpclass: emitIsClass(intrinsic); return true;
  case llvm::Intrinsic::fptosi_sat:
  case llvm::Intrinsic::fptoui_sat:
    isOneGpr(intrinsic.getType()) ? emitSaturating(intrinsic, id == llvm::Intrinsic::fptosi_sat)
                                  : families_.x87.emitWideSaturating(intrinsic, id == llvm::Intrinsic::fptosi_sat);
    return true;
  default: return false;
  }
}

// One operand ---------------------------------------------------------------------------------------------------------

void Floats::emitUnary(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const bool twice = value->getType()->isDoubleTy();
  Xmm to = targetXmm(self());
  if (intrinsic.getIntrinsicID() == llvm::Intrinsic::fabs) {
    operate(kFloatAnd, to, value, magnitudeMask(value->getType()));
  } else if (intrinsic.getIntrinsicID() == llvm::Intrinsic::sqrt) {
    Xmm from = readXmm(value, 0, to);
    if (hasAvx_)
      twice ? a_.vsqrtsd(to, from, from) : a_.vsqrtss(to, from, from);
    else
      twice ? a_.sqrtsd(to, from) : a_.sqrtss(to, from);
  } else { // canonicalize: makes NaNs quiet
    FloatForm multiply = floatForm(FloatOp::Mul, twice);
    readXmmInto(to, value);
    Mem one = floatConstant(1, twice);
    hasAvx_ ? a_.emit(multiply.avx, to, to, one) : a_.emit(multiply.sse, to, one);
  }
  wrote(self(), 0, to);
}

void Floats::roundInto(Xmm to, Xmm from, unsigned direction, bool twice) {
  if (hasAvx_)
    twice ? a_.vroundsd(to, from, from, direction) : a_.vroundss(to, from, from, direction);
  else
    twice ? a_.roundsd(to, from, direction) : a_.roundss(to, from, direction);
}

void Floats::emitRound(const llvm::Value* value, unsigned direction) {
  Xmm to = targetXmm(self());
  roundInto(to, readXmm(value, 0, to), direction, value->getType()->isDoubleTy());
  wrote(self(), 0, to);
}

/// Halves away from zero: cut off, and one more if what was cut off is a half or more. All steps are exact, so that the
/// direction of rounding does not matter.
void Floats::emitRoundAway(const llvm::Value* value) {
  const bool twice = value->getType()->isDoubleTy();
  const Mem sign = signMask(value->getType()), magnitude = magnitudeMask(value->getType());
  const Mem one = constantMemory(twice ? std::bit_cast<std::uint64_t>(1.0) : std::bit_cast<std::uint32_t>(1.0f), 0, 16);
  const FloatForm add = floatForm(FloatOp::Add, twice), subtract = floatForm(FloatOp::Sub, twice);
  Label done = a_.newLabel();
  readXmmInto(x86::xmm15, value);
  roundInto(x86::xmm14, x86::xmm15, kRoundToZero, twice);
  if (hasAvx_) {
    a_.emit(subtract.avx, x86::xmm15, x86::xmm15, x86::xmm14);
    a_.vandps(x86::xmm15, x86::xmm15, magnitude);
    compareXmm(x86::xmm15, floatConstant(0.5, twice), twice);
    a_.jb(done);
    a_.vandps(x86::xmm15, x86::xmm14, sign);
    a_.vorps(x86::xmm15, x86::xmm15, one);
    a_.emit(add.avx, x86::xmm14, x86::xmm14, x86::xmm15);
  } else {
    a_.emit(subtract.sse, x86::xmm15, x86::xmm14);
    a_.andps(x86::xmm15, magnitude);
    compareXmm(x86::xmm15, floatConstant(0.5, twice), twice);
    a_.jb(done);
    a_.movaps(x86::xmm15, x86::xmm14);
    a_.andps(x86::xmm15, sign);
    a_.orps(x86::xmm15, one);
    a_.emit(add.sse, x86::xmm14, x86::xmm15);
  }
  a_.bind(done);
  wrote(self(), 0, x86::xmm14);
}

void Floats::emitToNearestInteger(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  if (!intrinsic.getType()->isIntegerTy(64) && !intrinsic.getType()->isIntegerTy(32))
    refuse("rounding to an integer of an unusual width");
  const bool twice = value->getType()->isDoubleTy();
  Gp to = sized(target(self()), bitsOf(intrinsic.getType()));
  const asmjit::InstId avx = twice ? Inst::kIdVcvtsd2si : Inst::kIdVcvtss2si;
  a_.emit(hasAvx_ ? avx : twice ? Inst::kIdCvtsd2si : Inst::kIdCvtss2si, to, floatOperand(value));
  wrote(self(), 0, to);
}

// Two and three operands ----------------------------------------------------------------------------------------------

void Floats::emitCopySign(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value *magnitude = intrinsic.getArgOperand(0), *sign = intrinsic.getArgOperand(1);
  operate(kFloatAnd, x86::xmm14, sign, signMask(sign->getType()));
  operate(kFloatAnd, x86::xmm15, magnitude, magnitudeMask(magnitude->getType()));
  Xmm to = targetXmm(self());
  if (hasAvx_) {
    a_.vorps(to, x86::xmm15, x86::xmm14);
  } else {
    a_.orps(x86::xmm15, x86::xmm14);
    to = x86::xmm15;
  }
  wrote(self(), 0, to);
}

/// Rounded once. The result's register is none of an operand's.
void Floats::emitFused(const llvm::IntrinsicInst& intrinsic) {
  Xmm to = targetXmm(self());
  readXmmInto(to, intrinsic.getArgOperand(0));
  Xmm factor = readXmm(intrinsic.getArgOperand(1), 0, x86::xmm14);
  a_.emit(intrinsic.getType()->isDoubleTy() ? Inst::kIdVfmadd213sd : Inst::kIdVfmadd213ss, to, factor,
          floatOperand(intrinsic.getArgOperand(2)));
  wrote(self(), 0, to);
}

/// Rounded twice, as in every tier.
void Floats::emitMultiplyAdd(const llvm::IntrinsicInst& intrinsic) {
  const bool twice = intrinsic.getType()->isDoubleTy();
  const llvm::Value* addend = intrinsic.getArgOperand(2);
  FloatForm add = floatForm(FloatOp::Add, twice);
  operate(floatForm(FloatOp::Mul, twice), x86::xmm15, intrinsic.getArgOperand(0), intrinsic.getArgOperand(1));
  Xmm to = targetXmm(self());
  if (hasAvx_) {
    a_.emit(add.avx, to, x86::xmm15, floatOperand(addend));
  } else if (registerOf(addend) == static_cast<Register>(kFirstXmm + to.id())) {
    a_.emit(add.sse, to, x86::xmm15);
  } else {
    a_.emit(add.sse, x86::xmm15, floatOperand(addend));
    to = x86::xmm15;
  }
  wrote(self(), 0, to);
}

/// The number if only one is, and of zeros the first operand. `minsd` yields its second operand for NaNs and zeros.
void Floats::emitMinNum(const llvm::IntrinsicInst& intrinsic, FloatOp op) {
  const llvm::Value *first = intrinsic.getArgOperand(0), *second = intrinsic.getArgOperand(1);
  const bool twice = intrinsic.getType()->isDoubleTy();
  operate(floatForm(op, twice), x86::xmm14, second, first);
  const auto* constant = llvm::dyn_cast<llvm::ConstantFP>(first);
  if (!intrinsic.hasNoNaNs() && !(constant && !constant->isNaN())) {
    Xmm from = readXmm(first);
    Label number = a_.newLabel();
    compareXmm(from, from, twice);
    a_.jnp(number);
    readXmmInto(x86::xmm14, second);
    a_.bind(number);
  }
  wrote(self(), 0, x86::xmm14);
}

/// A NaN if one is, and -0 is less than +0. Both orders of operands differ for zeros only, whose signs are combined.
void Floats::emitMinimum(const llvm::IntrinsicInst& intrinsic, FloatOp op) {
  const llvm::Value *first = intrinsic.getArgOperand(0), *second = intrinsic.getArgOperand(1);
  const bool twice = intrinsic.getType()->isDoubleTy();
  const asmjit::Imm unordered(3);
  FloatForm combine = op == FloatOp::Min ? kFloatOr : kFloatAnd;
  operate(floatForm(op, twice), x86::xmm14, first, second);
  operate(floatForm(op, twice), x86::xmm15, second, first);
  hasAvx_ ? a_.emit(combine.avx, x86::xmm14, x86::xmm14, x86::xmm15) : a_.emit(combine.sse, x86::xmm14, x86::xmm15);
  readXmmInto(x86::xmm15, first);
  if (hasAvx_) {
    a_.emit(twice ? Inst::kIdVcmpsd : Inst::kIdVcmpss, x86::xmm15, x86::xmm15, floatOperand(second), unordered);
    a_.vorps(x86::xmm14, x86::xmm14, x86::xmm15);
  } else {
    a_.emit(twice ? Inst::kIdCmpsd : Inst::kIdCmpss, x86::xmm15, floatOperand(second), unordered);
    a_.orps(x86::xmm14, x86::xmm15);
  }
  wrote(self(), 0, x86::xmm14);
}

// Classes -------------------------------------------------------------------------------------------------------------

namespace {

/// Numbers from `low` on, `size` more.
struct BitRange {
  std::uint64_t low, size;
};

/// The ranges of bit patterns, without their sign, of some classes, given by the bits that llvm.is.fpclass has for NaNs
/// and negative numbers.
llvm::SmallVector<BitRange, 4> rangesOf(unsigned classes, bool twice) {
  const unsigned fraction = twice ? 52 : 23;
  const std::uint64_t infinity = twice ? std::uint64_t{0x7ff} << 52 : std::uint64_t{0xff} << 23;
  const std::uint64_t least = std::uint64_t{1} << fraction, quiet = infinity | least >> 1, end = infinity + least;
  const std::uint64_t from[] = {0, 1, least, infinity, infinity + 1, quiet, end};
  constexpr unsigned kInOrder[] = {5, 4, 3, 2, 0, 1};
  llvm::SmallVector<BitRange, 4> out;
  for (unsigned i = 0; i < 6;) {
    unsigned first = i;
    while (i < 6 && (classes & 1u << kInOrder[i]))
      ++i;
    if (i > first)
      out.push_back({from[first], from[i] - from[first] - 1});
    i = std::max(i, first + 1);
  }
  return out;
}

} // namespace

/// Comparisons of the bits as integers: of both signs at once where they are asked for alike.
void Floats::emitIsClass(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const bool twice = value->getType()->isDoubleTy();
  const auto mask = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(1))->getZExtValue());
  // The mask has negative classes from infinity to zero in bits 2 to 5, then positive ones the other way round.
  const unsigned nans = mask & 3, negative = nans | (mask & 0x3c);
  unsigned positive = nans;
  for (unsigned i = 2; i <= 5; ++i)
    positive |= (mask >> (11 - i) & 1) << i;
  const std::uint64_t sign = twice ? std::uint64_t{1} << 63 : std::uint64_t{1} << 31;
  if (std::optional<Mem> memory = inMemory(value, 0, twice ? 8 : 4)) {
    a_.mov(sized(x86::rax, twice ? 64 : 32), *memory);
  } else {
    moveBits(x86::rax, readXmm(value), twice ? 64 : 32);
  }
  Label yes = a_.newLabel(), done = a_.newLabel();
  auto test = [&](Gp bits, BitRange range) {
    a_.mov(x86::r11, bits);
    if (range.low != 0)
      a_.sub(x86::r11, constantMemory(range.low, 0, 8));
    a_.cmp(x86::r11, constantMemory(range.size, 0, 8));
    a_.jbe(yes);
  };
  for (BitRange range : rangesOf(negative & ~positive, twice))
    test(x86::rax, {range.low | sign, range.size});
  for (BitRange range : rangesOf(positive & ~negative, twice))
    test(x86::rax, range);
  if ((positive & negative) != 0) {
    a_.mov(x86::r10, x86::rax);
    twice ? a_.btr(x86::r10, 63) : a_.btr(x86::r10, 31);
    for (BitRange range : rangesOf(positive & negative, twice))
      test(x86::r10, range);
  }
  Gp to = target(self());
  loadConstant(to, 0);
  a_.jmp(done);
  a_.bind(yes);
  loadConstant(to, 1);
  a_.bind(done);
  wrote(self(), 0, to);
}

/// The x87 has the directions in another order than C: one further, they are the Gray code of C's.
void Floats::emitGetRounding() {
  const Mem scratch = x86::ptr(x86::rsp, -16, 2);
  a_.fnstcw(scratch);
  a_.movzx(x86::eax, scratch);
  a_.shr(x86::eax, 10);
  a_.inc(x86::eax);
  a_.and_(x86::eax, 3);
  a_.mov(x86::r10d, x86::eax);
  a_.shr(x86::r10d, 1);
  a_.xor_(x86::eax, x86::r10d);
  wrote(self(), 0, x86::rax);
}

} // namespace kiln::baseline
