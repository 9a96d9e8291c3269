// Which loops count their rounds in a register.
//
// A counter in memory that every round counts down is a chain of loads and stores, several times as long as the round of a
// small loop. So the innermost loops without calls have a register for it, which is added to the memory when the loop is
// left and every so many rounds. The register is that of a value that no instruction has: it lives as long as the loop.
#include "compile/baseline/Plan.h"

namespace kiln::baseline {

/// The loops that qualify: one header that all ways in and all ways back lead to, and plain ends of blocks.
void Plan::findCountedLoops() {
  countedLoops_.clear();
  countedOf_.clear();
  if (!options_.countLoops || ranges_.empty())
    return;
  struct Candidate {
    bool fits = true;
    std::uint32_t backEdges = 0;
  };
  llvm::SmallVector<Candidate, 16> candidates(ranges_.size());
  for (const Range& range : ranges_)
    if (range.parent != kNone)
      candidates[range.parent].fits = false;
  auto call = calls_.begin();
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    const std::uint32_t own = rangeOf_[place];
    const llvm::Instruction& last = order_[place]->back();
    bool calls = false;
    for (; call != calls_.end() && call->position <= blockLast_[place]; ++call)
      calls = true;
    if (own != kNone && (calls || !llvm::isa<llvm::BranchInst, llvm::SwitchInst>(last)))
      candidates[own].fits = false;
    for (std::uint32_t number : edgesFrom(numbersInOrder_[place])) {
      const std::uint32_t to = blocks_[number].place, range = rangeOf_[to];
      if (range == kNone)
        continue;
      const bool inside = ranges_[range].first <= place && place <= ranges_[range].last;
      const bool isHeader = ranges_[range].first == to;
      if (!isHeader && (!inside || to <= place))
        candidates[range].fits = false;
      candidates[range].backEdges += isHeader && inside;
    }
  }
  countedOf_.assign(ranges_.size(), kNone);
  for (std::uint32_t range = 0; range < ranges_.size(); ++range)
    if (candidates[range].fits && candidates[range].backEdges > 0) {
      countedOf_[range] = static_cast<std::uint32_t>(countedLoops_.size());
      addCounter(ranges_[range], candidates[range].backEdges);
    }
}

/// As if the loop's header defined it and every way back used it. It is needed on the edges out of the loop as well, while
/// phis are written there.
void Plan::addCounter(const Range& range, std::uint32_t backEdges) {
  const auto number = static_cast<std::uint32_t>(values_.size());
  countedLoops_.push_back({range.first, range.last, number, backEdges});
  ValueState state;
  state.first = blockFirst_[range.first];
  state.last = blockLast_[range.last] + 2;
  state.root = number;
  state.weight = 2 * backEdges * range.weight;
  state.words = 1;
  values_.push_back(state);
  members_.push_back({number, kNone, number, 1, state.first, state.last, 0, 0});
  wanted_.push_back(kNoRegister);
  like_.push_back(kNone);
}

const CountedLoop* Plan::countedLoop(std::uint32_t place) const {
  if (countedLoops_.empty() || rangeOf_[place] == kNone || countedOf_[rangeOf_[place]] == kNone)
    return nullptr;
  const CountedLoop& loop = countedLoops_[countedOf_[rangeOf_[place]]];
  return placeOf(loop.counter, 0).inRegister() ? &loop : nullptr;
}

} // namespace kiln::baseline
