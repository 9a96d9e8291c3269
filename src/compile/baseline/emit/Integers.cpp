#include "compile/baseline/emit/Integers.h"

#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/WideIntegers.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;

bool isOdd(unsigned bits) { return !isExactWidth(bits); }

} // namespace

void Integers::emit(const llvm::Instruction& instruction) {
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return emitCast(*cast);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Add: return emitAdd(instruction);
  case llvm::Instruction::Sub: return emitSub(instruction);
  case llvm::Instruction::Mul: return emitMul(instruction);
  case llvm::Instruction::And: return emitTwoOperand(instruction, Inst::kIdAnd, true);
  case llvm::Instruction::Or: return emitTwoOperand(instruction, Inst::kIdOr, true);
  case llvm::Instruction::Xor: return emitXor(instruction);
  case llvm::Instruction::UDiv:
  case llvm::Instruction::SDiv:
  case llvm::Instruction::URem:
  case llvm::Instruction::SRem: return emitDivision(instruction);
  case llvm::Instruction::ICmp:
    return families_.conditions.give(numberOf(instruction), setFlags(llvm::cast<llvm::ICmpInst>(instruction)));
  case llvm::Instruction::Select: return emitSelect(llvm::cast<llvm::SelectInst>(instruction));
  default: return emitShift(instruction);
  }
}

/// target = left OP right. The target's register may be that of either.
void Integers::emitTwoOperand(const llvm::Instruction& instruction, asmjit::InstId operation, bool commutative) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  const unsigned width = bitsOf(instruction.getType()), bits = operationBits(width);
  if (commutative && (llvm::isa<llvm::Constant>(left) || plan_.isFolded(left)))
    std::swap(left, right);
  Gp to = target(number);
  Register rightRegister = registerOf(right);
  if (rightRegister == to.id() && registerOf(left) != rightRegister) {
    if (commutative)
      std::swap(left, right);
    else
      to = x86::rax;
  }
  if (isAddressedBy(right, static_cast<Register>(to.id())))
    to = x86::rax;
  // In place, if the value stays in its slot. Products have no such form.
  std::optional<std::int32_t> immediate = immediateOf(right);
  if (const Place &place = plan_.placeOf(number, 0), *from = placeOf(left);
      place.inSlot() && from && from->inSlot() && from->offset == place.offset && bits == 64 && !isOdd(width) &&
      operation != Inst::kIdImul) {
    if (immediate) {
      a_.emit(operation, frame(place.offset, 8), asmjit::Imm(*immediate));
    } else {
      Gp operand = read(right, 0, x86::rax);
      a_.emit(operation, frame(place.offset, 8), operand);
    }
    return;
  }
  // A folded load may need both address registers, so the left side comes first, into the target.
  readInto(to, left);
  Gp result = sized(to, bits);
  if (immediate) {
    a_.emit(operation, result, asmjit::Imm(*immediate));
  } else if (std::optional<Mem> memory = inMemory(right, 0, bits / 8)) {
    a_.emit(operation, result, *memory);
  } else {
    a_.emit(operation, result, sized(read(right, 0, x86::r10), bits));
  }
  if (isOdd(width))
    clean(to, width);
  wrote(number, 0, to);
}

void Integers::emitXor(const llvm::Instruction& instruction) {
  // not x
  if (std::optional<std::int64_t> constant = constantOf(instruction.getOperand(1));
      constant == -1 && !isOdd(bitsOf(instruction.getType()))) {
    const std::uint32_t number = numberOf(instruction);
    Gp to = target(number);
    readInto(to, instruction.getOperand(0));
    a_.not_(sized(to, operationBits(bitsOf(instruction.getType()))));
    return wrote(number, 0, to);
  }
  emitTwoOperand(instruction, Inst::kIdXor, true);
}

void Integers::emitAdd(const llvm::Instruction& instruction) {
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  const std::uint32_t number = numberOf(instruction);
  const unsigned width = bitsOf(instruction.getType());
  Register from = registerOf(left), other = registerOf(right), to = plan_.placeOf(number, 0).reg;
  std::optional<std::int32_t> immediate = immediateOf(right);
  const bool three =
      to != kNoRegister && from != kNoRegister && from != to && (immediate || (other != kNoRegister && other != to));
  if (!three)
    return emitTwoOperand(instruction, Inst::kIdAdd, true);
  Gp result = gp(to, operationBits(width));
  a_.lea(result, immediate ? x86::ptr(gp(from), *immediate) : x86::ptr(gp(from), gp(other)));
  if (isOdd(width))
    clean(result, width);
}

