#include "compile/baseline/emit/X87.h"

#include <llvm/IR/Constants.h>

#include <cmath>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/FloatForms.h"

namespace kiln::baseline {
namespace {

Mem scratch(unsigned bytes) { return x86::ptr(x86::rsp, -16, bytes); }

/// The number as a double, if it is one.
std::optional<double> asDouble(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantFP>(value);
  if (!constant || !constant->getValueAPF().isFinite())
    return std::nullopt;
  llvm::APFloat narrow = constant->getValueAPF();
  bool loses = false;
  narrow.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &loses);
  return loses ? std::nullopt : std::optional(narrow.convertToDouble());
}

} // namespace

// Loads and stores ----------------------------------------------------------------------------------------------------

Mem X87::memory(const llvm::Value* value, unsigned part) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    auto bits = bitsOfPart(constant, part);
    if (!bits)
      refuse("x87 constant made of an address");
    return ofSize(constantMemory(bits->first, bits->second, 16), kX87Bytes);
  }
  return frame(plan_.placeOf(plan_.numberOf(value), part).offset, kX87Bytes);
}

void X87::push(const llvm::Value* value, unsigned part) {
  if (auto constant = asDouble(value)) {
    if (*constant == 1)
      a_.fld1();
    else if (*constant == 0 && !std::signbit(*constant))
      a_.fldz();
    else
      a_.fld(floatConstant(*constant, true));
    return;
  }
  if (plan_.isFolded(value))
    return compute(*llvm::cast<llvm::Instruction>(value));
  a_.fld(memory(value, part));
}

void X87::pop(std::uint32_t number, unsigned part) {
  if (isUsed(number, part))
    a_.fstp(frame(plan_.placeOf(number, part).offset, kX87Bytes));
  else
    a_.fstp(x86::st0);
}

// Arithmetic ----------------------------------------------------------------------------------------------------------

void X87::emit(const llvm::Instruction& instruction) {
  if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction))
    return emitSelect(*select);
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction);
      cast && (!cast->getDestTy()->isX86_FP80Ty() || cast->getOpcode() == llvm::Instruction::BitCast))
    return emitCast(*cast);
  compute(instruction);
  pop(numberOf(instruction));
}

/// Leaves the result on the stack.
void X87::compute(const llvm::Instruction& instruction) {
  const llvm::Value* operand = instruction.getOperand(0);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Load: {
    a_.fld(ofSize(address(operand), kX87Bytes));
    return;
  }
  case llvm::Instruction::FNeg:
    push(operand);
    a_.fchs();
    return;
  case llvm::Instruction::SIToFP: return pushInteger(operand, true);
  case llvm::Instruction::UIToFP: return pushInteger(operand, false);
  case llvm::Instruction::FPExt:
    if (!isOneXmm(operand->getType()))
      refuse("floating point of an unusual format");
    return pushFloat(operand);
  case llvm::Instruction::Call: return computeIntrinsic(llvm::cast<llvm::IntrinsicInst>(instruction));
  default: return computeBinary(instruction);
  }
}

void X87::computeBinary(const llvm::Instruction& instruction) {
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (instruction.getOpcode() == llvm::Instruction::FRem) {
    push(right);
    push(left);
    // Each step takes some bits off the quotient, and says whether there are more.
    Label step = a_.newLabel();
    a_.bind(step);
    a_.fprem();
    a_.fnstsw(x86::ax);
    a_.test(x86::ah, 4);
    a_.jnz(step);
    a_.fstp(x86::st1);
    return;
  }
  if (instruction.isCommutative() && llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  push(left);
  if (auto constant = asDouble(right)) {
    Mem memory = floatConstant(*constant, true);
    switch (instruction.getOpcode()) {
    case llvm::Instruction::FAdd: a_.fadd(memory); break;
    case llvm::Instruction::FSub: a_.fsub(memory); break;
    case llvm::Instruction::FMul: a_.fmul(memory); break;
    default: a_.fdiv(memory); break;
    }
    return;
  }
  push(right);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd: a_.faddp(x86::st1); break;
  case llvm::Instruction::FSub: a_.fsubp(x86::st1); break;
  case llvm::Instruction::FMul: a_.fmulp(x86::st1); break;
  default: a_.fdivp(x86::st1); break;
  }
}

void X87::setFlags(const llvm::Value* left, const llvm::Value* right) {
  push(right);
  push(left);
  a_.fucomip(x86::st1);
  a_.fstp(x86::st0); // keeps the flags
}

