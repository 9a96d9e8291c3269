// The most frequent values at one place of a program, in constant space: targets of an indirect call, sizes of a
// memcpy.
//
// The algorithm is that of Misra and Gries ("Finding Repeated Elements", Science of Computer Programming 2, 1982) with
// four counters. An event whose value has a counter adds one to it; else it takes a free counter; else it and one event
// of each of the four counters go to `other`. So with n events recorded by one thread:
//
//   - the counts and `other` add up to n;
//   - a count is too low by at most other / 5, and never too high;
//   - a value that made up more than a fifth of the events is among the four.
//
// Rejected: space-saving (Metwally, Agrawal, El Abbadi 2005), whose counts are upper bounds. It reports four frequent
// values where a thousand took turns, and a compiler would specialise for them.
//
// Several threads may record at once. Accesses are relaxed and lossy, like all of Kiln's counters: an increment can get
// lost, and a count can end up at a value whose counter changed hands in that moment.
#pragma once

#include <cstdint>

namespace kiln {

/// How many values a list keeps, here and in files.
inline constexpr unsigned kTopValues = 4;

/// Plain data; all zero is empty.
struct ValueCounts {
  std::uint64_t value[kTopValues]; ///< meaningless where the count is 0
  std::uint64_t count[kTopValues];
  std::uint64_t other; ///< events whose values are not listed

  /// A load, a comparison and an increment when the value is the most frequent one.
  void record(std::uint64_t seen) {
    if (read(value[0]) == seen) [[likely]]
      write(count[0], read(count[0]) + 1);
    else
      recordBehindFirst(seen);
  }

  /// A copy that other threads do not change.
  ValueCounts snapshot() const {
    ValueCounts copy;
    for (unsigned i = 0; i < kTopValues; ++i) {
      copy.value[i] = read(value[i]);
      copy.count[i] = read(count[i]);
    }
    copy.other = read(other);
    return copy;
  }

private:
  static std::uint64_t read(const std::uint64_t& word) { return __atomic_load_n(&word, __ATOMIC_RELAXED); }
  static void write(std::uint64_t& word, std::uint64_t to) { __atomic_store_n(&word, to, __ATOMIC_RELAXED); }

  /// A value that becomes more frequent than the one before it moves ahead, so that the common case hits at once.
  [[gnu::noinline, gnu::cold]] void recordBehindFirst(std::uint64_t seen);
};

} // namespace kiln