void Integers::emitSub(const llvm::Instruction& instruction) {
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  const std::uint32_t number = numberOf(instruction);
  const unsigned width = bitsOf(instruction.getType()), bits = operationBits(width);
  Register from = registerOf(left), to = plan_.placeOf(number, 0).reg;
  std::optional<std::int32_t> immediate = immediateOf(right);
  if (to != kNoRegister && from != kNoRegister && from != to && immediate && *immediate != INT32_MIN) {
    a_.lea(gp(to, bits), x86::ptr(gp(from), -*immediate));
    if (isOdd(width))
      clean(gp(to), width);
    return;
  }
  if (constantOf(left) == 0) {
    Gp result = target(number);
    readInto(result, right);
    a_.neg(sized(result, bits));
    if (isOdd(width))
      clean(result, width);
    return wrote(number, 0, result);
  }
  emitTwoOperand(instruction, Inst::kIdSub, false);
}

void Integers::emitMul(const llvm::Instruction& instruction) {
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  const std::uint32_t number = numberOf(instruction);
  const unsigned width = bitsOf(instruction.getType()), bits = operationBits(width);
  std::optional<std::int32_t> immediate = immediateOf(right);
  if (!immediate)
    return emitTwoOperand(instruction, Inst::kIdImul, true);
  Gp to = target(number), result = sized(to, bits);
  auto factor = static_cast<std::uint32_t>(*immediate);
  if (*immediate > 0 && std::has_single_bit(factor)) {
    readInto(to, left);
    if (factor > 1)
      a_.shl(result, std::countr_zero(factor));
  } else if ((factor == 3 || factor == 5 || factor == 9) && !inMemory(left, 0, 8)) {
    Gp from = read(left, 0, to);
    a_.lea(result, x86::ptr(from, from, std::countr_zero(factor - 1)));
  } else if (std::optional<Mem> memory = inMemory(left, 0, bits / 8)) {
    a_.imul(result, *memory, *immediate);
  } else {
    a_.imul(result, sized(read(left, 0, to), bits), *immediate);
  }
  if (isOdd(width))
    clean(to, width);
  wrote(number, 0, to);
}

// Shifts --------------------------------------------------------------------------------------------------------------

void Integers::emitShift(const llvm::Instruction& instruction) {
  const llvm::Value *value = instruction.getOperand(0), *count = instruction.getOperand(1);
  const std::uint32_t number = numberOf(instruction);
  const unsigned width = bitsOf(instruction.getType()), bits = operationBits(width);
  const unsigned opcode = instruction.getOpcode();
  Gp to = target(number);
  // The bits that a shift to the right brings in.
  auto readValue = [&](Gp into) {
    if (opcode == llvm::Instruction::Shl)
      readInto(into, value);
    else if (opcode == llvm::Instruction::LShr)
      zeroExtendInto(into, value);
    else if (bits == width)
      readInto(into, value);
    else
      signExtendInto(into, value);
  };
  if (std::optional<std::int64_t> constant = constantOf(count)) {
    auto amount = static_cast<unsigned>(*constant) & (bits - 1);
    readValue(to);
    if (amount != 0)
      a_.emit(shiftOf(opcode), sized(to, bits), asmjit::Imm(amount));
  } else if (features().hasBMI2()) {
    Gp by = sized(read(count, 0, x86::r10), bits);
    Gp from = x86::rax;
    if (Register reg = registerOf(value); reg != kNoRegister && (opcode == llvm::Instruction::Shl || bits == width))
      from = gp(reg);
    else
      readValue(from);
    const asmjit::InstId shift = opcode == llvm::Instruction::Shl    ? Inst::kIdShlx
                                 : opcode == llvm::Instruction::LShr ? Inst::kIdShrx
                                                                     : Inst::kIdSarx;
    a_.emit(shift, sized(to, bits), sized(from, bits), by);
  } else {
    // The count must be in CL, which may be somebody's place.
    readValue(x86::rax);
    a_.mov(x86::r11, x86::rcx);
    readInto(x86::rcx, count);
    a_.emit(shiftOf(opcode), sized(x86::rax, bits), x86::cl);
    a_.mov(x86::rcx, x86::r11);
    to = x86::rax;
  }
  if (isOdd(width))
    clean(to, width);
  wrote(number, 0, to);
}

// Comparisons ---------------------------------------------------------------------------------------------------------

