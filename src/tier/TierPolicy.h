// When a function changes tier: a pure function of what is known about it. No threads, no LLVM, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "function/FunctionRecord.h"
#include "kiln/Ladder.h"

namespace kiln {

/// Counts after which baseline code is made anew with recorders in it. Calls are 0 where there is no such stage: then code
/// records from the start, or never.
struct RecordingStart {
  std::uint64_t calls = 0, loops = 0;
};
/// A profile is for the tiers above baseline. Three quarters of the way to the first of them are enough for it,
/// and most functions never come that far: they are spared the recorders.
RecordingStart recordingStart(const Ladder& ladder);

/// What the policy looks at when a budget of a function is spent.
struct TierSnapshot {
  Tier current = Tier::O0;   ///< whose code the slot leads to
  std::uint64_t calls = 0;   ///< counted since the first call
  std::uint64_t loops = 0;   ///< back-edges counted since the first call
  bool held = false;         ///< promotion was switched off for this function
  bool pending = false;      ///< a request for a higher tier is under way
  std::uint32_t failures = 0;///< failed compiles so far
  bool osr = false;          ///< activations that run may be moved into better code
  /// What LLVM makes of it takes long. It climbs from baseline to the top at once: a tier between would delay that by as much as
  /// it takes itself, and cut the profile short.
  bool large = false;
  std::uint32_t refused = 0; ///< tiers that refused the function (tierBit): their rungs are not there for it
  /// Where the function begins to record a profile; zeros if it has begun, or will not.
  RecordingStart recordAt;
};

struct TierDecision {
  bool promote = false;
  bool record = false;       ///< code of the same tier that records a profile is to take over
  Tier target = Tier::O0;    ///< meaningful when `promote`
  std::string_view reason;   ///< static text: "calls", "loops", "held", ...
  std::int64_t calls = 0;    ///< the next budget: calls until the policy is asked again
  std::int64_t loops = 0;    ///< the next budget: back-edges until the policy is asked again
};

/// The budgets of a function that starts to count at `current`, given what it has counted so far.
TierDecision firstBudget(const Ladder& ladder, const TierSnapshot& now);
/// Chooses the highest rung whose calls or loops are reached. Each failed compile doubles the thresholds. While a
/// request is pending, or right after it was made, the budgets double what was counted, so that a request that got lost
/// is made again and a slow one is not repeated at every call.
TierDecision decideTier(const Ladder& ladder, const TierSnapshot& now);

/// What is known of the continuation of one tier at the loop header where an activation stands.
enum class LoopState { Unknown, Ready, Refused };
/// By tier. Only those of baseline and of the ladder's top are looked at.
using LoopStates = std::array<LoopState, kTierCount>;

struct LoopDecision {
  std::optional<Tier> transfer; ///< the activation moves now, into the continuation of this tier
  std::optional<Tier> request;  ///< a continuation of this tier is asked for
  /// The function as a whole: promotion and the next budgets. `reason` is that of the whole decision.
  TierDecision function;
};

/// Back-edges until an activation that could not move yet, or the next one of a function whose loop has a continuation,
/// asks (again).
inline constexpr std::int64_t kOldActivationLoops = 1000;

/// An activation of code of the tier `running` has spent the loop budget at a loop header.
///
/// It moves to the top if there is a continuation there. Under the baseline tier it takes a step first: baseline code is
/// made in microseconds, so that all it takes is that the function's loops have reached the threshold of that rung. From
/// there, and from wherever baseline has no continuation, one of the top tier is asked for when the function's loops have
/// earned it (the threshold of the ladder's last rung) and the activation is one for which no new version of the function
/// would do:
///   - the function was called once: there is no next call ("one call");
///   - better code is published or pending, and yet this activation still loops ("left behind");
///   - the calls so far looped as much as the threshold each, on average ("long calls").
/// Else the function is promoted as by decideTier(), but one that was called only once no further than to baseline: its
/// version would never run.
///
/// An activation of baseline code that does not record yet takes the step into baseline code that does in the same way, at the
/// counts where the function would begin to (`recordAt`, zeros if the running code records).
LoopDecision decideLoop(const Ladder& ladder, const TierSnapshot& now, Tier running, const LoopStates& states,
                        RecordingStart recordAt = {});

/// Where an activation of the tier `running` goes that has to move (--osr-at): to baseline if that lies ahead and has not
/// refused, else to the ladder's top, or to the best there is from a ladder that ends where it already runs.
Tier forcedStep(const Ladder& ladder, Tier running, bool baselineRefused);

} // namespace kiln
