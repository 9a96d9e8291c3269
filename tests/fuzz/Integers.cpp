// Integers: operators, comparisons, conversions, intrinsics, and the shapes that code generators look for.
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>

#include "Families.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

Constant* splat(Type* type, const APInt& value) {
  return ConstantInt::get(type, value);
}

/// An amount below the width.
Value* shiftAmount(Body& body, Type* type) {
  unsigned width = type->getScalarSizeInBits();
  if (body.choices.flip())
    return splat(type, APInt(width, body.choices.below(width)));
  Value* amount = body.useVariable(type);
  if (isPowerOf2_32(width))
    return body.keep(body.b.CreateAnd(amount, splat(type, APInt(width, width - 1))));
  // The width has to fit in itself for a remainder; it does from three bits on.
  if (width < 3)
    return splat(type, APInt(width, 0));
  return body.keep(body.b.CreateURem(amount, splat(type, APInt(width, width))));
}

Value* shift(Body& body, Type* type) {
  auto& b = body.b;
  Value* value = body.use(type);
  Value* amount = shiftAmount(body, type);
  switch (body.choices.below(5)) {
  case 0:
    return b.CreateShl(value, amount);
  case 1:
    return b.CreateLShr(value, amount);
  case 2:
    return b.CreateAShr(value, amount);
  case 3: {
    // What is shifted up comes down without losing a bit.
    Value* up = body.keep(b.CreateShl(value, amount));
    return body.choices.flip() ? b.CreateLShr(up, amount, "", true) : b.CreateAShr(up, amount, "", true);
  }
  default: {
    unsigned width = type->getScalarSizeInBits();
    if (width < 4)
      return b.CreateShl(value, amount);
    unsigned by = 1 + body.choices.below(width / 2 - 1);
    Value* low = body.keep(b.CreateAnd(value, splat(type, APInt::getLowBitsSet(width, width - by - 1))));
    return b.CreateShl(low, splat(type, APInt(width, by)), "", true, true);
  }
  }
}

Value* unsignedDivisor(Body& body, Type* type) {
  unsigned width = type->getScalarSizeInBits();
  if (body.choices.flip()) {
    APInt value = body.plan.constantBits(width);
    return splat(type, value.isZero() ? APInt(width, 1) : value);
  }
  return body.keep(body.b.CreateOr(body.useVariable(type), splat(type, APInt(width, 1))));
}

/// Divisor, and a dividend that is not the least number when the divisor may be -1.
std::pair<Value*, Value*> signedOperands(Body& body, Type* type) {
  auto& b = body.b;
  unsigned width = type->getScalarSizeInBits();
  Value* dividend = body.use(type);
  if (body.choices.flip()) {
    APInt value = body.plan.constantBits(width);
    return {dividend, splat(type, value.isZero() || value.isAllOnes() ? APInt(width, 1) : value)};
  }
  if (body.choices.flip()) {
    Value* half = body.keep(b.CreateLShr(body.useVariable(type), splat(type, APInt(width, 1))));
    return {dividend, body.keep(b.CreateOr(half, splat(type, APInt(width, 1))))};
  }
  Value* isLeast = body.keep(b.CreateICmpEQ(dividend, splat(type, APInt::getSignedMinValue(width))));
  dividend = body.keep(b.CreateSelect(isLeast, splat(type, APInt(width, 1)), dividend));
  return {dividend, body.keep(b.CreateOr(body.useVariable(type), splat(type, APInt(width, 1))))};
}

Value* divide(Body& body, Type* type) {
  auto& b = body.b;
  unsigned width = type->getScalarSizeInBits();
  // In one and two bits 1 is not what it is elsewhere.
  if (width < 3)
    return b.CreateXor(body.use(type), body.use(type));
  switch (body.choices.below(5)) {
  case 0: {
    Value* dividend = body.use(type);
    return b.CreateUDiv(dividend, unsignedDivisor(body, type));
  }
  case 1: {
    Value* dividend = body.use(type);
    return b.CreateURem(dividend, unsignedDivisor(body, type));
  }
  case 2: {
    auto [dividend, divisor] = signedOperands(body, type);
    return b.CreateSDiv(dividend, divisor);
  }
  case 3: {
    auto [dividend, divisor] = signedOperands(body, type);
    return b.CreateSRem(dividend, divisor);
  }
  default: {
    // Exact: a power of two, and the bits below it cleared.
    unsigned by = body.choices.below(width - 2);
    Value* cleared = body.keep(b.CreateAnd(body.use(type), splat(type, APInt::getHighBitsSet(width, width - by))));
    Value* power = splat(type, APInt::getOneBitSet(width, by));
    return body.choices.flip() ? b.CreateUDiv(cleared, power, "", true) : b.CreateSDiv(cleared, power, "", true);
  }
  }
}

