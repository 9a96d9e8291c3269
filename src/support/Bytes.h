// Numbers and texts as bytes, little-endian, for what is kept between processes. The reader trusts nothing.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "support/Hash.h"

namespace kiln {

static_assert(std::endian::native == std::endian::little);

class ByteWriter {
public:
  std::string bytes;

  void number(std::uint64_t value, unsigned size) {
    char low[sizeof value];
    memcpy(low, &value, sizeof value);
    bytes.append(low, size);
  }
  void u8(std::uint8_t value) { number(value, 1); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void digest(const Digest& value) {
    u64(value.high);
    u64(value.low);
  }
  /// Its length, then its bytes.
  void text(std::string_view value) {
    u64(value.size());
    bytes += value;
  }
  /// How many things follow.
  void count(std::uint64_t value) { u32(static_cast<std::uint32_t>(value)); }
};

/// Past the end everything is zero or empty, and sound() says so.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  std::string_view take(std::uint64_t size) {
    if (size > left_.size()) {
      sound_ = false;
      left_ = {};
      return {};
    }
    std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number(unsigned size) {
    std::uint64_t value = 0;
    if (std::string_view taken = take(size); !taken.empty())
      memcpy(&value, taken.data(), size);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Digest digest() {
    Digest value;
    value.high = u64();
    value.low = u64();
    return value;
  }
  std::string_view text() { return take(u64()); }
  /// How many things of at least `each` bytes follow; 0 if there is no room for so many.
  std::uint64_t count(std::size_t each) {
    const std::uint64_t value = u32();
    if (value * each <= left_.size())
      return value;
    sound_ = false;
    left_ = {};
    return 0;
  }

  bool sound() const { return sound_; }
  /// Everything was read and nothing is left.
  bool finished() const { return sound_ && left_.empty(); }

private:
  std::string_view left_;
  bool sound_ = true;
};

} // namespace kiln
