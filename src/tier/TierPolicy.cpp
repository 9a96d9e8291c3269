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
    // Code of the top does not count: who counts is an activation that was left behind.
    if (now.osr && !now.held && ladder.rungs.size() > 1)
      decision.loops = kOldActivationLoops;
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
  if (!target || now.held) {
    decision = firstBudget(ladder, now);
    if (decision.loops == kOldActivationLoops && !ladder.above(now.current))
      decision.loops = doubled(now.loops); // asked before, and to no avail
    return decision;
  }
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

namespace {

/// No promotion now, but at the next call, if one comes.
void postpone(TierDecision& function) {
  if (function.promote)
    function.calls = 1;
  function.promote = false;
}

} // namespace

LoopDecision decideLoop(const Ladder& ladder, const TierSnapshot& now, Tier running, LoopState state) {
  LoopDecision decision;
  decision.function = decideTier(ladder, now);
  if (!now.osr || now.held || !ladder.above(running))
    return decision;
  TierDecision& function = decision.function;
  if (state == LoopState::Ready) {
    // The function is promoted as well, for the calls to come; until then their loops shall find the continuation soon.
    decision.transfer = true;
    if (now.calls <= 1)
      postpone(function);
    function.loops = kOldActivationLoops;
    function.reason = "ready";
    return decision;
  }
  if (state == LoopState::Refused)
    return decision;
  const std::uint64_t threshold = backedOff(ladder.rungs.back().loops, now.failures);
  const bool once = now.calls <= 1;
  const bool leftBehind = now.current > running || now.pending;
  if (now.loops < threshold) {
    if (once) {
      postpone(function);
      function.loops = distance(threshold, now.loops);
      function.reason = "counting";
    }
    return decision;
  }
  if (!once && !leftBehind && now.loops / now.calls < threshold)
    return decision;
  decision.request = true;
  postpone(function);
  function.reason = once ? "one call" : leftBehind ? "left behind" : "long calls";
  // It takes some time to compile: ask soon, then ever more rarely.
  function.loops = std::max<std::int64_t>(kOldActivationLoops, static_cast<std::int64_t>(now.loops / 8));
  return decision;
}

} // namespace kiln
