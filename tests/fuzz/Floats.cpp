// Floats, and vectors of them. NaNs are quiet wherever they come from, so no result depends on how one is made; what
// may depend on the sign of a NaN or of a zero is made alike first.
#include <llvm/IR/Intrinsics.h>

#include "Families.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

/// A NaN of known sign: arithmetic leaves the sign open.
Value* signOf(Body& body, Type* type) {
  Value* value = body.useVariable(type);
  return body.keep(body.b.CreateBitCast(body.floatBits(value), type));
}

Value* extremes(Body& body, Type* type) {
  auto& b = body.b;
  Value* left = body.use(type);
  if (body.choices.below(3) == 2)
    return body.call(body.choices.flip() ? Intrinsic::minimum : Intrinsic::maximum, {type}, {left, body.use(type)});
  Intrinsic::ID id = body.choices.flip() ? Intrinsic::minnum : Intrinsic::maxnum;
  Value* found = body.keep(body.call(id, {type}, {left, body.use(type)}));
  // Which zero comes out of zeros of both signs is open; the sum with 0 is the positive one.
  return body.keep(b.CreateFAdd(found, ConstantFP::get(type, 0.0)));
}

Value* unary(Body& body, Type* type) {
  Value* value = body.useVariable(type);
  switch (body.choices.below(9)) {
  case 0:
    return body.call(Intrinsic::sqrt, {type}, {value});
  case 1:
    return body.call(Intrinsic::fabs, {type}, {value});
  case 2:
    return body.call(Intrinsic::floor, {type}, {value});
  case 3:
    return body.call(Intrinsic::ceil, {type}, {value});
  case 4:
    return body.call(Intrinsic::trunc, {type}, {value});
  case 5:
    return body.call(Intrinsic::rint, {type}, {value});
  case 6:
    return body.call(Intrinsic::nearbyint, {type}, {value});
  case 7:
    return body.call(Intrinsic::round, {type}, {value});
  default:
    return body.b.CreateFNeg(value);
  }
}

Value* scalarConversion(Body& body, Type* type) {
  auto& b = body.b;
  switch (body.choices.below(4)) {
  case 0: {
    Type* other = type->isFloatTy() ? Type::getDoubleTy(type->getContext()) : Type::getFloatTy(type->getContext());
    return b.CreateFPCast(body.useVariable(other), type);
  }
  case 1:
    return body.floatOfBits(body.useVariable(body.plan.integer(type->getPrimitiveSizeInBits())), type);
  case 2:
    return b.CreateSIToFP(body.useVariable(body.plan.someInteger()), type);
  default:
    return b.CreateUIToFP(body.useVariable(body.plan.someInteger()), type);
  }
}

} // namespace

Value* convertible(Body& body, Value* value, unsigned bits, bool isSigned) {
  auto& b = body.b;
  Type* type = value->getType();
  const fltSemantics& format = type->getScalarType()->getFltSemantics();
  auto power = [&](unsigned exponent, bool negative) {
    APFloat one(format, negative ? "-1" : "1");
    return ConstantFP::get(type, scalbn(one, static_cast<int>(exponent), APFloat::rmTowardZero));
  };
  Value* below = body.keep(b.CreateFCmpOLT(value, power(bits - isSigned, false)));
  Value* above = body.keep(isSigned ? b.CreateFCmpOGE(value, power(bits - 1, true))
                                    : b.CreateFCmpOGT(value, ConstantFP::get(type, -1.0)));
  Value* inside = body.keep(b.CreateAnd(below, above));
  return body.keep(b.CreateSelect(inside, value, ConstantFP::get(type, 0.0)));
}

Value* floatArithmetic(Body& body, Type* type) {
  auto& b = body.b;
  switch (body.choices.below(14)) {
  case 8:
    return unary(body, type);
  case 9:
    return unary(body, type);
  case 10:
    return extremes(body, type);
  case 11: {
    Value* size = body.useVariable(type);
    return body.call(Intrinsic::copysign, {type}, {size, signOf(body, type)});
  }
  case 12: {
    Value* left = body.use(type);
    Value* right = body.use(type);
    return body.call(Intrinsic::fma, {type}, {left, right, body.use(type)});
  }
  case 13: {
    Value* product = b.CreateFMul(body.useVariable(type), body.use(type));
    return body.choices.flip() ? b.CreateFAdd(product, body.use(type)) : b.CreateFSub(body.use(type), product);
  }
  default:
    break;
  }
  auto op = body.choices.pick({Instruction::FAdd, Instruction::FSub, Instruction::FMul, Instruction::FDiv});
  Value* left = body.use(type);
  return b.CreateBinOp(op, left, body.use(type));
}

Value* floatValue(Body& body, Type* type) {
  auto& b = body.b;
  switch (body.choices.below(12)) {
  case 7:
    return scalarConversion(body, type);
  case 8:
    return scalarConversion(body, type);
  case 9: {
    Value* condition = body.condition();
    Value* left = body.use(type);
    return b.CreateSelect(condition, left, body.use(type));
  }
  case 10:
    return loadRaw(body, type);
  case 11: {
    if (body.choices.oneIn(6))
      return body.call(Intrinsic::ldexp, {type, body.plan.integer(32)},
                       {body.useVariable(type), body.use(body.plan.integer(32))});
    if (body.choices.oneIn(6))
      return b.CreateFRem(body.useVariable(type), body.use(type));
    auto* vector = FixedVectorType::get(type, 128 / type->getPrimitiveSizeInBits());
    Value* at = body.keep(b.CreateAnd(body.useIndex(32), body.number(32, vector->getNumElements() - 1)));
    return b.CreateExtractElement(body.useVariable(vector), body.choices.flip() ? at : body.number(32, 1));
  }
  default:
    return floatArithmetic(body, type);
  }
}

} // namespace kiln::fuzz
