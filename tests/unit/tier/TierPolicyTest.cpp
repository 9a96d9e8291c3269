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

// Activations that loop: what is decided at a loop header.

struct LoopCase {
  const char* what;
  TierSnapshot now;
  Tier running;
  LoopState state;
  bool transfer, request, promote;
  const char* reason;
  std::int64_t calls, loops; ///< the next budgets
};

class AtALoop : public testing::TestWithParam<LoopCase> {};

TEST_P(AtALoop, IsAFunctionOfTheSnapshot) {
  const LoopCase& test = GetParam();
  LoopDecision decision = decideLoop(ladder(), test.now, test.running, test.state);
  EXPECT_EQ(decision.transfer, test.transfer);
  EXPECT_EQ(decision.request, test.request);
  EXPECT_EQ(decision.function.promote, test.promote);
  EXPECT_EQ(decision.function.reason, test.reason);
  EXPECT_EQ(decision.function.calls, test.calls);
  EXPECT_EQ(decision.function.loops, test.loops);
}

TierSnapshot osr(Tier current, std::uint64_t calls, std::uint64_t loops, bool pending = false) {
  return {.current = current, .calls = calls, .loops = loops, .pending = pending, .osr = true};
}
TierSnapshot withHold(TierSnapshot now) {
  now.held = true;
  return now;
}
TierSnapshot withFailures(TierSnapshot now, std::uint32_t failures) {
  now.failures = failures;
  return now;
}

using enum LoopState;
INSTANTIATE_TEST_SUITE_P(
    All, AtALoop,
    testing::Values(
        LoopCase{"one call, not earned", osr(Tier::O0, 1, 10000), Tier::O0, Unknown, false, false, false, "counting", 1, 90000},
        LoopCase{"one call, early", osr(Tier::O0, 1, 500), Tier::O0, Unknown, false, false, false, "counting", 99, 99500},
        LoopCase{"one call, earned", osr(Tier::O0, 1, 100000), Tier::O0, Unknown, false, true, false, "one call", 1, 12500},
        LoopCase{"a lost first call", osr(Tier::O0, 0, 100000), Tier::O0, Unknown, false, true, false, "one call", 1, 12500},
        LoopCase{"the next question is soon", osr(Tier::O0, 1, 1000000), Tier::O0, Unknown, false, true, false, "one call", 1, 125000},
        LoopCase{"many short calls", osr(Tier::O0, 50, 10000), Tier::O0, Unknown, false, false, true, "loops", 1000, 10000},
        LoopCase{"many short calls, earned", osr(Tier::O0, 50, 100000), Tier::O0, Unknown, false, false, true, "loops", 1000, 100000},
        LoopCase{"few long calls", osr(Tier::O0, 3, 300000), Tier::O0, Unknown, false, true, false, "long calls", 1, 37500},
        LoopCase{"not quite long", osr(Tier::O0, 3, 299999), Tier::O0, Unknown, false, false, true, "loops", 1000, 299999},
        LoopCase{"better is published", osr(Tier::O2, 50, 100000), Tier::O0, Unknown, false, true, false, "left behind", 1, 12500},
        LoopCase{"the top is published", osr(Tier::O3, 50, 100000), Tier::O0, Unknown, false, true, false, "left behind", kUnbounded, 12500},
        LoopCase{"better is published, not earned", osr(Tier::O2, 50, 20000), Tier::O0, Unknown, false, false, false, "counting", 950, 80000},
        LoopCase{"better is pending", osr(Tier::O0, 50, 100000, true), Tier::O0, Unknown, false, true, false, "left behind", 1000, 12500},
        LoopCase{"ready", osr(Tier::O0, 1, 100000), Tier::O0, Ready, true, false, false, "ready", 1, 1000},
        LoopCase{"ready, and the function is promoted", osr(Tier::O0, 5, 100000), Tier::O0, Ready, true, false, true, "ready", 1000, 1000},
        LoopCase{"ready under the top", osr(Tier::O3, 5, 200000), Tier::O0, Ready, true, false, false, "ready", kUnbounded, 1000},
        LoopCase{"ready but it runs the top", osr(Tier::O3, 5, 200000), Tier::O3, Ready, false, false, false, "top", kUnbounded, 200000},
        LoopCase{"ready but held", withHold(osr(Tier::O0, 1, 200000)), Tier::O0, Ready, false, false, false, "held", kUnbounded, kUnbounded},
        LoopCase{"held", withHold(osr(Tier::O0, 1, 200000)), Tier::O0, Unknown, false, false, false, "held", kUnbounded, kUnbounded},
        LoopCase{"refused", osr(Tier::O0, 1, 200000), Tier::O0, Refused, false, false, true, "loops", 1000, 200000},
        LoopCase{"refused at the top", osr(Tier::O3, 1, 200000), Tier::O0, Refused, false, false, false, "top", kUnbounded, 200000},
        LoopCase{"failures double the threshold", withFailures(osr(Tier::O0, 1, 100000), 1), Tier::O0, Unknown, false, false, false, "counting", 1, 100000},
        LoopCase{"switched off", at(Tier::O0, 1, 100000), Tier::O0, Ready, false, false, true, "loops", 1000, 100000}),
    [](const auto& info) {
      std::string name = info.param.what;
      for (char& letter : name)
        if (!isalnum(static_cast<unsigned char>(letter)))
          letter = '_';
      return name;
    });

TEST(FirstBudget, AtTheTopLeavesLoopsForActivationsThatWereLeftBehind) {
  EXPECT_EQ(firstBudget(ladder(), osr(Tier::O3, 0, 0)).loops, kOldActivationLoops);
  EXPECT_EQ(firstBudget(ladder(), osr(Tier::O3, 0, 0)).calls, kUnbounded);
  EXPECT_EQ(firstBudget(Ladder::fixed(Tier::O2), osr(Tier::O2, 0, 0)).loops, kUnbounded);
}

} // namespace
} // namespace kiln
