// Addresses taken apart: base + offset + index * scale.
#pragma once

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <optional>

namespace kiln::flow {

/// How an index becomes 64 bits: it is, or 32 bits are extended with their sign, or with zeros.
enum class IndexKind : std::uint8_t { I64, S32, U32 };

struct AddressParts {
  const llvm::Value* base = nullptr;
  std::int64_t offset = 0;
  const llvm::Value* index = nullptr; ///< of 64 bits, or of 32 as `kind` says
  IndexKind kind = IndexKind::I64;
  std::uint64_t scale = 0;
};

/// base + constants + at most one scaled index. Nothing if the address has more, or is a vector of pointers.
std::optional<AddressParts> splitAddress(const llvm::GetElementPtrInst& address, const llvm::DataLayout& layout);

} // namespace kiln::flow
