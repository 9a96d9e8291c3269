// Where classes of values begin and end, for giving their places out in order.
#pragma once

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "flow/ValueNumbers.h"

namespace kiln::flow {

/// Lists through arrays by position and by value number: nothing is allocated for a class, and the arrays stay from
/// function to function.
class ClassEvents {
  struct Lists {
    std::uint32_t begin, end;
  };
  template <std::uint32_t Lists::*kList> struct Range {
    struct Iterator {
      const Lists* next;
      std::uint32_t value;
      std::uint32_t operator*() const { return value; }
      Iterator& operator++() {
        value = next[value].*kList;
        return *this;
      }
      bool operator==(std::default_sentinel_t) const { return value == kNone; }
    };
    Iterator first;
    Iterator begin() const { return first; }
    std::default_sentinel_t end() const { return {}; }
    bool empty() const { return first.value == kNone; }
  };

public:
  void reset(std::size_t positions, std::size_t values) {
    heads_.assign(positions, {kNone, kNone});
    next_.resize(values);
  }
  void addBegin(std::uint32_t position, std::uint32_t value) {
    next_[value].begin = std::exchange(heads_[position].begin, value);
  }
  void addEnd(std::uint32_t position, std::uint32_t value) {
    next_[value].end = std::exchange(heads_[position].end, value);
  }

  /// The classes that begin, or end, at a position; those that were added last come first.
  Range<&Lists::begin> beginningAt(std::uint32_t position) const { return {{next_.data(), heads_[position].begin}}; }
  Range<&Lists::end> endingAt(std::uint32_t position) const { return {{next_.data(), heads_[position].end}}; }

private:
  std::vector<Lists> heads_; ///< by position
  std::vector<Lists> next_;  ///< by value number
};

} // namespace kiln::flow
