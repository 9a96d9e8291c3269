// Vectors of 64 and 128 bits, masks of i1, and structs as values.
#include <llvm/IR/Intrinsics.h>

#include "Families.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

/// Another vector of as many lanes, among those the module has.
FixedVectorType* alike(Body& body, FixedVectorType* type, bool floating) {
  auto& all = body.plan.vectors;
  unsigned start = body.choices.below(all.size());
  for (unsigned i = 0; i < all.size(); ++i) {
    FixedVectorType* other = all[(start + i) % all.size()];
    if (other != type && other->getNumElements() == type->getNumElements() &&
        other->getElementType()->isFloatingPointTy() == floating)
      return other;
  }
  return nullptr;
}

Value* shuffle(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  unsigned lanes = type->getNumElements();
  Value* left = body.useVariable(type);
  Value* right = body.use(type);
  std::vector<int> mask;
  unsigned how = body.choices.below(6);
  unsigned by = body.choices.below(2 * lanes);
  for (unsigned i = 0; i < lanes; ++i)
    switch (how) {
    case 0:
      mask.push_back(static_cast<int>(lanes - 1 - i));
      break;
    case 1:
      mask.push_back(static_cast<int>(by));
      break;
    case 2:
      mask.push_back(static_cast<int>(i / 2 + (i % 2) * lanes));
      break;
    case 3:
      mask.push_back(static_cast<int>((i + by) % (2 * lanes)));
      break;
    case 4:
      mask.push_back(static_cast<int>(i % 2 ? i : i + lanes));
      break;
    default:
      mask.push_back(static_cast<int>(body.choices.below(2 * lanes)));
    }
  return b.CreateShuffleVector(left, right, mask);
}

/// Lanes of half the number, side by side, or half of a longer one.
Value* resized(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  unsigned lanes = type->getNumElements();
  bool longer = type->getPrimitiveSizeInBits() == 64;
  auto* other = FixedVectorType::get(type->getElementType(), longer ? lanes * 2 : lanes / 2);
  if (!is_contained(body.plan.vectors, other))
    return shuffle(body, type);
  Value* from = body.useVariable(other);
  std::vector<int> mask;
  unsigned start = body.choices.below(lanes + 1);
  for (unsigned i = 0; i < lanes; ++i)
    mask.push_back(static_cast<int>(longer ? start + i : i));
  return b.CreateShuffleVector(from, body.use(other), mask);
}

Value* insert(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  unsigned lanes = type->getNumElements();
  Value* into = body.use(type);
  for (unsigned i = 0, count = 1 + body.choices.below(lanes); i < count; ++i) {
    Value* at = body.number(64, body.choices.below(lanes));
    if (body.choices.below(4) == 3)
      at = body.keep(b.CreateAnd(body.useIndex(64), body.number(64, lanes - 1)));
    into = b.CreateInsertElement(into, body.use(type->getElementType()), at);
  }
  return into;
}

Value* select(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  Value* condition = nullptr;
  if (body.choices.flip())
    condition = body.condition();
  else if (auto* other = body.choices.flip() ? alike(body, type, false) : nullptr)
    condition = compareOf(body, other);
  else
    condition = compareOf(body, type);
  Value* left = body.use(type);
  return b.CreateSelect(condition, left, body.use(type));
}

Value* conversion(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  Type* lane = type->getElementType();
  bool toFloat = lane->isFloatingPointTy();
  FixedVectorType* from = alike(body, type, body.choices.flip());
  if (!from)
    return shuffle(body, type);
  Value* value = body.useVariable(from);
  bool fromFloat = from->getElementType()->isFloatingPointTy();
  if (fromFloat && toFloat)
    return b.CreateFPCast(value, type);
  bool isSigned = body.choices.flip();
  if (toFloat)
    return isSigned ? b.CreateSIToFP(value, type) : b.CreateUIToFP(value, type);
  if (fromFloat) {
    value = convertible(body, value, lane->getIntegerBitWidth(), isSigned);
    return isSigned ? b.CreateFPToSI(value, type) : b.CreateFPToUI(value, type);
  }
  return isSigned ? b.CreateSExtOrTrunc(value, type) : b.CreateZExtOrTrunc(value, type);
}