void X87::emitSelect(const llvm::SelectInst& select) {
  FlagTest test = families_.conditions.test(select.getCondition());
  Label other = a_.newLabel(), done = a_.newLabel();
  families_.conditions.jumpIf(test, other, false);
  push(select.getTrueValue());
  a_.jmp(done);
  a_.bind(other);
  push(select.getFalseValue());
  a_.bind(done);
  pop(numberOf(select));
}

// Conversions ---------------------------------------------------------------------------------------------------------

/// To other formats, and bit by bit.
void X87::emitCast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  llvm::Type* type = cast.getDestTy();
  switch (cast.getOpcode()) {
  case llvm::Instruction::FPTrunc: {
    if (!isOneXmm(type))
      refuse("floating point of an unusual format");
    const unsigned bytes = type->isDoubleTy() ? 8 : 4;
    const Place& place = plan_.placeOf(number, 0);
    push(value);
    if (place.inSlot()) {
      a_.fstp(frame(place.offset, bytes));
      return;
    }
    a_.fstp(scratch(bytes));
    if (place.inRegister())
      loadXmm(xmm(place.reg), scratch(bytes), bytes);
    return;
  }
  case llvm::Instruction::BitCast: return emitBitcast(cast);
  default: break;
  }
  const bool isSigned = cast.getOpcode() == llvm::Instruction::FPToSI;
  const unsigned bits = bitsOf(type);
  if (bits > 64) {
    families_.calls.callLibrary(isSigned ? "__fixxfti" : "__fixunsxfti", {value});
    if (bits < 128 && isUsed(number, 1)) {
      const Place& upper = plan_.placeOf(number, 1);
      Gp to = upper.inRegister() ? gp(upper.reg) : Gp(x86::rax);
      if (upper.inSlot())
        a_.mov(to, frame(upper.offset));
      clean(to, bits - 64);
      wrote(number, 1, to);
    }
    return;
  }
  push(value);
  popInteger(bits, isSigned);
  if (bits == 32)
    a_.mov(x86::eax, x86::eax); // writesClean()
  if (!isExactWidth(bits))
    clean(x86::rax, bits);
  wrote(number, 0, x86::rax);
}

/// A number of 80 bits is an integer in two parts.
void X87::emitBitcast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  if (cast.getDestTy()->isX86_FP80Ty()) {
    if (!isUsed(number))
      return;
    Mem to = frame(plan_.placeOf(number, 0).offset, kX87Bytes);
    a_.mov(within(to, 0, 8), read(value, 0));
    a_.mov(within(to, 8, 2), sized(read(value, 1), 16));
    return;
  }
  Mem from = memory(value);
  for (unsigned part = 0; part < 2; ++part) {
    if (!isUsed(number, part))
      continue;
    Gp to = target(number, part);
    part == 0 ? a_.mov(to, within(from, 0, 8)) : a_.movzx(sized(to, 32), within(from, 8, 2));
    wrote(number, part, to);
  }
}

void X87::pushFloat(const llvm::Value* value) {
  const asmjit::Operand from = floatOperand(value);
  if (from.isMem()) {
    a_.fld(from.as<Mem>());
    return;
  }
  const unsigned bytes = value->getType()->isDoubleTy() ? 8 : 4;
  storeXmm(scratch(bytes), from.as<Xmm>(), bytes);
  a_.fld(scratch(bytes));
}

/// Pushes 64 bits without sign, from a register.
void X87::pushUnsigned(Gp from) {
  Label small = a_.newLabel();
  a_.mov(scratch(8), from);
  a_.fild(scratch(8));
  a_.test(from, from);
  a_.jns(small);
  a_.fadd(floatConstant(0x1p64, false));
  a_.bind(small);
}

void X87::pushInteger(const llvm::Value* value, bool isSigned) {
  const unsigned bits = bitsOf(value->getType());
  if (bits > 64) {
    // Both halves are exact, so that only their sum is rounded.
    Gp upper = read(value, 1);
    if (isSigned) {
      if (bits < 128) {
        move(x86::rax, upper);
        a_.shl(x86::rax, 128 - bits);
        a_.sar(x86::rax, 128 - bits);
        upper = x86::rax;
      }
      a_.mov(scratch(8), upper);
      a_.fild(scratch(8));
    } else {
      pushUnsigned(upper);
    }
    a_.fmul(floatConstant(0x1p64, false));
    pushUnsigned(read(value, 0));
    a_.faddp(x86::st1);
    return;
  }
  if (!isSigned && bits == 64)
    return pushUnsigned(read(value));
  if (isSigned && (bits == 32 || bits == 64))
    if (std::optional<Mem> memory = inMemory(value, 0, bits / 8)) {
      a_.fild(*memory);
      return;
    }
  a_.mov(scratch(8), isSigned ? readSignExtended(value) : readZeroExtended(value));
  a_.fild(scratch(8));
}

