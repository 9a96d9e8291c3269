#include "compile/baseline/emit/WideIntegers.h"

#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Aggregates.h"
#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Conditions.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;

/// The upper half is known to be zero.
bool isNarrow(const llvm::Value* value) {
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value))
    return constant->getValue().getActiveBits() <= 64;
  const auto* extension = llvm::dyn_cast<llvm::ZExtInst>(value);
  return extension && extension->getSrcTy()->getIntegerBitWidth() <= 64;
}

} // namespace

// Operands ------------------------------------------------------------------------------------------------------------

/// to = to OPERATION half of the value. Keeps the flags until then.
void WideIntegers::combine(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned part, Gp scratch) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    auto bits = bitsOfPart(constant, part);
    if (!bits)
      refuse("an address in an integer of more than 64 bits");
    if (isInt32(static_cast<std::int64_t>(bits->first)))
      a_.emit(operation, to, asmjit::Imm(static_cast<std::int64_t>(bits->first)));
    else
      a_.emit(operation, to, constantMemory(bits->first, 0, 8));
    return;
  }
  if (std::optional<Mem> memory = inMemory(value, part, 8))
    a_.emit(operation, to, *memory);
  else
    a_.emit(operation, to, read(value, part, scratch));
}

// Arithmetic ----------------------------------------------------------------------------------------------------------

void WideIntegers::emit(const llvm::Instruction& instruction) {
  if (!isUsed(numberOf(instruction)))
    return;
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Add: return emitHalves(instruction, Inst::kIdAdd, Inst::kIdAdc);
  case llvm::Instruction::Sub: return emitHalves(instruction, Inst::kIdSub, Inst::kIdSbb);
  case llvm::Instruction::And: return emitHalves(instruction, Inst::kIdAnd, Inst::kIdAnd);
  case llvm::Instruction::Or: return emitHalves(instruction, Inst::kIdOr, Inst::kIdOr);
  case llvm::Instruction::Xor: return emitHalves(instruction, Inst::kIdXor, Inst::kIdXor);
  case llvm::Instruction::Mul: return emitMul(instruction);
  case llvm::Instruction::Shl:
  case llvm::Instruction::LShr:
  case llvm::Instruction::AShr:
    return llvm::isa<llvm::ConstantInt>(instruction.getOperand(1)) ? emitShiftBy(instruction) : emitShift(instruction);
  case llvm::Instruction::UDiv: return divide("__udivti3", instruction, false);
  case llvm::Instruction::URem: return divide("__umodti3", instruction, false);
  case llvm::Instruction::SDiv: return divide("__divti3", instruction, true);
  case llvm::Instruction::SRem: return divide("__modti3", instruction, true);
  case llvm::Instruction::ICmp: {
    const auto& compare = llvm::cast<llvm::ICmpInst>(instruction);
    return families_.conditions.give(numberOf(compare),
                                     setFlags(compare.getPredicate(), compare.getOperand(0), compare.getOperand(1)));
  }
  case llvm::Instruction::Select: return emitSelect(llvm::cast<llvm::SelectInst>(instruction));
  default:
    if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
      return emitCast(*cast);
    refuse("integer of more than 64 bits");
  }
}

void WideIntegers::divide(const char* function, const llvm::Instruction& instruction, bool isSigned) {
  families_.calls.callLibrary(function, {instruction.getOperand(0), instruction.getOperand(1)}, {.isSigned = isSigned});
}

/// The lower halves, then the upper ones with what the lower have left in the carry.
void WideIntegers::emitHalves(const llvm::Instruction& instruction, asmjit::InstId lowOperation,
                              asmjit::InstId highOperation) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (instruction.isCommutative() && llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  readInto(low, left, 0);
  readInto(high, left, 1);
  combine(lowOperation, low, right, 0, x86::r11);
  combine(highOperation, high, right, 1, x86::r11);
  if (lowOperation != highOperation)
    cleanHigh(high, bitsOf(instruction.getType()));
  wroteWide(number, low, high);
}

/// The full product of the lower halves, and what the crosswise products add to its upper half.
void WideIntegers::emitMul(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  auto cross = [&](Gp to, unsigned leftPart) {
    readInto(to, left, leftPart);
    combine(Inst::kIdImul, to, right, 1 - leftPart, x86::rax);
  };
  const bool upperLeft = !isNarrow(left), upperRight = !isNarrow(right);
  if (upperLeft)
    cross(x86::r10, 1);
  if (upperRight)
    cross(upperLeft ? x86::r11 : x86::r10, 0);
  if (upperLeft && upperRight)
    a_.add(x86::r10, x86::r11);
  // RDX may be somebody's place, a factor's as well.
  readInto(x86::rax, left, 0);
  const bool keep = plan_.placeOf(number, 0).reg != Gp::kIdDx && plan_.placeOf(number, 1).reg != Gp::kIdDx;
  if (keep)
    a_.mov(x86::r11, x86::rdx);
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(right))
    a_.mul(constantMemory(bitsOfPart(constant, 0)->first, 0, 8));
  else if (std::optional<Mem> memory = inMemory(right, 0, 8))
    a_.mul(*memory);
  else
    a_.mul(gp(registerOf(right, 0)));
  if (upperLeft || upperRight)
    a_.add(x86::r10, x86::rdx);
  else
    a_.mov(x86::r10, x86::rdx);
  if (keep)
    a_.mov(x86::rdx, x86::r11);
  cleanHigh(x86::r10, bitsOf(instruction.getType()));
  wroteWide(number, x86::rax, x86::r10);
}

