// How values that are no machine word are taken apart: into leaves, each in 8-byte words of its own.
//
// The interpreter's frames, the images of arguments and results, and the states that move between tiers all hold values
// in this form: the leaves of a type one after the other, each beginning at a word. A struct or array is the leaves of
// its elements, a vector those of its lanes; so taking an element out of a value is naming some of its words.
//
//   integers up to 64 bits     one word; the bits above the width are undefined, but for widths other than 8, 16, 32
//                              and 64 (and so for i1) they are zero
//   wider integers             one word per 64 bits, lowest first; the bits above the width are zero
//   half, bfloat, float        one word; the bits above the width are undefined
//   double, pointers           one word
//   x86_fp80, fp128            two words; of x86_fp80 the lower 10 bytes count
//
// Constant, thread-safe.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Type.h>

#include <cstdint>

namespace llvm {
class DataLayout;
} // namespace llvm

namespace kiln {

enum class LeafKind : std::uint8_t { Integer, Half, BFloat, Float, Double, X86Fp80, Fp128, Pointer };

struct Leaf {
  LeafKind kind = LeafKind::Integer;
  std::uint32_t bits = 0;   ///< width of an integer; otherwise of the format
  std::uint32_t word = 0;   ///< index of its first word within the value
  std::uint32_t words = 1;
  std::uint64_t offset = 0; ///< of the leaf in the type's memory form, in bytes
  std::uint32_t bytes = 0;  ///< that a load or store of the leaf moves
};

using Leaves = llvm::SmallVector<Leaf, 4>;

/// More words than this has no value that Kiln takes apart.
inline constexpr std::uint32_t kMaxValueWords = 4096;

/// The leaves of a first-class type. False if the type has no such form (scalable vectors, tokens, metadata, target
/// types) or more than kMaxValueWords words. Lanes of vectors that are not whole bytes (<8 x i1>) lie bit by bit in
/// memory: their leaves' `offset` is the lane's number and `bytes` is 0.
bool leavesOf(llvm::Type* type, const llvm::DataLayout& layout, Leaves& leaves);

/// A pointer, a float or double, or an integer of up to 64 bits: most values, and one word each.
inline bool isOneWord(const llvm::Type* type) {
  return type->isPointerTy() || type->isDoubleTy() || type->isFloatTy() ||
         (type->isIntegerTy() && type->getIntegerBitWidth() <= 64);
}
std::uint32_t wordsOfLeaves(llvm::Type* type);
/// Words of the type's leaves, 0 if it has none.
inline std::uint32_t wordsOf(llvm::Type* type) {
  return isOneWord(type) ? 1 : wordsOfLeaves(type);
}

} // namespace kiln
