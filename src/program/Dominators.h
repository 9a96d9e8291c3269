// Dominators of a small directed graph whose nodes are numbers.
//
// LLVM's tree costs a thousand instructions a block, and a question to it a walk. This one lives for one check of one
// body.
#pragma once

#include <cstdint>
#include <vector>

namespace kiln {

/// Semi-NCA: linear in practice, and never worse than n log n in the edges. Reused from graph to graph for its memory.
class Dominators {
public:
  /// `successors` of node i lie from `first[i]` to `first[i + 1]`. Node 0 is the root.
  void compute(const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& successors);

  bool reached(std::uint32_t node) const { return order_[node] != 0; }
  /// Whether every way from the root to `node`, which is reached, leads through `above`; so it does through `node`.
  bool dominates(std::uint32_t above, std::uint32_t node) const {
    return reached(above) && position_[order_[node]] - position_[order_[above]] < size_[order_[above]];
  }

private:
  void number(const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& successors);
  std::uint32_t best(std::uint32_t node, std::uint32_t linked);

  std::vector<std::uint32_t> order_; ///< by node: when the depth-first walk came, from 1; 0: never
  // By that order.
  std::vector<std::uint32_t> node_, parent_, ancestor_, semi_, label_, dominator_, size_, position_, room_;
  std::vector<std::uint32_t> firstIn_, in_; ///< edges to a node
  std::vector<std::uint32_t> path_;
};

} // namespace kiln
