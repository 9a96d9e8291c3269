// The bytes that a generated program is made from, read as a sequence of choices.
//
// A fuzzer changes bytes, so each choice takes as few as it can, and the bytes' end is not an error: from there on
// every choice is the first one. Generators put what ends soonest first, and stop adding when exhausted() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace kiln::fuzz {

class Choices {
public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes), end_(bytes.size()) {}

  /// Bytes for the first of so many parts, of those left; the next call gives what this part did not take to others.
  void grant(std::size_t parts) { end_ = at_ + (bytes_.size() - at_) / parts; }
  bool exhausted() const { return at_ >= end_; }
  std::uint8_t byte() { return exhausted() ? 0 : bytes_[at_++]; }
  /// A number of `count` bytes, at most 8.
  std::uint64_t bits(unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  /// 0 <= result < bound; nothing is read where there is no choice.
  unsigned below(std::size_t bound) {
    if (bound <= 1)
      return 0;
    return static_cast<unsigned>((bound <= 256 ? byte() : bits(2)) % bound);
  }
  unsigned between(unsigned low, unsigned high) { return low + below(high - low + 1); }
  /// False when the bytes are over.
  bool oneIn(unsigned count) { return !exhausted() && below(count) == count - 1; }
  bool flip() { return below(2) == 1; }

  template <typename T> T pick(std::initializer_list<T> from) { return from.begin()[below(from.size())]; }
  template <typename T> T pick(const std::vector<T>& from) { return from[below(from.size())]; }

private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  std::size_t end_;
};

/// The bytes that a seed stands for: 300 to 6,500, most often below 1,500.
std::vector<std::uint8_t> bytesOfSeed(std::uint64_t seed);

} // namespace kiln::fuzz
