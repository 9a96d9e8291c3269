#include "transition/StateAccess.h"

#include <llvm/IR/Constants.h>

namespace kiln {

llvm::Value* StateReader::read(llvm::Type* type, std::uint32_t word) {
  first_ = word;
  next_ = 0;
  leaves_.clear();
  leavesOf(type, layout_, leaves_); // liveInto() has checked that it can
  return build(type);
}

llvm::Value* StateReader::build(llvm::Type* type) {
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    llvm::Value* value = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      value = builder_.CreateInsertElement(value, build(vector->getElementType()), i);
    return value;
  }
  if (type->isAggregateType()) {
    llvm::Value* value = llvm::PoisonValue::get(type);
    auto count = type->isStructTy() ? type->getStructNumElements() : type->getArrayNumElements();
    for (unsigned i = 0; i < count; ++i) {
      auto* element = type->isStructTy() ? type->getStructElementType(i) : type->getArrayElementType();
      value = builder_.CreateInsertValue(value, build(element), i);
    }
    return value;
  }
  return scalar(type, leaves_[next_++]);
}

llvm::Value* StateReader::scalar(llvm::Type* type, const Leaf& leaf) {
  llvm::Value* at = builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), state_, first_ + leaf.word);
  if (!type->isIntegerTy())
    return builder_.CreateAlignedLoad(type, at, llvm::Align(8));
  // Bits above the width may hold anything.
  llvm::Type* words = builder_.getIntNTy(64 * leaf.words);
  return builder_.CreateTrunc(builder_.CreateAlignedLoad(words, at, llvm::Align(8)), type);
}

void StateWriter::write(llvm::Value* value, std::uint32_t word) {
  first_ = word;
  next_ = 0;
  leaves_.clear();
  leavesOf(value->getType(), layout_, leaves_);
  takeApart(value);
}

void StateWriter::takeApart(llvm::Value* value) {
  llvm::Type* type = value->getType();
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      takeApart(builder_.CreateExtractElement(value, i));
  } else if (type->isAggregateType()) {
    auto count = type->isStructTy() ? type->getStructNumElements() : type->getArrayNumElements();
    for (unsigned i = 0; i < count; ++i)
      takeApart(builder_.CreateExtractValue(value, i));
  } else {
    scalar(value, leaves_[next_++]);
  }
}

void StateWriter::scalar(llvm::Value* value, const Leaf& leaf) {
  llvm::Value* at = builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), state_, first_ + leaf.word);
  if (value->getType()->isIntegerTy())
    value = builder_.CreateZExt(value, builder_.getIntNTy(64 * leaf.words));
  builder_.CreateAlignedStore(value, at, llvm::Align(8));
}

} // namespace kiln
