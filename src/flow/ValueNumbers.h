// From values to consecutive numbers, for the values of one function.
//
// Every operand is looked up some times while a function is decoded or compiled, so this is where the time would go. The table holds numbers
// only, the value is compared with the one that has the number: four bytes a slot, at least two slots a value, so that clearing
// it costs next to nothing and the first probe mostly hits. LLVM's DenseMap takes two to three times as long: it holds the keys,
// grows while it is filled, and its hash makes runs of the neighbouring addresses that instructions have.
#pragma once

#include <llvm/IR/Value.h>

#include <bit>
#include <cstdint>
#include <vector>

namespace kiln::flow {

/// In place of a number: none.
inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

class ValueNumbers {
public:
  void clear() { values_.clear(); }
  /// The next number, from 0 on. It is found after index().
  void add(const llvm::Value* value) { values_.push_back(value); }
  const llvm::Value* value(std::uint32_t number) const { return values_[number]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(values_.size()); }

  void index() {
    std::size_t slots = std::bit_ceil(values_.size() * 2 + 1);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots));
    slots_.assign(slots, kNone);
    for (std::uint32_t number = 0; number < values_.size(); ++number) {
      std::size_t at = home(values_[number]);
      while (slots_[at] != kNone)
        at = (at + 1) & (slots - 1);
      slots_[at] = number;
    }
  }

  /// kNone for what was not added.
  std::uint32_t find(const llvm::Value* value) const {
    for (std::size_t at = home(value);; at = (at + 1) & (slots_.size() - 1)) {
      std::uint32_t number = slots_[at];
      if (number == kNone || values_[number] == value)
        return number;
    }
  }

private:
  /// Fibonacci hashing: neighbours go far apart.
  std::size_t home(const llvm::Value* value) const {
    return (reinterpret_cast<std::uintptr_t>(value) >> 3) * 0x9e3779b97f4a7c15 >> shift_;
  }

  std::vector<const llvm::Value*> values_; ///< by number
  std::vector<std::uint32_t> slots_;       ///< a power of two, at most half of them used
  unsigned shift_ = 63;
};

} // namespace kiln::flow
