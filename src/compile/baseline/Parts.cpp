#include "compile/baseline/Parts.h"

#include "compile/baseline/Shapes.h"

namespace kiln::baseline {
namespace {

/// More parts than this, and a value is refused.
constexpr unsigned kMostParts = 32;

} // namespace

bool partsOfType(llvm::Type* type, Parts& parts) {
  if (isOneGpr(type)) {
    parts.push_back({});
    return true;
  }
  switch (type->getTypeID()) {
  case llvm::Type::VoidTyID: return true;
  case llvm::Type::FloatTyID:
  case llvm::Type::DoubleTyID: parts.push_back({Bank::Xmm}); return true;
  case llvm::Type::X86_FP80TyID: parts.push_back({Bank::Memory, 16, 2}); return true;
  case llvm::Type::IntegerTyID:
    if (type->getIntegerBitWidth() > 128)
      return false;
    parts.append(2, {});
    return true;
  case llvm::Type::FixedVectorTyID: {
    auto* vector = llvm::cast<llvm::FixedVectorType>(type);
    llvm::Type* lane = vector->getElementType();
    unsigned lanes = vector->getNumElements();
    unsigned bits = lane->isPointerTy() ? 64 : lane->getScalarSizeInBits();
    if (lane->isHalfTy() || lane->isBFloatTy() || (lane->isIntegerTy() && bits != 1 && !isExactWidth(bits)))
      return false;
    const bool isMask = bits == 1; // all bits of a lane are alike
    if (isMask && (lanes < 2 || lanes > 16))
      return false;
    if (isMask)
      bits = 8 * maskLane(lanes);
    if (bits * lanes > 128 || bits > 64)
      return false;
    parts.push_back({Bank::Xmm, static_cast<std::uint8_t>(isMask || bits * lanes > 64 ? 16 : 8),
                     static_cast<std::uint8_t>(lanes), static_cast<std::uint8_t>(bits / 8)});
    return true;
  }
  case llvm::Type::StructTyID:
    for (llvm::Type* element : llvm::cast<llvm::StructType>(type)->elements())
      if (!partsOfType(element, parts) || parts.size() > kMostParts)
        return false;
    return true;
  case llvm::Type::ArrayTyID:
    for (std::uint64_t i = 0; i < type->getArrayNumElements(); ++i)
      if (!partsOfType(type->getArrayElementType(), parts) || parts.size() > kMostParts)
        return false;
    return true;
  default: return false;
  }
}

std::uint32_t partCount(llvm::Type* type) {
  if (isOneGpr(type) || isOneXmm(type))
    return 1;
  Parts parts;
  return partsOfType(type, parts) ? static_cast<std::uint32_t>(parts.size()) : kNone;
}

std::uint32_t partAt(llvm::Type* type, llvm::ArrayRef<unsigned> indices) {
  return flow::elementAt(type, indices, partCount);
}

} // namespace kiln::baseline
