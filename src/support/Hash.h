// The one hash of contents that are kept or compared between processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kiln {

/// XXH3, 64 bits: fast, well mixed, and the same on every machine. Not a defence against forgery.
std::uint64_t hashBytes(std::string_view bytes);

/// XXH3 with 128 bits: wide enough that two contents that differ by accident never share one.
struct Digest {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Digest&) const = default;
  /// 32 hexadecimal digits.
  std::string text() const;
  /// Of such a text; false if it is none.
  static bool parse(std::string_view text, Digest& into);
};
Digest digestOf(std::string_view bytes);

} // namespace kiln
