#include "tier/TierPolicy.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

const Ladder& ladder() {
  static const Ladder made = *Ladder::parse("O0,O2@100,O3@1000"); // loops: 10,000 and 100,000
  return made;
}

struct Case {
  const char* what;
  TierSnapshot now;
  bool promote;
  Tier target;        ///< looked at when `promote`
  const char* reason;
  std::int64_t calls; ///< the next budgets
  std::int64_t loops;
};

class Decision : public testing::TestWithParam<Case> {};

TEST_P(Decision, IsAFunctionOfTheSnapshot) {
  const Case& test = GetParam();
  TierDecision decision = decideTier(ladder(), test.now);
  EXPECT_EQ(decision.promote, test.promote);
  if (test.promote)
    EXPECT_EQ(decision.target, test.target);
  EXPECT_EQ(decision.reason, test.reason);
  EXPECT_EQ(decision.calls, test.calls);
  EXPECT_EQ(decision.loops, test.loops);
}

TierSnapshot at(Tier current, std::uint64_t calls, std::uint64_t loops) { return {.current = current, .calls = calls, .loops = loops}; }
TierSnapshot failed(std::uint64_t calls, std::uint32_t failures) { return {.calls = calls, .failures = failures}; }

INSTANTIATE_TEST_SUITE_P(
    All, Decision,
    testing::Values(
        Case{"below", at(Tier::O0, 99, 0), false, {}, "counting", 1, 10000},
        Case{"exact", at(Tier::O0, 100, 0), true, Tier::O2, "calls", 1000, 1000},
        Case{"by loops", at(Tier::O0, 3, 10000), true, Tier::O2, "loops", 1000, 10000},
        Case{"calls win when both are reached", at(Tier::O0, 100, 10000), true, Tier::O2, "calls", 1000, 10000},
        Case{"a rung is skipped", at(Tier::O0, 1000, 0), true, Tier::O3, "calls", 1000, 1000},
        Case{"skipped by loops", at(Tier::O0, 1, 100000), true, Tier::O3, "loops", 1000, 100000},
        Case{"middle rung", at(Tier::O2, 999, 0), false, {}, "counting", 1, 100000},
        Case{"to the top", at(Tier::O2, 1000, 0), true, Tier::O3, "calls", 1000, 1000},
        Case{"budgets double what was counted", at(Tier::O0, 5000, 20), true, Tier::O3, "calls", 5000, 1000},
        Case{"top", at(Tier::O3, 1u << 30, 1u << 30), false, {}, "top", kUnbounded, kUnbounded},
        Case{"a tier beside the ladder", at(Tier::O1, 100, 0), true, Tier::O2, "calls", 1000, 1000},
        Case{"held", {.calls = 5000, .held = true}, false, {}, "held", kUnbounded, kUnbounded},
        Case{"pending", {.calls = 5000, .pending = true}, false, {}, "pending", 5000, 1000},
        Case{"one failure doubles", failed(100, 1), false, {}, "counting", 100, 20000},
        Case{"doubled and reached", failed(200, 1), true, Tier::O2, "calls", 1000, 1000},
        Case{"three failures", failed(799, 3), false, {}, "counting", 1, 80000},
        Case{"twelve doublings at most", failed(100u << 12, 40), true, Tier::O2, "calls", 100 << 12, 1000}),
    [](const auto& info) {
      std::string name = info.param.what;
      for (char& letter : name)
        if (!isalnum(static_cast<unsigned char>(letter)))
          letter = '_';
      return name;
    });

TEST(FirstBudget, IsTheDistanceToTheNextRung) {
  TierDecision budget = firstBudget(ladder(), at(Tier::O0, 30, 400));
  EXPECT_FALSE(budget.promote);
  EXPECT_EQ(budget.calls, 70);
  EXPECT_EQ(budget.loops, 9600);
}

TEST(FirstBudget, OfARungThatWasPassedMeanwhileIsOneEvent) {
  // The function ran on while it was compiled: it asks again at its next call.
  TierDecision budget = firstBudget(ladder(), at(Tier::O2, 4000, 0));
  EXPECT_EQ(budget.calls, 1);
}

TEST(FirstBudget, IsUnboundedAtTheTopAndUnderAHold) {
  EXPECT_EQ(firstBudget(ladder(), at(Tier::O3, 0, 0)).calls, kUnbounded);
  TierSnapshot held = at(Tier::O0, 0, 0);
  held.held = true;
  EXPECT_EQ(firstBudget(ladder(), held).calls, kUnbounded);
  EXPECT_EQ(firstBudget(ladder(), held).reason, "held");
}

TEST(FirstBudget, OfAFixedTierIsUnbounded) {
  for (Tier tier : kAllTiers)
    EXPECT_EQ(firstBudget(Ladder::fixed(tier), at(tier, 0, 0)).calls, kUnbounded);
}

TEST(Policy, EveryPresetLeadsToItsTopInAsManyStepsAsItHasRungs) {
  for (const Preset& preset : presets()) {
    Ladder steps = *Ladder::parse(preset.ladder);
    TierSnapshot now = at(steps.bottom(), 0, 0);
    std::size_t climbed = 0;
    while (steps.above(now.current)) {
      now.calls += static_cast<std::uint64_t>(firstBudget(steps, now).calls);
      TierDecision decision = decideTier(steps, now);
      ASSERT_TRUE(decision.promote) << preset.name;
      now.current = decision.target;
      ++climbed;
    }
    EXPECT_EQ(climbed, steps.rungs.size() - 1) << preset.name;
    EXPECT_EQ(now.calls, steps.rungs.back().calls) << preset.name;
  }
}

} // namespace
} // namespace kiln
