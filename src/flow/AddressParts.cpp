#include "flow/AddressParts.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>

namespace kiln::flow {
namespace {

/// The distance of two elements. Mostly the type is a plain one, which the layout would have to look up.
std::uint64_t strideOf(const llvm::gep_type_iterator& at, const llvm::DataLayout& layout) {
  const llvm::Type* type = at.getIndexedType();
  if (type->isIntegerTy(8) || type->isIntegerTy(16) || type->isIntegerTy(32) || type->isIntegerTy(64))
    return type->getIntegerBitWidth() / 8;
  return at.getSequentialElementStride(layout).getFixedValue();
}

} // namespace

std::optional<AddressParts> splitAddress(const llvm::GetElementPtrInst& address, const llvm::DataLayout& layout) {
  if (address.getType()->isVectorTy())
    return std::nullopt;
  AddressParts parts;
  parts.base = address.getPointerOperand();
  for (auto at = llvm::gep_type_begin(address), end = llvm::gep_type_end(address); at != end; ++at) {
    const llvm::Value* index = at.getOperand();
    if (llvm::StructType* record = at.getStructTypeOrNull()) {
      unsigned field = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(index)->getZExtValue());
      parts.offset += static_cast<std::int64_t>(layout.getStructLayout(record)->getElementOffset(field).getFixedValue());
      continue;
    }
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(index);
    if (constant && constant->isZero())
      continue;
    std::uint64_t stride = strideOf(at, layout);
    if (constant) {
      parts.offset += constant->getValue().sextOrTrunc(64).getSExtValue() * static_cast<std::int64_t>(stride);
      continue;
    }
    if (stride == 0)
      continue;
    if (parts.index || (!index->getType()->isIntegerTy(64) && !index->getType()->isIntegerTy(32)) ||
        llvm::isa<llvm::Constant>(index))
      return std::nullopt;
    parts.index = index;
    parts.kind = index->getType()->isIntegerTy(32) ? IndexKind::S32 : IndexKind::I64;
    parts.scale = stride;
  }
  return parts;
}

} // namespace kiln::flow