// Shifts --------------------------------------------------------------------------------------------------------------

void WideIntegers::emitShiftBy(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value* value = instruction.getOperand(0);
  const unsigned width = bitsOf(instruction.getType()), opcode = instruction.getOpcode();
  const auto amount =
      static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(instruction.getOperand(1))->getValue().getLimitedValue(127));
  const unsigned rest = amount % 64;
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  if (opcode == llvm::Instruction::Shl) {
    readInto(high, value, amount < 64 ? 1 : 0);
    if (amount < 64)
      readInto(low, value, 0);
    else
      a_.xor_(sized(low, 32), sized(low, 32));
    if (rest && amount < 64)
      a_.shld(high, low, rest);
    if (rest)
      a_.shl(amount < 64 ? low : high, rest);
    cleanHigh(high, width);
  } else {
    const bool isSigned = opcode == llvm::Instruction::AShr;
    readInto(high, value, 1);
    if (isSigned)
      signExtendHigh(high, width);
    if (amount < 64) {
      readInto(low, value, 0);
      if (rest)
        a_.shrd(low, high, rest);
    } else {
      move(low, high);
    }
    if (amount >= 64 && !isSigned)
      a_.xor_(sized(high, 32), sized(high, 32));
    Gp shifted = amount < 64 ? high : low;
    if (rest)
      isSigned ? a_.sar(shifted, rest) : a_.shr(shifted, rest);
    if (amount >= 64 && isSigned)
      a_.sar(high, 63);
    if (isSigned)
      cleanHigh(high, width);
  }
  wroteWide(number, low, high);
}

/// Shifted by the lower six bits of the count; then, if it is 64 or more, by a whole half.
void WideIntegers::emitShift(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *value = instruction.getOperand(0), *count = instruction.getOperand(1);
  const unsigned width = bitsOf(instruction.getType()), opcode = instruction.getOpcode();
  const bool isSigned = opcode == llvm::Instruction::AShr;
  const Gp low = x86::rax, high = x86::r10;
  readInto(low, value, 0);
  readInto(high, value, 1);
  if (isSigned)
    signExtendHigh(high, width);
  // The count must be in CL, which may be somebody's place.
  const bool keep = plan_.placeOf(number, 0).reg != Gp::kIdCx && plan_.placeOf(number, 1).reg != Gp::kIdCx;
  if (keep)
    a_.movq(x86::xmm15, x86::rcx);
  readInto(x86::rcx, count, 0);
  if (isSigned) {
    a_.mov(x86::r11, high);
    a_.sar(x86::r11, 63);
  } else {
    a_.xor_(x86::r11d, x86::r11d);
  }
  Gp inner = high, outer = low; // what moves into the other half, and that half
  if (opcode == llvm::Instruction::Shl) {
    std::swap(inner, outer);
    a_.shld(high, low, x86::cl);
    a_.shl(low, x86::cl);
  } else {
    a_.shrd(low, high, x86::cl);
    isSigned ? a_.sar(high, x86::cl) : a_.shr(high, x86::cl);
  }
  a_.test(x86::cl, 64);
  a_.cmovnz(outer, inner);
  a_.cmovnz(inner, x86::r11);
  if (keep)
    a_.movq(x86::rcx, x86::xmm15);
  if (opcode != llvm::Instruction::LShr)
    cleanHigh(high, width);
  wroteWide(number, low, high);
}

// Comparisons ---------------------------------------------------------------------------------------------------------

