#include "code/AddressRange.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace kiln {

Result<AddressRange> AddressRange::reserve(std::size_t bytes) {
  bytes = alignUp(bytes, kPageSize);
  // Reserve enough to cut an aligned piece out, then give the ends back.
  std::size_t total = bytes + kAlignment;
  void* raw = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED)
    return fail(ErrorCode::SystemError,
                "cannot reserve " + std::to_string(total >> 20) + " MiB of addresses: " + strerror(errno));
  auto start = reinterpret_cast<std::uintptr_t>(raw);
  std::uintptr_t aligned = alignUp(start, kAlignment);
  if (aligned > start)
    munmap(raw, aligned - start);
  std::uintptr_t end = aligned + bytes;
  if (start + total > end)
    munmap(reinterpret_cast<void*>(end), start + total - end);
  AddressRange range(reinterpret_cast<std::byte*>(aligned), bytes);
  if (auto header = range.takeWritable(kPageSize); !header)
    return std::unexpected(header.error());
  return range;
}

AddressRange::AddressRange(AddressRange&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_), taken_(other.taken_) {}

AddressRange::~AddressRange() {
  if (base_)
    munmap(base_, bytes_);
}

Result<std::span<std::byte>> AddressRange::take(std::size_t bytes) {
  bytes = alignUp(bytes, kPageSize);
  if (bytes > bytes_ - taken_)
    return fail(ErrorCode::CodeSpaceFull,
                "the program does not fit its address range of " + std::to_string(bytes_ >> 20) + " MiB");
  std::span<std::byte> piece(base_ + taken_, bytes);
  taken_ += bytes;
  return piece;
}

Result<std::span<std::byte>> AddressRange::takeWritable(std::size_t bytes) {
  auto piece = take(bytes);
  if (piece && !piece->empty() && mprotect(piece->data(), piece->size(), PROT_READ | PROT_WRITE) != 0)
    return fail(ErrorCode::SystemError, std::string("cannot map program data: ") + strerror(errno));
  return piece;
}

} // namespace kiln