/// Operators whose promises hold: the operands have bits to spare.
Value* promised(Body& body, Type* type) {
  auto& b = body.b;
  unsigned width = type->getScalarSizeInBits();
  if (width < 8)
    return b.CreateAdd(body.use(type), body.use(type));
  Constant* half = splat(type, APInt::getLowBitsSet(width, width / 2 - 1));
  Value* left = body.keep(b.CreateAnd(body.useVariable(type), half));
  Value* right = body.keep(b.CreateAnd(body.use(type), half));
  switch (body.choices.below(4)) {
  case 0:
    return b.CreateAdd(left, right, "", true, true);
  case 1:
    return b.CreateSub(left, right, "", false, true);
  case 2:
    return b.CreateMul(left, right, "", true, true);
  default: {
    Value* high =
        body.keep(b.CreateAnd(body.useVariable(type), splat(type, ~APInt::getLowBitsSet(width, width / 2 - 1))));
    auto* joined = BinaryOperator::Create(Instruction::Or, left, high);
    cast<PossiblyDisjointInst>(joined)->setIsDisjoint(true);
    return b.Insert(joined);
  }
  }
}

Value* overflowing(Body& body, Type* type) {
  auto& b = body.b;
  Intrinsic::ID id = body.choices.pick<Intrinsic::ID>({Intrinsic::sadd_with_overflow, Intrinsic::uadd_with_overflow,
                                                       Intrinsic::ssub_with_overflow, Intrinsic::usub_with_overflow,
                                                       Intrinsic::smul_with_overflow, Intrinsic::umul_with_overflow});
  Value* left = body.use(type);
  Value* both = body.call(id, {type}, {left, body.use(type)});
  Value* flag = b.CreateExtractValue(both, 1);
  Value* result = b.CreateExtractValue(both, 0);
  if (type->isIntegerTy())
    body.push(flag);
  return body.choices.flip() ? b.CreateSelect(flag, body.use(type), result) : result;
}

/// Code as C compilers leave it, which code generators take for one instruction.
Value* idiom(Body& body, IntegerType* type) {
  auto& b = body.b;
  unsigned width = type->getBitWidth();
  Value* value = body.useVariable(type);
  Value* zero = splat(type, APInt(width, 0));
  switch (body.choices.below(8)) {
  case 0: { // rotation
    if (width < 4)
      break;
    unsigned by = 1 + body.choices.below(width - 1);
    return b.CreateOr(b.CreateShl(value, splat(type, APInt(width, by))),
                      b.CreateLShr(value, splat(type, APInt(width, width - by))));
  }
  case 1: { // smaller or greater
    Value* other = body.use(type);
    auto predicate = body.choices.pick({CmpInst::ICMP_SLT, CmpInst::ICMP_UGT, CmpInst::ICMP_SGE, CmpInst::ICMP_ULE});
    return b.CreateSelect(b.CreateICmp(predicate, value, other), value, other);
  }
  case 2:
    return b.CreateAnd(value, b.CreateSub(zero, value));
  case 3:
    return b.CreateAnd(value, b.CreateAdd(value, splat(type, APInt::getAllOnes(width))));
  case 4:
    return b.CreateSExt(b.CreateICmpSLT(value, zero), type);
  case 5:
    return b.CreateZExt(b.CreateICmpNE(body.use(type), value), type);
  case 6: { // a field
    unsigned from = body.choices.below(width);
    Value* moved = b.CreateLShr(value, splat(type, APInt(width, from)));
    return b.CreateAnd(moved, splat(type, APInt::getLowBitsSet(width, 1 + body.choices.below(width))));
  }
  default: { // address arithmetic
    if (width < 8)
      break;
    Value* scaled = b.CreateShl(body.use(type), splat(type, APInt(width, body.choices.below(4))));
    return b.CreateAdd(b.CreateAdd(value, scaled), splat(type, body.plan.constantBits(width)));
  }
  }
  return b.CreateSub(zero, value);
}

Value* conversion(Body& body, IntegerType* type) {
  auto& b = body.b;
  switch (body.choices.below(6)) {
  case 0: {
    Type* from = body.plan.floating();
    bool isSigned = body.choices.flip();
    Value* value = convertible(body, body.useVariable(from), type->getBitWidth(), isSigned);
    return isSigned ? b.CreateFPToSI(value, type) : b.CreateFPToUI(value, type);
  }
  case 1: {
    Type* from = body.plan.floating();
    Intrinsic::ID id = body.choices.flip() ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat;
    return body.call(id, {type, from}, {body.useVariable(from)});
  }
  case 2: {
    unsigned width = type->getBitWidth();
    if (width == 32 || width == 64)
      return body.floatBits(
          body.useVariable(width == 32 ? Type::getFloatTy(type->getContext()) : Type::getDoubleTy(type->getContext())));
    break;
  }
  default:
    break;
  }
  IntegerType* from = body.plan.someInteger();
  Value* value = body.useVariable(from);
  if (from->getBitWidth() > type->getBitWidth())
    return b.CreateTrunc(value, type);
  if (from == type)
    return b.CreateFreeze(value);
  return body.choices.flip() ? b.CreateSExt(value, type) : b.CreateZExt(value, type);
}

