// Bytes of unwind tables in the making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace kiln {

/// Encodings of pointers in unwind tables (DW_EH_PE_*): the low half says the format, the high half what it is relative to.
inline constexpr std::uint8_t kAbsolutePointer = 0x00;
inline constexpr std::uint8_t kUleb128 = 0x01;
/// A distance of 32 bits, as in compilers' tables: libgcc sorts tables of one encoding with less work than mixed ones.
inline constexpr std::uint8_t kRelative4 = 0x1b;
inline constexpr std::uint8_t kOmitted = 0xff;

class DwarfBytes {
public:
  std::size_t size() const { return data_.size(); }
  std::vector<std::byte> take() { return std::move(data_); }

  void byte(unsigned value) { data_.push_back(static_cast<std::byte>(value)); }
  template <typename Range> void append(const Range& values) {
    for (auto value : values)
      byte(static_cast<std::uint8_t>(value));
  }
  template <typename T> void fixed(T value) {
    std::size_t at = size();
    data_.resize(at + sizeof value);
    memcpy(data_.data() + at, &value, sizeof value);
  }
  void uleb(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      byte(static_cast<std::uint8_t>(value) | 0x80);
    byte(static_cast<std::uint8_t>(value));
  }
  void sleb(std::int64_t value) {
    for (; value < -0x40 || value >= 0x40; value >>= 7)
      byte(static_cast<std::uint8_t>(value) | 0x80);
    byte(static_cast<std::uint8_t>(value & 0x7f));
  }
  void text(std::string_view value) {
    append(value);
    byte(0);
  }
  void overwrite(std::size_t at, std::uint32_t value) { memcpy(data_.data() + at, &value, sizeof value); }
  std::string_view from(std::size_t at) const {
    return {reinterpret_cast<const char*>(data_.data()) + at, size() - at};
  }
  void truncate(std::size_t size) { data_.resize(size); }

  /// Appends what `body` writes as one entry of `.eh_frame`: its length, the body, and padding that means nothing.
  template <typename Body> void entry(Body body) {
    std::size_t start = size();
    fixed(std::uint32_t{0});
    body();
    while ((size() - start) % 8 != 0)
      byte(0); // DW_CFA_nop
    overwrite(start, static_cast<std::uint32_t>(size() - start - 4));
  }

private:
  std::vector<std::byte> data_;
};

} // namespace kiln