Condition WideIntegers::setFlags(llvm::CmpInst::Predicate predicate, const llvm::Value* left,
                                 const llvm::Value* right) {
  if (llvm::CmpInst::isEquality(predicate)) {
    if (llvm::isa<llvm::Constant>(left))
      std::swap(left, right);
    readInto(x86::rax, left, 0);
    readInto(x86::r10, left, 1);
    if (const auto* zero = llvm::dyn_cast<llvm::ConstantInt>(right); !zero || !zero->isZero()) {
      combine(Inst::kIdXor, x86::rax, right, 0, x86::r11);
      combine(Inst::kIdXor, x86::r10, right, 1, x86::r11);
    }
    a_.or_(x86::rax, x86::r10);
    return predicate == llvm::CmpInst::ICMP_EQ ? Condition::kEqual : Condition::kNotEqual;
  }
  // The borrow of a - b tells a < b and a >= b; the others are these the other way round.
  const bool isSigned = llvm::CmpInst::isSigned(predicate), isStrict = llvm::CmpInst::isStrictPredicate(predicate);
  if (isStrict ? llvm::ICmpInst::isGT(predicate) : llvm::ICmpInst::isLE(predicate))
    std::swap(left, right);
  const unsigned width = bitsOf(left->getType());
  if (isSigned && width < 128) {
    readInto(x86::r10, left, 1);
    signExtendHigh(x86::r10, width);
    readInto(x86::r11, right, 1);
    signExtendHigh(x86::r11, width);
    readInto(x86::rax, left, 0);
    combine(Inst::kIdCmp, x86::rax, right, 0, x86::rax);
    a_.sbb(x86::r10, x86::r11);
  } else {
    readInto(x86::rax, left, 0);
    readInto(x86::r10, left, 1);
    combine(Inst::kIdCmp, x86::rax, right, 0, x86::r11);
    combine(Inst::kIdSbb, x86::r10, right, 1, x86::r11);
  }
  if (isSigned)
    return isStrict ? Condition::kSignedLT : Condition::kSignedGE;
  return isStrict ? Condition::kUnsignedLT : Condition::kUnsignedGE;
}

void WideIntegers::emitSelect(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const llvm::Value *yes = select.getTrueValue(), *no = select.getFalseValue(), *chooser = select.getCondition();
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  if (llvm::isa<llvm::Constant>(chooser)) {
    const llvm::Value* value = constantOf(chooser) == 0 ? no : yes;
    readInto(low, value, 0);
    readInto(high, value, 1);
    return wroteWide(number, low, high);
  }
  if (llvm::isa<llvm::FCmpInst>(chooser) && plan_.isFolded(chooser))
    return families_.aggregates.emitSelect(select); // there may be two conditions
  const Condition condition = families_.conditions.test(chooser).condition;
  // Moves keep the flags.
  asmjit::InstId take = Inst::cmovccFromCond(condition);
  for (unsigned part : {0u, 1u}) {
    Gp to = part == 0 ? low : high;
    readInto(to, no, part);
    if (std::optional<Mem> memory = inMemory(yes, part, 8))
      a_.emit(take, to, *memory);
    else
      a_.emit(take, to, read(yes, part, x86::r11));
  }
  wroteWide(number, low, high);
}

// Casts ---------------------------------------------------------------------------------------------------------------

void WideIntegers::emitCast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* from = cast.getOperand(0);
  llvm::Type *source = from->getType(), *type = cast.getType();
  if (isOneXmm(source) || isOneXmm(type))
    return emitFloatCast(cast);
  if (!isWide(type)) {
    Gp to = target(number);
    readInto(to, from, 0);
    if (!isExactWidth(type))
      clean(to, bitsOf(type));
    return wrote(number, 0, to);
  }
  Gp low = target(number, 0, x86::rax), high = target(number, 1, x86::r10);
  const unsigned width = bitsOf(type);
  const bool isSigned = cast.getOpcode() == llvm::Instruction::SExt;
  if (isWide(source)) {
    readInto(low, from, 0);
    readInto(high, from, 1);
    if (isSigned)
      signExtendHigh(high, bitsOf(source));
    if (isSigned || width < bitsOf(source))
      cleanHigh(high, width);
  } else if (isSigned) {
    signExtendInto(low, from);
    move(high, low);
    a_.sar(high, 63);
    cleanHigh(high, width);
  } else {
    zeroExtendInto(low, from);
    a_.xor_(sized(high, 32), sized(high, 32));
  }
  wroteWide(number, low, high);
}

void WideIntegers::emitFloatCast(const llvm::CastInst& cast) {
  const llvm::Value* from = cast.getOperand(0);
  const bool isFloat = from->getType()->isFloatTy() || cast.getType()->isFloatTy();
  switch (cast.getOpcode()) {
  case llvm::Instruction::FPToSI: return families_.calls.callLibrary(isFloat ? "__fixsfti" : "__fixdfti", {from});
  case llvm::Instruction::FPToUI: return families_.calls.callLibrary(isFloat ? "__fixunssfti" : "__fixunsdfti", {from});
  case llvm::Instruction::SIToFP:
    return families_.calls.callLibrary(isFloat ? "__floattisf" : "__floattidf", {from}, {.isSigned = true});
  case llvm::Instruction::UIToFP:
    return families_.calls.callLibrary(isFloat ? "__floatuntisf" : "__floatuntidf", {from});
  default: refuse("integer of more than 64 bits");
  }
}

} // namespace kiln::baseline
