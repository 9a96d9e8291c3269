// x87 numbers, in slots of 16 bytes.
//
// Each instruction loads its operands to the x87 stack, and pops its result to its slot; in between the stack is empty.
// Operands that are folded are computed there, with theirs. What goes through memory for a moment takes the 128 bytes below
// RSP, which signal handlers leave alone.
#include <llvm/IR/Constants.h>

#include <cmath>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {
namespace {

Mem scratch(unsigned bytes) { return x86::ptr(x86::rsp, -16, bytes); }

Mem byteOf(Mem number, unsigned at, unsigned bytes = 1) {
  number.addOffset(at);
  number.setSize(bytes);
  return number;
}

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

Mem Emitter::x87Memory(const llvm::Value* value, unsigned part) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    auto bits = bitsOfPart(constant, part);
    if (!bits)
      refuse("x87 constant made of an address");
    Mem memory = constantMemory(bits->first, bits->second, 16);
    memory.setSize(10);
    return memory;
  }
  return frame(plan_.placeOf(plan_.numberOf(value), part).offset, 10);
}

void Emitter::loadX87(const llvm::Value* value, unsigned part) {
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
    return computeX87(*llvm::cast<llvm::Instruction>(value));
  a_.fld(x87Memory(value, part));
}

void Emitter::storeX87(std::uint32_t number, unsigned part) {
  if (isUsed(number, part))
    a_.fstp(frame(plan_.placeOf(number, part).offset, 10));
  else
    a_.fstp(x86::st0);
}

// Arithmetic ----------------------------------------------------------------------------------------------------------

void Emitter::emitX87(const llvm::Instruction& instruction) {
  if (const auto* compare = llvm::dyn_cast<llvm::FCmpInst>(&instruction))
    return emitFloatCompare(*compare);
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction);
      cast && (!cast->getDestTy()->isX86_FP80Ty() || cast->getOpcode() == llvm::Instruction::BitCast))
    return emitX87Cast(*cast);
  computeX87(instruction);
  storeX87(numberOf(instruction));
}

/// Leaves the result on the stack.
void Emitter::computeX87(const llvm::Instruction& instruction) {
  const llvm::Value* operand = instruction.getOperand(0);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Load: {
    Mem from = address(operand);
    from.setSize(10);
    a_.fld(from);
    return;
  }
  case llvm::Instruction::FNeg:
    loadX87(operand);
    a_.fchs();
    return;
  case llvm::Instruction::SIToFP: return loadX87Integer(operand, true);
  case llvm::Instruction::UIToFP: return loadX87Integer(operand, false);
  case llvm::Instruction::FPExt:
    if (!isOneXmm(operand->getType()))
      refuse("floating point of an unusual format");
    return loadFloatAsX87(operand);
  case llvm::Instruction::Call: return computeX87Intrinsic(llvm::cast<llvm::IntrinsicInst>(instruction));
  default: return computeX87Binary(instruction);
  }
}

void Emitter::computeX87Binary(const llvm::Instruction& instruction) {
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (instruction.getOpcode() == llvm::Instruction::FRem) {
    loadX87(right);
    loadX87(left);
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
  loadX87(left);
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
  loadX87(right);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd: a_.faddp(x86::st1); break;
  case llvm::Instruction::FSub: a_.fsubp(x86::st1); break;
  case llvm::Instruction::FMul: a_.fmulp(x86::st1); break;
  default: a_.fdivp(x86::st1); break;
  }
}

void Emitter::compareX87(const llvm::Value* left, const llvm::Value* right) {
  loadX87(right);
  loadX87(left);
  a_.fucomip(x86::st1);
  a_.fstp(x86::st0); // keeps the flags
}

void Emitter::emitX87Select(const llvm::SelectInst& select) {
  FloatTest test = testOf(select.getCondition());
  Label other = a_.newLabel(), done = a_.newLabel();
  jumpIf(test, other, false);
  loadX87(select.getTrueValue());
  a_.jmp(done);
  a_.bind(other);
  loadX87(select.getFalseValue());
  a_.bind(done);
  storeX87(numberOf(select));
}

// Conversions ---------------------------------------------------------------------------------------------------------

/// To other formats, and bit by bit.
void Emitter::emitX87Cast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  llvm::Type* type = cast.getDestTy();
  switch (cast.getOpcode()) {
  case llvm::Instruction::FPTrunc: {
    if (!isOneXmm(type))
      refuse("floating point of an unusual format");
    const unsigned bytes = type->isDoubleTy() ? 8 : 4;
    const Place& place = plan_.placeOf(number, 0);
    loadX87(value);
    if (place.inSlot()) {
      a_.fstp(frame(place.offset, bytes));
      return;
    }
    a_.fstp(scratch(bytes));
    if (place.inRegister())
      loadXmm(xmm(place.reg), scratch(bytes), bytes);
    return;
  }
  case llvm::Instruction::BitCast: return bitsOfX87(cast);
  default: break;
  }
  const bool isSigned = cast.getOpcode() == llvm::Instruction::FPToSI;
  const unsigned bits = bitsOf(type);
  if (bits > 64) {
    callLibrary(isSigned ? "__fixxfti" : "__fixunsxfti", {value});
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
  loadX87(value);
  x87ToInteger(bits, isSigned);
  if (bits == 32)
    a_.mov(x86::eax, x86::eax); // writesClean()
  if (!isExactWidth(bits))
    clean(x86::rax, bits);
  wrote(number, 0, x86::rax);
}

