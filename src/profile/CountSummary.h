// How the counts of a whole program are distributed: what is hot and what is cold in it.
//
// A compiler sees a few functions at a time; whether a count in one of them is high only all the others can tell. The
// answer is in percentiles: the smallest of the counts that together make up 99 % of all that was counted, for example.
//
// Counts are gathered in 16 steps for each power of two, so that neither memory nor time grow with the program beyond
// one addition a count; a percentile is too low by 1/16 at most. Plain data, no LLVM.
#pragma once

#include <array>
#include <cstdint>

namespace kiln {

class CountSummary {
public:
  /// A count of zero is a place that was never reached.
  void add(std::uint64_t count);
  /// How often a function was entered; counts as any other count, too.
  void addFunction(std::uint64_t entries);

  struct Percentile {
    std::uint64_t least = 0;  ///< the smallest count that is needed
    std::uint64_t places = 0; ///< how many are needed
  };
  /// The highest counts that together make up `millionths` of the sum.
  Percentile percentile(std::uint32_t millionths) const;

  bool empty() const { return sum_ == 0; }
  /// Both stop at 2^64 - 1.
  std::uint64_t sum() const;
  std::uint64_t highest() const { return highest_; }
  std::uint64_t highestEntries() const { return highestEntries_; }
  std::uint64_t places() const { return places_; }
  std::uint64_t functions() const { return functions_; }

private:
  static constexpr unsigned kSteps = 16;
  __extension__ using Wide = unsigned __int128;
  struct Bucket {
    std::uint64_t places = 0;
    Wide sum = 0;
  };
  static unsigned bucketOf(std::uint64_t count);
  static std::uint64_t leastOf(unsigned bucket);

  std::array<Bucket, 64 * kSteps> buckets_ = {};
  Wide sum_ = 0;
  std::uint64_t highest_ = 0, highestEntries_ = 0, places_ = 0, functions_ = 0;
};

} // namespace kiln
