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

bool refused(const TierSnapshot& now, Tier tier) { return (now.refused & tierBit(tier)) != 0; }

/// Whether the function's ladder is without this rung.
bool leftOut(const Ladder& ladder, const TierSnapshot& now, Tier tier) {
  return refused(now, tier) || (now.large && tier > Tier::Baseline && tier < ladder.top());
}

/// The first rung that the function can still climb to, or null.
const Rung* nextRung(const Ladder& ladder, const TierSnapshot& now) {
  for (const Rung& rung : ladder.rungs)
    if (rung.tier > now.current && !leftOut(ladder, now, rung.tier))
      return &rung;
  return nullptr;
}

} // namespace

RecordingStart recordingStart(const Ladder& ladder) {
  constexpr std::uint64_t kShare = 4;
  for (const Rung& rung : ladder.rungs)
    if (rung.tier > Tier::Baseline)
      return rung.calls / kShare > 1 && rung.loops / kShare > 1 ? RecordingStart{rung.calls / kShare, rung.loops / kShare}
                                                                : RecordingStart{};
  return {};
}

TierDecision firstBudget(const Ladder& ladder, const TierSnapshot& now) {
  TierDecision decision;
  const Rung* next = nextRung(ladder, now);
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
  if (now.recordAt.calls != 0) {
    decision.calls = std::min(decision.calls, distance(now.recordAt.calls, now.calls));
    decision.loops = std::min(decision.loops, distance(now.recordAt.loops, now.loops));
  }
  return decision;
}

namespace {

bool recordsNow(const TierSnapshot& now) {
  return now.recordAt.calls != 0 && !now.pending && (now.calls >= now.recordAt.calls || now.loops >= now.recordAt.loops);
}

} // namespace

TierDecision decideTier(const Ladder& ladder, const TierSnapshot& now) {
  TierDecision decision;
  const Rung* target = nullptr;
  bool byCalls = false;
  for (const Rung& rung : ladder.rungs) {
    if (rung.tier <= now.current || leftOut(ladder, now, rung.tier))
      continue;
    bool calls = now.calls >= backedOff(rung.calls, now.failures);
    if (!calls && now.loops < backedOff(rung.loops, now.failures))
      break;
    target = &rung;
    byCalls = calls;
  }
  if (!target || now.held) {
    const bool record = target == nullptr && !now.held && recordsNow(now);
    TierSnapshot then = now;
    if (record)
      then.recordAt = {};
    decision = firstBudget(ladder, then);
    decision.record = record && decision.calls < kUnbounded;
    if (decision.record)
      decision.reason = "profile";
    if (decision.loops == kOldActivationLoops && !nextRung(ladder, now))
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

const Rung* rungOf(const Ladder& ladder, Tier tier) {
  for (const Rung& rung : ladder.rungs)
    if (rung.tier == tier)
      return &rung;
  return nullptr;
}

/// For a function that was called once: no promotion now, but at the next call, if one comes. To baseline it goes all the
/// same: that costs little, and a continuation needs that code anyway.
void postpone(TierDecision& function) {
  function.record = false;
  if (!function.promote || function.target <= Tier::Baseline)
    return;
  function.calls = 1;
  function.promote = false;
}

/// The function is promoted as well, for the calls to come; until then their loops shall find the continuation soon.
void moveOrAsk(LoopDecision& decision, const TierSnapshot& now, Tier to, LoopState state) {
  (state == LoopState::Ready ? decision.transfer : decision.request) = to;
  if (now.calls <= 1)
    postpone(decision.function);
  decision.function.loops = kOldActivationLoops;
  decision.function.reason = state == LoopState::Ready ? "ready" : "loops";
}

/// The rules for a continuation of the top tier, which must be earned.
void decideTop(LoopDecision& decision, const Ladder& ladder, const TierSnapshot& now, Tier running) {
  TierDecision& function = decision.function;
  const std::uint64_t threshold = backedOff(ladder.rungs.back().loops, now.failures);
  const bool once = now.calls <= 1;
  const bool leftBehind = now.current > running || now.pending;
  if (!once && !leftBehind && now.loops / now.calls < threshold)
    return;
  decision.request = ladder.top();
  postpone(function);
  function.reason = once ? "one call" : leftBehind ? "left behind" : "long calls";
  // It takes some time to compile: ask soon, then ever more rarely.
  function.loops = std::max<std::int64_t>(kOldActivationLoops, static_cast<std::int64_t>(now.loops / 8));
}

} // namespace

LoopDecision decideLoop(const Ladder& ladder, const TierSnapshot& now, Tier running, const LoopStates& states,
                        RecordingStart recordAt) {
  LoopDecision decision;
  decision.function = decideTier(ladder, now);
  if (!now.osr || now.held || !ladder.above(running))
    return decision;
  auto stateOf = [&](Tier tier) {
    return refused(now, tier) ? LoopState::Refused : states[static_cast<std::size_t>(tier)];
  };
  if (stateOf(ladder.top()) == LoopState::Ready) {
    moveOrAsk(decision, now, ladder.top(), LoopState::Ready);
    return decision;
  }
  const Rung* step = running < Tier::Baseline ? rungOf(ladder, Tier::Baseline) : nullptr;
  const Rung recording{Tier::Baseline, recordAt.calls, recordAt.loops};
  if (running == Tier::Baseline && recordAt.calls != 0)
    step = &recording;
  if (step && stateOf(Tier::Baseline) == LoopState::Refused)
    step = nullptr;
  const Rung& goal = step ? *step : ladder.rungs.back();
  if (stateOf(goal.tier) == LoopState::Refused)
    return decision;
  if (std::uint64_t threshold = backedOff(goal.loops, now.failures); now.loops < threshold) {
    if (now.calls <= 1) {
      postpone(decision.function);
      decision.function.loops = distance(threshold, now.loops);
      if (!decision.function.promote)
        decision.function.reason = "counting";
    }
    return decision;
  }
  if (step)
    moveOrAsk(decision, now, Tier::Baseline, stateOf(Tier::Baseline));
  else
    decideTop(decision, ladder, now, running);
  return decision;
}

Tier forcedStep(const Ladder& ladder, Tier running, bool baselineRefused) {
  if (running < Tier::Baseline && !baselineRefused && rungOf(ladder, Tier::Baseline))
    return Tier::Baseline;
  bool usable = ladder.top() > running && !(baselineRefused && ladder.top() == Tier::Baseline);
  return usable ? ladder.top() : kAllTiers.back();
}

} // namespace kiln