/// Pops a number to memory as an integer of 64 bits, rounded towards zero. May use RAX.
void X87::popTruncated(const Mem& to) {
  if (features().hasSSE3()) {
    a_.fisttp(to);
    return;
  }
  const Mem before = x86::ptr(x86::rsp, -24, 2), towardsZero = x86::ptr(x86::rsp, -22, 2);
  a_.fnstcw(before);
  a_.movzx(x86::eax, before);
  a_.or_(x86::eax, 0xc00);
  a_.mov(towardsZero, x86::ax);
  a_.fldcw(towardsZero);
  a_.fistp(to);
  a_.fldcw(before);
}

/// Pops a number to RAX, whose bits above `bits` are undefined. What is out of range is poison.
void X87::popInteger(unsigned bits, bool isSigned) {
  if (isSigned || bits < 64) {
    popTruncated(scratch(8));
    a_.mov(x86::rax, scratch(8));
    return;
  }
  Label small = a_.newLabel(), done = a_.newLabel();
  a_.fld(floatConstant(0x1p63, false));
  a_.fucomi(x86::st1);
  a_.ja(small);
  a_.fsubp(x86::st1);
  popTruncated(scratch(8));
  a_.mov(x86::rax, scratch(8));
  a_.btc(x86::rax, 63);
  a_.jmp(done);
  a_.bind(small);
  a_.fstp(x86::st0);
  popTruncated(scratch(8));
  a_.mov(x86::rax, scratch(8));
  a_.bind(done);
}

void X87::emitSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const unsigned bits = bitsOf(intrinsic.getType());
  const IntegerRange range = rangeOf(bits, isSigned);
  push(intrinsic.getArgOperand(0));
  a_.fld(x86::st0);
  popInteger(bits, isSigned);
  auto compare = [&](double limit) {
    a_.fld(floatConstant(limit, false));
    a_.fucomip(x86::st1);
  };
  loadConstant(x86::r10, range.highest);
  compare(range.beyond);
  a_.cmovbe(x86::rax, x86::r10);
  loadConstant(x86::r10, range.lowest);
  compare(range.least);
  a_.cmova(x86::rax, x86::r10);
  a_.mov(x86::r10d, 0); // keeps the flags
  a_.cmovp(x86::rax, x86::r10);
  a_.fstp(x86::st0);
  if (!isExactWidth(bits))
    clean(x86::rax, bits);
  wrote(self(), 0, x86::rax);
}

/// To more than 64 bits, from any format: upper and lower half of the magnitude one after the other, both exactly.
void X87::emitWideSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned bits = bitsOf(intrinsic.getType());
  const IntegerRange range = rangeOf(bits, isSigned);
  Label high = a_.newLabel(), low = a_.newLabel(), zero = a_.newLabel(), done = a_.newLabel(), positive = a_.newLabel();
  value->getType()->isX86_FP80Ty() ? push(value) : pushFloat(value);
  auto compare = [&](double limit) {
    a_.fld(floatConstant(limit, true));
    a_.fucomip(x86::st1);
  };
  compare(range.beyond);
  a_.jp(zero);
  a_.jbe(high);
  compare(range.least);
  a_.jae(low);
  a_.fld(x86::st0);
  a_.fabs();
  a_.fld(x86::st0);
  a_.fmul(floatConstant(0x1p-64, false));
  popInteger(64, false);
  a_.mov(x86::r11, x86::rax);
  pushUnsigned(x86::r11);
  a_.fmul(floatConstant(0x1p64, false));
  a_.fsubp(x86::st1);
  popInteger(64, false);
  if (isSigned) {
    compare(0);
    a_.jbe(positive);
    a_.neg(x86::rax);
    a_.adc(x86::r11, 0);
    a_.neg(x86::r11);
    a_.bind(positive);
  }
  a_.jmp(done);
  auto constant = [&](const Label& at, std::uint64_t lower, std::uint64_t upper) {
    a_.bind(at);
    loadConstant(x86::rax, lower);
    loadConstant(x86::r11, upper);
    a_.jmp(done);
  };
  constant(high, ~std::uint64_t{0}, range.highest);
  constant(low, 0, range.lowest);
  constant(zero, 0, 0);
  a_.bind(done);
  a_.fstp(x86::st0);
  cleanHigh(x86::r11, bits);
  if (isUsed(self(), 0))
    wrote(self(), 0, x86::rax);
  if (isUsed(self(), 1))
    wrote(self(), 1, x86::r11);
}

