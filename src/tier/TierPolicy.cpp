#include "tier/TierPolicy.h"

#include <algorithm>

namespace kiln {
namespace {

std::uint64_t backedOff(std::uint64_t threshold, std::uint32_t failures) {
  return threshold << std::min(failures, 12u);
}

std::int64_t distance(std::uint64_t threshold, std::uint64_t counted) {
  return threshold > counted ? static_cast<std::int64_t>(threshold - counted) : 1;
}

/// Ask again after as much as was counted so far once more, but not before a round number of events.
std::int64_t doubled(std::uint64_t counted) {
  return static_cast<std::int64_t>(std::max<std::uint64_t>(counted, 1000));
}

} // namespace

TierDecision firstBudget(const Ladder& ladder, const TierSnapshot& now) {
  TierDecision decision;
  const Rung* next = ladder.above(now.current);
  if (!next || now.held) {
    decision.reason = next ? "held" : "top";
    decision.calls = decision.loops = kUnbounded;
    return decision;
  }
  decision.reason = "counting";
  decision.calls = distance(backedOff(next->calls, now.failures), now.calls);
  decision.loops = distance(backedOff(next->loops, now.failures), now.loops);
  return decision;
}

TierDecision decideTier(const Ladder& ladder, const TierSnapshot& now) {
  TierDecision decision;
  const Rung* target = nullptr;
  bool byCalls = false;
  for (const Rung& rung : ladder.rungs) {
    if (rung.tier <= now.current)
      continue;
    bool calls = now.calls >= backedOff(rung.calls, now.failures);
    if (!calls && now.loops < backedOff(rung.loops, now.failures))
      break;
    target = &rung;
    byCalls = calls;
  }
  if (!target || now.held)
    return firstBudget(ladder, now);
  decision.calls = doubled(now.calls);
  decision.loops = doubled(now.loops);
  if (now.pending) {
    decision.reason = "pending";
    return decision;
  }
  decision.promote = true;
  decision.target = target->tier;
  decision.reason = byCalls ? "calls" : "loops";
  return decision;
}

} // namespace kiln