Value* sameBits(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  auto& all = body.plan.vectors;
  unsigned size = type->getPrimitiveSizeInBits();
  unsigned start = body.choices.below(all.size());
  Type* from = body.plan.integer(size);
  if (body.choices.below(3) != 2)
    for (unsigned i = 0; i < all.size(); ++i)
      if (FixedVectorType* other = all[(start + i) % all.size()];
          other != type && other->getPrimitiveSizeInBits() == size) {
        from = other;
        break;
      }
  Value* value = body.useVariable(from);
  if (from->isFPOrFPVectorTy())
    value = body.floatBits(value);
  Type* bits = type->getElementType()->isFloatingPointTy()
                   ? FixedVectorType::get(body.plan.integer(type->getScalarSizeInBits()), type->getNumElements())
                   : type;
  value = b.CreateBitCast(value, bits);
  return bits == type ? value : body.floatOfBits(value, type);
}

/// One number out of all lanes, pushed by itself.
void reduce(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  Value* value = body.useVariable(type);
  Type* lane = type->getElementType();
  if (lane->isFloatingPointTy()) {
    auto id = body.choices.flip() ? Intrinsic::vector_reduce_fadd : Intrinsic::vector_reduce_fmul;
    body.push(body.call(id, {type}, {body.use(lane), value}));
    return;
  }
  if (body.choices.flip()) {
    // A mask as a number.
    Value* mask = compareOf(body, type);
    body.push(
        b.CreateZExtOrTrunc(b.CreateBitCast(mask, body.plan.integer(type->getNumElements())), body.plan.integer(32)));
    return;
  }
  auto id = body.choices.pick<Intrinsic::ID>({Intrinsic::vector_reduce_add, Intrinsic::vector_reduce_mul,
                                              Intrinsic::vector_reduce_xor, Intrinsic::vector_reduce_or,
                                              Intrinsic::vector_reduce_and, Intrinsic::vector_reduce_smax,
                                              Intrinsic::vector_reduce_umin});
  body.push(body.call(id, {type}, {value}));
}

Value* fromMask(Body& body, FixedVectorType* type) {
  auto& b = body.b;
  Value* mask = compareOf(body, type);
  if (auto* other = alike(body, type, false); other && body.choices.flip())
    mask = b.CreateXor(mask, compareOf(body, other));
  return body.choices.flip() ? b.CreateSExt(mask, type) : b.CreateZExt(mask, type);
}

} // namespace

Value* vectorValue(Body& body, FixedVectorType* type) {
  bool floating = type->getElementType()->isFloatingPointTy();
  switch (body.choices.below(16)) {
  case 6:
    return shuffle(body, type);
  case 7:
    return body.choices.flip() ? resized(body, type) : shuffle(body, type);
  case 8:
    return insert(body, type);
  case 9:
    return select(body, type);
  case 10:
    return conversion(body, type);
  case 11:
    return sameBits(body, type);
  case 12:
    reduce(body, type);
    break;
  case 13:
    return floating ? floatArithmetic(body, type) : integerIntrinsic(body, type);
  case 14:
    return floating ? floatArithmetic(body, type) : fromMask(body, type);
  case 15:
    return loadRaw(body, type);
  default:
    break;
  }
  return floating ? floatArithmetic(body, type) : integerBinary(body, type);
}

Value* structValue(Body& body, StructType* type) {
  auto& b = body.b;
  Value* value = body.choices.flip() && body.has(type) ? body.useVariable(type) : body.constant(type);
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    Type* field = type->getElementType(i);
    // Arrays and structs in it stay as they are, but for one part.
    if (auto* array = dyn_cast<ArrayType>(field); array && array->getElementType()->isSingleValueType())
      value = b.CreateInsertValue(value, body.use(array->getElementType()),
                                  {i, body.choices.below(array->getNumElements())});
    else if (field->isSingleValueType())
      value = b.CreateInsertValue(value, body.use(field), i);
  }
  if (type->getElementType(0)->isSingleValueType())
    body.push(b.CreateExtractValue(value, 0));
  return value;
}

} // namespace kiln::fuzz