Value* bits(Body& body, Type* type) {
  unsigned width = type->getScalarSizeInBits();
  Value* value = body.useVariable(type);
  Value* no = body.number(1, 0);
  switch (body.choices.below(7)) {
  case 0:
    return body.call(Intrinsic::ctpop, {type}, {value});
  case 1:
    return body.call(Intrinsic::ctlz, {type}, {value, no});
  case 2:
    return body.call(Intrinsic::cttz, {type}, {value, no});
  case 3:
    return body.call(Intrinsic::bitreverse, {type}, {value});
  case 4:
    return body.call(Intrinsic::abs, {type}, {value, no});
  case 5: {
    // Zero is excluded, so the answer for zero may be left open.
    Value* some = body.keep(body.b.CreateOr(value, splat(type, APInt::getOneBitSet(width, body.choices.below(width)))));
    return body.call(body.choices.flip() ? Intrinsic::ctlz : Intrinsic::cttz, {type}, {some, body.number(1, 1)});
  }
  default:
    return width % 16 == 0 ? body.call(Intrinsic::bswap, {type}, {value})
                           : body.call(Intrinsic::ctpop, {type}, {value});
  }
}

} // namespace

Value* integerIntrinsic(Body& body, Type* type) {
  if (body.choices.flip())
    return bits(body, type);
  Value* left = body.useVariable(type);
  switch (body.choices.below(3)) {
  case 0: {
    auto id = body.choices.pick<Intrinsic::ID>({Intrinsic::smax, Intrinsic::smin, Intrinsic::umax, Intrinsic::umin,
                                                Intrinsic::uadd_sat, Intrinsic::sadd_sat, Intrinsic::usub_sat,
                                                Intrinsic::ssub_sat});
    return body.call(id, {type}, {left, body.use(type)});
  }
  case 1: {
    Value* right = body.use(type);
    Value* amount = body.use(type);
    return body.call(body.choices.flip() ? Intrinsic::fshl : Intrinsic::fshr, {type},
                     {left, body.choices.flip() ? left : right, amount});
  }
  default: {
    Value* amount = shiftAmount(body, type);
    return body.call(body.choices.flip() ? Intrinsic::ushl_sat : Intrinsic::sshl_sat, {type}, {left, amount});
  }
  }
}

Value* integerBinary(Body& body, Type* type) {
  auto& b = body.b;
  switch (body.choices.below(12)) {
  case 8:
    return shift(body, type);
  case 9:
    return shift(body, type);
  case 10:
    return divide(body, type);
  case 11:
    return promised(body, type);
  default:
    break;
  }
  auto op = body.choices.pick({Instruction::Add, Instruction::Sub, Instruction::Mul, Instruction::And, Instruction::Or,
                               Instruction::Xor, Instruction::Add, Instruction::Sub});
  Value* left = body.use(type);
  return b.CreateBinOp(op, left, body.use(type));
}

Value* compareOf(Body& body, Type* type) {
  auto& b = body.b;
  Value* left = body.useVariable(type);
  Value* right = body.use(type);
  if (type->isFPOrFPVectorTy()) {
    auto predicate = static_cast<CmpInst::Predicate>(body.choices.between(CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE));
    return b.CreateFCmp(predicate, left, right);
  }
  auto predicate = static_cast<CmpInst::Predicate>(body.choices.between(CmpInst::ICMP_EQ, CmpInst::ICMP_SLE));
  return b.CreateICmp(predicate, left, right);
}

Value* integerValue(Body& body, IntegerType* type) {
  auto& b = body.b;
  switch (body.choices.below(20)) {
  case 10:
  case 11:
    return integerIntrinsic(body, type);
  case 12:
    return type->getBitWidth() > 1 && type->getBitWidth() <= 64 ? overflowing(body, type) : integerBinary(body, type);
  case 13: {
    Value* condition = body.condition();
    Value* left = body.use(type);
    return b.CreateSelect(condition, left, body.use(type));
  }
  case 14:
  case 15:
    return conversion(body, type);
  case 16:
    return idiom(body, type);
  case 17: {
    Value* found =
        compareOf(body, body.choices.below(4) == 3 ? body.plan.floating() : cast<Type>(body.plan.someInteger()));
    return type->getBitWidth() == 1 ? found : b.CreateZExt(found, type);
  }
  case 18: {
    if (type->getBitWidth() == 1)
      return body.condition();
    auto* vector = body.choices.pick(body.plan.vectors);
    if (vector->getElementType() == type) {
      Value* at = body.keep(b.CreateAnd(body.useIndex(64), body.number(64, vector->getNumElements() - 1)));
      return b.CreateExtractElement(body.useVariable(vector), body.choices.flip() ? at : body.number(64, 0));
    }
    return conversion(body, type);
  }
  case 19:
    if (type->getBitWidth() == 64 && body.choices.oneIn(4)) {
      // As code that no compiler looks through.
      auto* barrier = InlineAsm::get(FunctionType::get(type, {type}, false), "", "=r,0", false);
      return b.CreateCall(barrier, {body.useVariable(type)});
    }
    return isPowerOf2_32(type->getBitWidth()) && type->getBitWidth() >= 8 ? loadRaw(body, type)
                                                                          : conversion(body, type);
  default:
    return integerBinary(body, type);
  }
}

} // namespace kiln::fuzz
