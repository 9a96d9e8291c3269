// When a function changes tier: a pure function of what is known about it. No threads, no LLVM, no clock.
#pragma once

#include <cstdint>
#include <string_view>

#include "kiln/Ladder.h"

namespace kiln {

/// What the policy looks at when a budget of a function is spent.
struct TierSnapshot {
  Tier current = Tier::O0;   ///< whose code the slot leads to
  std::uint64_t calls = 0;   ///< counted since the first call
  std::uint64_t loops = 0;   ///< back-edges counted since the first call
  bool held = false;         ///< promotion was switched off for this function
  bool pending = false;      ///< a request for a higher tier is under way
  std::uint32_t failures = 0;///< failed compiles so far
};

struct TierDecision {
  bool promote = false;
  Tier target = Tier::O0;    ///< meaningful when `promote`
  std::string_view reason;   ///< static text: "calls", "loops", "held", ...
  std::int64_t calls = 0;    ///< the next budget: calls until the policy is asked again
  std::int64_t loops = 0;    ///< the next budget: back-edges until the policy is asked again
};

/// Budget that is never spent in practice.
inline constexpr std::int64_t kUnbounded = std::int64_t{1} << 62;

/// The budgets of a function that starts to count at `current`, given what it has counted so far.
TierDecision firstBudget(const Ladder& ladder, const TierSnapshot& now);
/// Chooses the highest rung whose calls or loops are reached. Each failed compile doubles the thresholds. While a
/// request is pending, or right after it was made, the budgets double what was counted, so that a request that got lost
/// is made again and a slow one is not repeated at every call.
TierDecision decideTier(const Ladder& ladder, const TierSnapshot& now);

} // namespace kiln