Condition Integers::setFlags(const llvm::ICmpInst& compare) {
  const llvm::Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  llvm::CmpInst::Predicate predicate = compare.getPredicate();
  if (const auto* test = llvm::dyn_cast<llvm::Instruction>(left); test && isBitTest(*test) && plan_.isFolded(test)) {
    emitBitTest(*test);
    return conditionOf(predicate);
  }
  if (llvm::isa<llvm::Constant>(left) && !llvm::isa<llvm::Constant>(right)) {
    std::swap(left, right);
    predicate = compare.getSwappedPredicate();
  }
  const unsigned width = bitsOf(left->getType());
  if (width > 64)
    return families_.wide.setFlags(compare.getPredicate(), compare.getOperand(0), compare.getOperand(1));
  if (isOdd(width)) {
    auto extendInto = [&](Gp to, const llvm::Value* value) {
      llvm::CmpInst::isSigned(predicate) ? signExtendInto(to, value) : zeroExtendInto(to, value);
    };
    extendInto(x86::rax, left);
    extendInto(x86::r10, right);
    a_.cmp(x86::rax, x86::r10);
    return conditionOf(predicate);
  }
  std::optional<std::int32_t> immediate = immediateOf(right);
  if (const Place* place = placeOf(left); place ? place->inSlot() : llvm::isa<llvm::LoadInst>(left)) {
    // The other operand first: an address may be good for one instruction only.
    Gp other;
    if (!immediate)
      other = read(right, 0, x86::rax);
    Mem memory = *inMemory(left, 0, width / 8);
    if (immediate)
      a_.cmp(memory, *immediate);
    else
      a_.cmp(memory, sized(other, width));
    return conditionOf(predicate);
  }
  Gp operand = sized(read(left, 0, x86::rax), width);
  if (immediate == 0)
    a_.test(operand, operand);
  else if (immediate)
    a_.cmp(operand, *immediate);
  else if (std::optional<Mem> memory = inMemory(right, 0, width / 8))
    a_.cmp(operand, *memory);
  else
    a_.cmp(operand, sized(read(right, 0, x86::r10), width));
  return conditionOf(predicate);
}

/// Flags of `left & right`.
void Integers::emitBitTest(const llvm::Instruction& test) {
  const llvm::Value *left = test.getOperand(0), *right = test.getOperand(1);
  if (llvm::isa<llvm::Constant>(left))
    std::swap(left, right);
  const unsigned width = bitsOf(test.getType());
  const unsigned bits = isOdd(width) ? operationBits(width) : width;
  Gp operand = sized(read(left, 0, x86::rax), bits);
  std::optional<std::int32_t> immediate = immediateOf(right);
  if (immediate && *immediate >= 0 && *immediate < 128 && bits > 8)
    a_.test(sized(operand, 8), *immediate);
  else if (immediate)
    a_.test(operand, *immediate);
  else
    a_.test(operand, sized(read(right, 0, x86::r10), bits));
}

void Integers::emitSelect(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const llvm::Value *yes = select.getTrueValue(), *no = select.getFalseValue();
  FlagTest test = families_.conditions.test(select.getCondition());
  if (test.isKnown())
    return wrote(number, 0, read(test.kind == FlagTest::Kind::Always ? yes : no));
  if (test.kind == FlagTest::Kind::Equal) {
    std::swap(yes, no);
    test.kind = FlagTest::Kind::NotEqual;
  }
  const bool plain = test.kind == FlagTest::Kind::Flag;
  Condition condition = plain ? test.condition : Condition::kNotEqual;
  Gp to = target(number);
  if (registerOf(yes) == to.id() && registerOf(no) != to.id()) {
    if (plain) {
      std::swap(yes, no);
      condition = x86::negateCond(condition);
    } else {
      to = x86::rax;
    }
  }
  // Moves keep the flags.
  readInto(to, no);
  const unsigned bits = operationBits(bitsOf(select.getType()));
  asmjit::Operand chosen;
  if (std::optional<Mem> memory = inMemory(yes, 0, bits / 8))
    chosen = *memory;
  else
    chosen = sized(read(yes, 0, x86::r10), bits);
  a_.emit(x86::Inst::cmovccFromCond(condition), sized(to, bits), chosen);
  if (!plain)
    a_.emit(x86::Inst::kIdCmovp, sized(to, bits), chosen); // unordered
  wrote(number, 0, to);
}

void Integers::emitCast(const llvm::CastInst& cast) {
  const llvm::Value* from = cast.getOperand(0);
  const llvm::Type* type = cast.getType();
  const std::uint32_t number = numberOf(cast);
  Gp to = target(number);
  switch (cast.getOpcode()) {
  case llvm::Instruction::SExt:
    signExtendInto(to, from);
    if (isOdd(bitsOf(type)))
      clean(to, bitsOf(type));
    break;
  case llvm::Instruction::Trunc:
  case llvm::Instruction::PtrToInt:
    readInto(to, from);
    if (isOdd(bitsOf(type)))
      clean(to, bitsOf(type));
    break;
  case llvm::Instruction::BitCast:
  case llvm::Instruction::AddrSpaceCast: readInto(to, from); break;
  default: zeroExtendInto(to, from); break;
  }
  wrote(number, 0, to);
}

} // namespace kiln::baseline
