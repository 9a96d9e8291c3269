#include "support/Hash.h"

#include <llvm/Support/xxhash.h>

namespace kiln {

std::uint64_t hashBytes(std::string_view bytes) {
  return llvm::xxh3_64bits(llvm::StringRef(bytes));
}

Digest digestOf(std::string_view bytes) {
  llvm::StringRef text(bytes);
  auto digest = llvm::xxh3_128bits(llvm::ArrayRef(text.bytes_begin(), text.size()));
  return {digest.high64, digest.low64};
}

namespace {

constexpr std::string_view digits = "0123456789abcdef";

} // namespace

bool Digest::parse(std::string_view text, Digest& into) {
  Digest value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos)
      return false;
    std::uint64_t& half = i < 16 ? value.high : value.low;
    half = half << 4 | digit;
  }
  into = value;
  return text.size() == 32;
}

std::string Digest::text() const {
  std::string out;
  for (std::uint64_t half : {high, low})
    for (int shift = 60; shift >= 0; shift -= 4)
      out.push_back(digits[(half >> shift) & 15]);
  return out;
}

} // namespace kiln