/// A number of 80 bits is an integer in two parts.
void Emitter::bitsOfX87(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* value = cast.getOperand(0);
  if (cast.getDestTy()->isX86_FP80Ty()) {
    if (!isUsed(number))
      return;
    Mem to = frame(plan_.placeOf(number, 0).offset, 10);
    a_.mov(byteOf(to, 0, 8), read(value, 0));
    a_.mov(byteOf(to, 8, 2), sized(read(value, 1), 16));
    return;
  }
  Mem from = x87Memory(value);
  for (unsigned part = 0; part < 2; ++part) {
    if (!isUsed(number, part))
      continue;
    Gp to = target(number, part);
    part == 0 ? a_.mov(to, byteOf(from, 0, 8)) : a_.movzx(sized(to, 32), byteOf(from, 8, 2));
    wrote(number, part, to);
  }
}

void Emitter::loadFloatAsX87(const llvm::Value* value) {
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
void Emitter::loadX87Unsigned(Gp from) {
  Label small = a_.newLabel();
  a_.mov(scratch(8), from);
  a_.fild(scratch(8));
  a_.test(from, from);
  a_.jns(small);
  a_.fadd(floatConstant(0x1p64, false));
  a_.bind(small);
}

void Emitter::loadX87Integer(const llvm::Value* value, bool isSigned) {
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
      loadX87Unsigned(upper);
    }
    a_.fmul(floatConstant(0x1p64, false));
    loadX87Unsigned(read(value, 0));
    a_.faddp(x86::st1);
    return;
  }
  if (!isSigned && bits == 64)
    return loadX87Unsigned(read(value));
  if (isSigned && (bits == 32 || bits == 64))
    if (std::optional<Mem> memory = inMemory(value, 0, bits / 8)) {
      a_.fild(*memory);
      return;
    }
  a_.mov(scratch(8), isSigned ? readSignExtended(value) : readZeroExtended(value));
  a_.fild(scratch(8));
}

/// Pops a number to memory as an integer of 64 bits, rounded towards zero. May use RAX.
void Emitter::truncateX87(const Mem& to) {
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
void Emitter::x87ToInteger(unsigned bits, bool isSigned) {
  if (isSigned || bits < 64) {
    truncateX87(scratch(8));
    a_.mov(x86::rax, scratch(8));
    return;
  }
  Label small = a_.newLabel(), done = a_.newLabel();
  a_.fld(floatConstant(0x1p63, false));
  a_.fucomi(x86::st1);
  a_.ja(small);
  a_.fsubp(x86::st1);
  truncateX87(scratch(8));
  a_.mov(x86::rax, scratch(8));
  a_.btc(x86::rax, 63);
  a_.jmp(done);
  a_.bind(small);
  a_.fstp(x86::st0);
  truncateX87(scratch(8));
  a_.mov(x86::rax, scratch(8));
  a_.bind(done);
}

void Emitter::emitX87Saturating(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const unsigned bits = bitsOf(intrinsic.getType());
  const std::uint64_t ones = ~std::uint64_t{0} >> (64 - bits), highest = isSigned ? ones >> 1 : ones;
  loadX87(intrinsic.getArgOperand(0));
  a_.fld(x86::st0);
  x87ToInteger(bits, isSigned);
  auto compare = [&](double limit) {
    a_.fld(floatConstant(limit, false));
    a_.fucomip(x86::st1);
  };
  loadConstant(x86::r10, highest);
  compare(std::ldexp(1.0, static_cast<int>(isSigned ? bits - 1 : bits)));
  a_.cmovbe(x86::rax, x86::r10);
  loadConstant(x86::r10, isSigned ? ~highest & ones : 0);
  compare(isSigned ? -std::ldexp(1.0, static_cast<int>(bits - 1)) : 0.0);
  a_.cmova(x86::rax, x86::r10);
  a_.mov(x86::r10d, 0); // keeps the flags
  a_.cmovp(x86::rax, x86::r10);
  a_.fstp(x86::st0);
  if (!isExactWidth(bits))
    clean(x86::rax, bits);
  wrote(currentNumber_, 0, x86::rax);
}

/// To more than 64 bits, from any format: upper and lower half of the magnitude one after the other, both exactly.
void Emitter::emitWideSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned) {
  const llvm::Value* value = intrinsic.getArgOperand(0);
  const unsigned bits = bitsOf(intrinsic.getType()), upperBits = bits - 64;
  const std::uint64_t ones = ~std::uint64_t{0} >> (64 - upperBits), highest = isSigned ? ones >> 1 : ones;
  Label high = a_.newLabel(), low = a_.newLabel(), zero = a_.newLabel(), done = a_.newLabel(), positive = a_.newLabel();
  value->getType()->isX86_FP80Ty() ? loadX87(value) : loadFloatAsX87(value);
  auto compare = [&](double limit) {
    a_.fld(floatConstant(limit, true));
    a_.fucomip(x86::st1);
  };
  compare(std::ldexp(1.0, static_cast<int>(isSigned ? bits - 1 : bits)));
  a_.jp(zero);
  a_.jbe(high);
  compare(isSigned ? -std::ldexp(1.0, static_cast<int>(bits - 1)) : 0.0);
  a_.jae(low);
  a_.fld(x86::st0);
  a_.fabs();
  a_.fld(x86::st0);
  a_.fmul(floatConstant(0x1p-64, false));
  x87ToInteger(64, false);
  a_.mov(x86::r11, x86::rax);
  loadX87Unsigned(x86::r11);
  a_.fmul(floatConstant(0x1p64, false));
  a_.fsubp(x86::st1);
  x87ToInteger(64, false);
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
  constant(high, ~std::uint64_t{0}, highest);
  constant(low, 0, isSigned ? ~highest & ones : 0);
  constant(zero, 0, 0);
  a_.bind(done);
  a_.fstp(x86::st0);
  clean(x86::r11, upperBits);
  if (isUsed(currentNumber_, 0))
    wrote(currentNumber_, 0, x86::rax);
  if (isUsed(currentNumber_, 1))
    wrote(currentNumber_, 1, x86::r11);
}

