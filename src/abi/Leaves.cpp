#include "abi/Leaves.h"

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DerivedTypes.h>

namespace kiln {
namespace {

/// Takes a type apart. Without a layout only words are counted.
class Splitter {
public:
  Splitter(const llvm::DataLayout* layout, Leaves* leaves) : layout_(layout), leaves_(leaves) {}
  bool split(llvm::Type* type, std::uint64_t offset);
  std::uint32_t words() const { return word_; }

private:
  bool leaf(LeafKind kind, std::uint32_t bits, std::uint32_t words, std::uint64_t offset, std::uint32_t bytes);
  bool vector(llvm::FixedVectorType* type, std::uint64_t offset);
  bool repeat(llvm::Type* element, std::uint64_t count, std::uint64_t offset);

  const llvm::DataLayout* layout_;
  Leaves* leaves_;
  std::uint32_t word_ = 0;
};

bool Splitter::leaf(LeafKind kind, std::uint32_t bits, std::uint32_t words, std::uint64_t offset, std::uint32_t bytes) {
  if (word_ + words > kMaxValueWords)
    return false;
  if (leaves_)
    leaves_->push_back({kind, bits, word_, words, offset, bytes});
  word_ += words;
  return true;
}

bool Splitter::repeat(llvm::Type* element, std::uint64_t count, std::uint64_t offset) {
  if (count > kMaxValueWords)
    return false;
  std::uint64_t stride = layout_ ? layout_->getTypeAllocSize(element).getFixedValue() : 0;
  for (std::uint64_t i = 0; i < count; ++i)
    if (!split(element, offset + i * stride))
      return false;
  return true;
}

bool Splitter::vector(llvm::FixedVectorType* type, std::uint64_t offset) {
  llvm::Type* lane = type->getElementType();
  unsigned bits = lane->isPointerTy() ? 64 : lane->getScalarSizeInBits();
  bool inBytes = bits % 8 == 0;
  std::size_t first = leaves_ ? leaves_->size() : 0;
  for (unsigned i = 0; i < type->getNumElements(); ++i)
    if (!split(lane, offset + (inBytes ? std::uint64_t{i} * (bits / 8) : 0)))
      return false;
  if (!inBytes && leaves_)
    for (std::size_t i = first; i < leaves_->size(); ++i) {
      (*leaves_)[i].offset = i - first;
      (*leaves_)[i].bytes = 0;
    }
  return true;
}

bool Splitter::split(llvm::Type* type, std::uint64_t offset) {
  switch (type->getTypeID()) {
  case llvm::Type::IntegerTyID: {
    std::uint32_t bits = type->getIntegerBitWidth();
    return leaf(LeafKind::Integer, bits, (bits + 63) / 64, offset, (bits + 7) / 8);
  }
  case llvm::Type::HalfTyID: return leaf(LeafKind::Half, 16, 1, offset, 2);
  case llvm::Type::BFloatTyID: return leaf(LeafKind::BFloat, 16, 1, offset, 2);
  case llvm::Type::FloatTyID: return leaf(LeafKind::Float, 32, 1, offset, 4);
  case llvm::Type::DoubleTyID: return leaf(LeafKind::Double, 64, 1, offset, 8);
  case llvm::Type::X86_FP80TyID: return leaf(LeafKind::X86Fp80, 80, 2, offset, 10);
  case llvm::Type::FP128TyID: return leaf(LeafKind::Fp128, 128, 2, offset, 16);
  case llvm::Type::PointerTyID: return leaf(LeafKind::Pointer, 64, 1, offset, 8);
  case llvm::Type::FixedVectorTyID: return vector(llvm::cast<llvm::FixedVectorType>(type), offset);
  case llvm::Type::ArrayTyID:
    return repeat(type->getArrayElementType(), type->getArrayNumElements(), offset);
  case llvm::Type::StructTyID: {
    auto* record = llvm::cast<llvm::StructType>(type);
    if (record->isOpaque())
      return false;
    const llvm::StructLayout* at = layout_ ? layout_->getStructLayout(record) : nullptr;
    for (unsigned i = 0; i < record->getNumElements(); ++i)
      if (!split(record->getElementType(i), offset + (at ? at->getElementOffset(i).getFixedValue() : 0)))
        return false;
    return true;
  }
  default: return false;
  }
}

} // namespace

bool leavesOf(llvm::Type* type, const llvm::DataLayout& layout, Leaves& leaves) {
  return Splitter(&layout, &leaves).split(type, 0);
}

std::uint32_t wordsOfLeaves(llvm::Type* type) {
  Splitter splitter(nullptr, nullptr);
  return splitter.split(type, 0) ? splitter.words() : 0;
}

} // namespace kiln
