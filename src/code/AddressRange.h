// One reserved range of addresses per program.
//
// Everything that generated code refers to (slots, stubs, counters, the program's globals, all code) lies in
// this range, so that it can be addressed relative to the program counter: no two bytes are 2 GiB apart. The range
// starts at a multiple of 4 GiB, so that any address in it leads to its first bytes by masking; they hold one
// pointer that the owner sets (`setOwner`).
//
// Life-cycle: reserve() maps nothing but addresses; take() hands out ascending, page-aligned pieces once, during
// set-up; the destructor unmaps all. Not thread-safe: only the loading thread takes pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kiln/Error.h"

namespace kiln {

inline constexpr std::size_t kPageSize = 4096;

constexpr std::size_t alignUp(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

class AddressRange {
public:
  static constexpr std::size_t kAlignment = std::size_t{1} << 32;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 31;

  /// Reserves `bytes` (at most kMaxBytes) of addresses. Fails with SystemError.
  static Result<AddressRange> reserve(std::size_t bytes);

  AddressRange(AddressRange&& other) noexcept;
  AddressRange& operator=(AddressRange&&) = delete;
  AddressRange(const AddressRange&) = delete;
  ~AddressRange();

  /// The next `bytes`, page-aligned and not accessible. Fails with CodeSpaceFull.
  Result<std::span<std::byte>> take(std::size_t bytes);
  /// As take(), readable and writable, zeroed.
  Result<std::span<std::byte>> takeWritable(std::size_t bytes);

  std::byte* base() const { return base_; }
  std::size_t bytes() const { return bytes_; }
  bool contains(const void* address) const {
    auto* at = static_cast<const std::byte*>(address);
    return at >= base_ && at < base_ + bytes_;
  }

  /// Stores `owner` where ownerOf() finds it from any address of the range.
  void setOwner(void* owner) { *reinterpret_cast<void**>(base_) = owner; }
  static void* ownerOf(const void* address) {
    return *reinterpret_cast<void**>(reinterpret_cast<std::uintptr_t>(address) & ~(kAlignment - 1));
  }

private:
  AddressRange(std::byte* base, std::size_t bytes) : base_(base), bytes_(bytes) {}

  std::byte* base_;
  std::size_t bytes_;
  std::size_t taken_ = 0;
};

} // namespace kiln
