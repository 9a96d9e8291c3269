// Parts: what of a value fits one register, and where it may lie.
//
// An integer of up to 64 bits and a pointer are one part in a general register, integers of up to 128 bits two, floats,
// doubles and vectors of up to 128 bits one part in an SSE register, x87 numbers one in memory; structs and arrays are
// the parts of their elements, in order.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DerivedTypes.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "flow/ValueNumbers.h"

namespace kiln::baseline {

using flow::kNone;

enum class Bank : std::uint8_t {
  Gpr,   ///< an integer up to 64 bits or a pointer
  Xmm,   ///< float, double, or a vector of up to 128 bits, packed as in memory
  Memory ///< an x87 number: always in a slot of 16 bytes
};

/// Bytes of an x87 number that mean something.
inline constexpr std::uint8_t kX87Bytes = 10;

struct Part {
  Bank bank = Bank::Gpr;
  std::uint8_t bytes = 8;  ///< of its slot: 8, or 16 for wide vectors and x87 numbers
  std::uint8_t words = 1;  ///< how many words of the value's leaves (abi/Leaves.h) it stands for: lanes for a vector
  std::uint8_t lane = 8;   ///< of a vector: bytes between lanes

  std::uint8_t bytesToMove() const { return bank == Bank::Memory ? kX87Bytes : bytes; }
};
using Parts = llvm::SmallVector<Part, 4>;

/// Bytes of a lane of a mask of so many lanes: as wide as 128 bits have room for.
inline unsigned maskLane(unsigned count) { return std::min(16u / std::bit_ceil(count), 8u); }

/// The parts of a type, behind those that are there; none for void. False if Kiln's baseline has no form for it.
bool partsOfType(llvm::Type* type, Parts& parts);
/// The same of a type that has one.
inline Parts partsOf(llvm::Type* type) {
  Parts parts;
  (void)partsOfType(type, parts);
  return parts;
}
/// How many; kNone for a type without a form.
std::uint32_t partCount(llvm::Type* type);
/// Index of the first part within the type that the indices lead to.
std::uint32_t partAt(llvm::Type* type, llvm::ArrayRef<unsigned> indices);

/// Calls `use(part, type, offset)` for every scalar and vector of a type in memory; `part` is the index of its first.
template <typename Use>
void forEachLeaf(llvm::Type* type, const llvm::DataLayout& layout, Use&& use, std::int64_t offset = 0,
                 unsigned first = 0) {
  if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
    const llvm::StructLayout* fields = layout.getStructLayout(record);
    for (unsigned i = 0; i < record->getNumElements(); ++i) {
      llvm::Type* element = record->getElementType(i);
      forEachLeaf(element, layout, use, offset + static_cast<std::int64_t>(fields->getElementOffset(i).getFixedValue()),
                  first);
      first += partCount(element);
    }
  } else if (type->isArrayTy()) {
    llvm::Type* element = type->getArrayElementType();
    const auto stride = static_cast<std::int64_t>(layout.getTypeAllocSize(element).getFixedValue());
    const std::uint32_t parts = partCount(element);
    for (std::uint64_t i = 0; i < type->getArrayNumElements(); ++i, first += parts)
      forEachLeaf(element, layout, use, offset + static_cast<std::int64_t>(i) * stride, first);
  } else {
    use(first, type, offset);
  }
}

/// Registers by number: 0 to 15 general ones in the order of their encoding, 16 to 31 SSE registers.
using Register = std::uint8_t;
inline constexpr Register kNoRegister = 0xff;
inline constexpr Register kFirstXmm = 16;
inline constexpr Register kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsi = 6, kRdi = 7, kR10 = 10;
/// Of the System V convention, in order.
inline constexpr Register kArgumentGprs[] = {kRdi, kRsi, kRdx, kRcx, 8, 9};
inline constexpr Register kCalleeSaved[] = {kRbx, 12, 13, 14, 15};

/// Where a part is, for its whole life. Offsets count from RBP.
struct Place {
  Register reg = kNoRegister;
  bool saved = false;        ///< caller-saved and alive across calls: saved to `offset` around each
  std::int32_t offset = 0;   ///< of its slot, if it has one; 0: none

  bool inRegister() const { return reg != kNoRegister; }
  bool inSlot() const { return reg == kNoRegister && offset != 0; }
  bool exists() const { return inRegister() || inSlot(); }
};

} // namespace kiln::baseline