// Intrinsics ----------------------------------------------------------------------------------------------------------

bool Emitter::emitX87Intrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_empty() || !intrinsic.getArgOperand(0)->getType()->isX86_FP80Ty())
    return false;
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  if (isCall(intrinsic, machine()) && (libraryName(id) || id == llvm::Intrinsic::powi)) {
    callLibraryFor(intrinsic);
    return true;
  }
  const bool isSigned = id == llvm::Intrinsic::fptosi_sat;
  switch (id) {
  case llvm::Intrinsic::fabs:
  case llvm::Intrinsic::sqrt:
  case llvm::Intrinsic::rint:
  case llvm::Intrinsic::canonicalize:
  case llvm::Intrinsic::copysign:
  case llvm::Intrinsic::fmuladd:
    computeX87Intrinsic(intrinsic);
    storeX87(currentNumber_);
    return true;
  case llvm::Intrinsic::lrint:
  case llvm::Intrinsic::llrint: {
    if (!intrinsic.getType()->isIntegerTy(64))
      refuse("rounding to an integer of an unusual width");
    loadX87(intrinsic.getArgOperand(0));
    a_.fistp(scratch(8));
    Gp to = target(currentNumber_);
    a_.mov(to, scratch(8));
    wrote(currentNumber_, 0, to);
    return true;
  }
  case llvm::Intrinsic::is_fpclass: emitX87IsClass(intrinsic); return true;
  case llvm::Intrinsic::fptosi_sat:
  case llvm::Intrinsic::fptoui_sat:
    bitsOf(intrinsic.getType()) > 64 ? emitWideSaturating(intrinsic, isSigned) : emitX87Saturating(intrinsic, isSigned);
    return true;
  default: return false;
  }
}

/// What is done on top of the stack, and stays there.
void Emitter::computeX87Intrinsic(const llvm::IntrinsicInst& intrinsic) {
  loadX87(intrinsic.getArgOperand(0));
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
    a_.test(byteOf(x87Memory(intrinsic.getArgOperand(1)), 9), 0x80);
    a_.jz(positive);
    a_.fchs();
    a_.bind(positive);
    break;
  }
  default: // fmuladd, rounded twice
    loadX87(intrinsic.getArgOperand(1));
    a_.fmulp(x86::st1);
    loadX87(intrinsic.getArgOperand(2));
    a_.faddp(x86::st1);
  }
}

/// The bits that `fxam` tells a class by, sign and quiet bit make a number of five bits, which picks the answer from a
/// constant.
void Emitter::emitX87IsClass(const llvm::IntrinsicInst& intrinsic) {
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
  const Mem number = x87Memory(value);
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
  a_.movzx(x86::r10d, byteOf(number, 7));
  a_.and_(x86::r10d, 0x40);
  a_.shr(x86::r10d, 2);
  a_.or_(x86::eax, x86::r10d);
  loadConstant(x86::r10, answers);
  a_.bt(x86::r10d, x86::eax);
  setCondition(currentNumber_, Condition::kUnsignedLT);
}

} // namespace kiln::baseline
