// Questions about single instructions that whoever makes code of them answers alike.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "flow/AddressParts.h"

namespace kiln::flow {

/// 8, 16, 32 or 64 bits, or a pointer: what machines and handlers have a width for.
inline bool isExactWidth(unsigned bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }
inline bool isExactWidth(const llvm::Type* type) {
  return type->isPointerTy() || (type->isIntegerTy() && isExactWidth(type->getIntegerBitWidth()));
}

/// The instruction that alone uses the value, and once; null if there is no such.
inline const llvm::Instruction* soleUser(const llvm::Instruction& instruction) {
  return instruction.hasOneUse() ? llvm::cast<llvm::Instruction>(*instruction.user_begin()) : nullptr;
}

/// Neither volatile nor atomic.
inline bool isPlainAccess(const llvm::Instruction& access) { return !access.isVolatile() && !access.isAtomic(); }

/// Whether something may be written between two instructions of a block. Far apart it may.
bool writesBetween(const llvm::Instruction& from, const llvm::Instruction& to);

/// The value whose other name an intrinsic's result is, or null.
const llvm::Value* sameValue(const llvm::IntrinsicInst& intrinsic);

/// Where the element that the indices lead to begins within a struct or array, counted in what `countOf(type)` counts.
template <typename CountOf>
std::uint32_t elementAt(llvm::Type* type, llvm::ArrayRef<unsigned> indices, CountOf&& countOf) {
  std::uint32_t at = 0;
  for (unsigned index : indices) {
    if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
      for (unsigned i = 0; i < index; ++i)
        at += countOf(record->getElementType(i));
      type = record->getElementType(index);
    } else {
      type = type->getArrayElementType();
      at += index * countOf(type);
    }
  }
  return at;
}

/// Whether the address serves a few accesses alone, each of which can compute it for itself: what `accesses` says of
/// its users, and with an index all of them in its block.
template <typename Accesses>
bool isFoldable(const llvm::GetElementPtrInst& address, const AddressParts& parts, Accesses&& accesses) {
  constexpr unsigned kMostUsers = 16;
  unsigned users = 0;
  for (const llvm::User* user : address.users()) {
    const auto* instruction = llvm::cast<llvm::Instruction>(user);
    if (!accesses(*instruction, &address) || ++users > kMostUsers)
      return false;
    if (parts.index && instruction->getParent() != address.getParent())
      return false;
  }
  return users > 0;
}

} // namespace kiln::flow