// Intrinsics ----------------------------------------------------------------------------------------------------------

bool X87::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_empty() || !intrinsic.getArgOperand(0)->getType()->isX86_FP80Ty())
    return false;
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  if (families_.calls.callMathematics(intrinsic))
    return true;
  const bool isSigned = id == llvm::Intrinsic::fptosi_sat;
  switch (id) {
  case llvm::Intrinsic::fabs:
  case llvm::Intrinsic::sqrt:
  case llvm::Intrinsic::rint:
  case llvm::Intrinsic::canonicalize:
  case llvm::Intrinsic::copysign:
  case llvm::Intrinsic::fmuladd:
    computeIntrinsic(intrinsic);
    pop(self());
    return true;
  case llvm::Intrinsic::lrint:
  case llvm::Intrinsic::llrint: {
    if (!intrinsic.getType()->isIntegerTy(64))
      refuse("rounding to an integer of an unusual width");
    push(intrinsic.getArgOperand(0));
    a_.fistp(scratch(8));
    Gp to = target(self());
    a_.mov(to, scratch(8));
    wrote(self(), 0, to);
    return true;
  }
  case llvm::Intrinsic::is_fpclass: emitIsClass(intrinsic); return true;
  case llvm::Intrinsic::fptosi_sat:
  case llvm::Intrinsic::fptoui_sat:
    bitsOf(intrinsic.getType()) > 64 ? emitWideSaturating(intrinsic, isSigned) : emitSaturating(intrinsic, isSigned);
    return true;
  default: return false;
  }
}

/// What is done on top of the stack, and stays there.
void X87::computeIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  push(intrinsic.getArgOperand(0));
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::fabs: a_.fabs(); break;
  case llvm::Intrinsic::sqrt: a_.fsqrt(); break;
  case llvm::Intrinsic::rint: a_.frndint(); break;
  case llvm::Intrinsic::canonicalize: // makes NaNs quiet
    a_.fld1();
    a_.fmulp(x86::st1);
    break;
  case llvm::Intrinsic::copysign: {
    Label positive = a_.newLabel();
    a_.fabs();
    a_.test(within(memory(intrinsic.getArgOperand(1)), 9, 1), 0x80);
    a_.jz(positive);
    a_.fchs();
    a_.bind(positive);
    break;
  }
  default: // fmuladd, rounded twice
    push(intrinsic.getArgOperand(1));
    a_.fmulp(x86::st1);
    push(intrinsic.getArgOperand(2));
    a_.faddp(x86::st1);
  }
}

/// The bits that `fxam` tells a class by, sign and quiet bit make a number of five bits, which picks the answer from a
/// constant.
void X87::emitIsClass(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const auto mask = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(1))->getZExtValue());
  std::uint32_t answers = 0;
  for (unsigned i = 0; i < 32; ++i) {
    const bool negative = i & 2, quiet = i & 16;
    // Bits 0, 2 and 3 are C0, C2 and C3. Patterns that are no numbers count as NaNs.
    unsigned type = 0;
    switch (i & 13) {
    case 4: type = negative ? 3 : 8; break; // normal
    case 5: type = negative ? 2 : 9; break; // infinity
    case 8: type = negative ? 5 : 6; break; // zero
    case 12: type = negative ? 4 : 7; break; // subnormal
    default: type = quiet ? 1 : 0; break;
    }
    answers |= (mask >> type & 1) << i;
  }
  const Mem number = memory(value);
  a_.fld(number);
  a_.fxam();
  a_.fnstsw(x86::ax);
  a_.fstp(x86::st0);
  a_.shr(x86::eax, 8);
  a_.mov(x86::r10d, x86::eax);
  a_.and_(x86::eax, 7);
  a_.and_(x86::r10d, 0x40);
  a_.shr(x86::r10d, 3);
  a_.or_(x86::eax, x86::r10d);
  a_.movzx(x86::r10d, within(number, 7, 1));
  a_.and_(x86::r10d, 0x40);
  a_.shr(x86::r10d, 2);
  a_.or_(x86::eax, x86::r10d);
  loadConstant(x86::r10, answers);
  a_.bt(x86::r10d, x86::eax);
  families_.conditions.give(self(), Condition::kUnsignedLT);
}

} // namespace kiln::baseline
