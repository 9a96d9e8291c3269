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

TEST(RecordingStage, BeginsAQuarterOfTheWayToTheFirstTierAboveBaseline) {
  RecordingStart start = recordingStart(*Ladder::parse("interpreter,baseline@10,O2@2000:80000,O3@20000"));
  EXPECT_EQ(start.calls, 500u);
  EXPECT_EQ(start.loops, 20000u);
  EXPECT_EQ(recordingStart(*Ladder::parse("baseline,O2@7")).calls, 0u); // too short a way
  EXPECT_EQ(recordingStart(*Ladder::parse("interpreter,baseline@10")).calls, 0u);
}

TEST(RecordingStage, IsDecidedByCallsOrLoops) {
  const Ladder stages = *Ladder::parse("baseline,O2@2000,O3@20000");
  TierSnapshot now{.current = Tier::Baseline, .calls = 100, .loops = 1000, .recordAt = recordingStart(stages)};
  TierDecision wait = firstBudget(stages, now);
  EXPECT_EQ(wait.calls, 400);
  EXPECT_EQ(wait.loops, 49000);
  EXPECT_FALSE(decideTier(stages, now).record);
  now.calls = 500;
  TierDecision begin = decideTier(stages, now);
  EXPECT_TRUE(begin.record);
  EXPECT_FALSE(begin.promote);
  EXPECT_EQ(begin.reason, "profile");
  EXPECT_EQ(begin.calls, 1500);
  EXPECT_EQ(begin.loops, 199000);
  now.calls = 3, now.loops = 50000;
  EXPECT_TRUE(decideTier(stages, now).record);
  now.held = true;
  EXPECT_FALSE(decideTier(stages, now).record);
  now.held = false, now.calls = 2000; // the better code itself is due
  EXPECT_FALSE(decideTier(stages, now).record);
  EXPECT_TRUE(decideTier(stages, now).promote);
}

TEST(RecordingStage, ALoopStepsIntoCodeThatRecordsAndFromThereToTheTop) {
  const Ladder stages = *Ladder::parse("baseline,O2@2000,O3@20000");
  const RecordingStart start = recordingStart(stages);
  TierSnapshot now{.current = Tier::Baseline, .calls = 1, .loops = 50000, .osr = true, .recordAt = start};
  LoopDecision step = decideLoop(stages, now, Tier::Baseline, {}, start);
  EXPECT_EQ(step.request, Tier::Baseline);
  EXPECT_FALSE(step.function.record); // there is no next call yet
  LoopStates ready{};
  ready[static_cast<std::size_t>(Tier::Baseline)] = LoopState::Ready;
  EXPECT_EQ(decideLoop(stages, now, Tier::Baseline, ready, start).transfer, Tier::Baseline);
  EXPECT_FALSE(decideLoop(stages, now, Tier::Baseline, ready).transfer); // it records already
  now.loops = 2000000;
  EXPECT_EQ(decideLoop(stages, now, Tier::Baseline, ready).request, Tier::O3);
}

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
  LoopState baseline, top; ///< what is known of the continuations
  std::optional<Tier> transfer, request, promote;
  const char* reason;
  std::int64_t calls, loops; ///< the next budgets
};

void check(const Ladder& ladder, const LoopCase& test) {
  LoopStates states{};
  states[static_cast<std::size_t>(Tier::Baseline)] = test.baseline;
  states[static_cast<std::size_t>(ladder.top())] = test.top;
  LoopDecision decision = decideLoop(ladder, test.now, test.running, states);
  EXPECT_EQ(decision.transfer, test.transfer);
  EXPECT_EQ(decision.request, test.request);
  EXPECT_EQ(decision.function.promote, test.promote.has_value());
  if (test.promote)
    EXPECT_EQ(decision.function.target, *test.promote);
  EXPECT_EQ(decision.function.reason, test.reason);
  EXPECT_EQ(decision.function.calls, test.calls);
  EXPECT_EQ(decision.function.loops, test.loops);
}

std::string nameOf(const testing::TestParamInfo<LoopCase>& info) {
  std::string name = info.param.what;
  for (char& letter : name)
    if (!isalnum(static_cast<unsigned char>(letter)))
      letter = '_';
  return name;
}

class AtALoop : public testing::TestWithParam<LoopCase> {};
TEST_P(AtALoop, IsAFunctionOfTheSnapshot) { check(ladder(), GetParam()); }

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
constexpr std::nullopt_t kNo = std::nullopt;
INSTANTIATE_TEST_SUITE_P(
    All, AtALoop,
    testing::Values(
        LoopCase{"one call, not earned", osr(Tier::O0, 1, 10000), Tier::O0, Unknown, Unknown, kNo, kNo, kNo, "counting", 1, 90000},
        LoopCase{"one call, early", osr(Tier::O0, 1, 500), Tier::O0, Unknown, Unknown, kNo, kNo, kNo, "counting", 99, 99500},
        LoopCase{"one call, earned", osr(Tier::O0, 1, 100000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "one call", 1, 12500},
        LoopCase{"a lost first call", osr(Tier::O0, 0, 100000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "one call", 1, 12500},
        LoopCase{"the next question is soon", osr(Tier::O0, 1, 1000000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "one call", 1, 125000},
        LoopCase{"many short calls", osr(Tier::O0, 50, 10000), Tier::O0, Unknown, Unknown, kNo, kNo, Tier::O2, "loops", 1000, 10000},
        LoopCase{"many short calls, earned", osr(Tier::O0, 50, 100000), Tier::O0, Unknown, Unknown, kNo, kNo, Tier::O3, "loops", 1000, 100000},
        LoopCase{"few long calls", osr(Tier::O0, 3, 300000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "long calls", 1, 37500},
        LoopCase{"not quite long", osr(Tier::O0, 3, 299999), Tier::O0, Unknown, Unknown, kNo, kNo, Tier::O3, "loops", 1000, 299999},
        LoopCase{"better is published", osr(Tier::O2, 50, 100000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "left behind", 1, 12500},
        LoopCase{"the top is published", osr(Tier::O3, 50, 100000), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "left behind", kUnbounded, 12500},
        LoopCase{"better is published, not earned", osr(Tier::O2, 50, 20000), Tier::O0, Unknown, Unknown, kNo, kNo, kNo, "counting", 950, 80000},
        LoopCase{"better is pending", osr(Tier::O0, 50, 100000, true), Tier::O0, Unknown, Unknown, kNo, Tier::O3, kNo, "left behind", 1000, 12500},
        LoopCase{"ready", osr(Tier::O0, 1, 100000), Tier::O0, Unknown, Ready, Tier::O3, kNo, kNo, "ready", 1, 1000},
        LoopCase{"ready, and the function is promoted", osr(Tier::O0, 5, 100000), Tier::O0, Unknown, Ready, Tier::O3, kNo, Tier::O3, "ready", 1000, 1000},
        LoopCase{"ready under the top", osr(Tier::O3, 5, 200000), Tier::O0, Unknown, Ready, Tier::O3, kNo, kNo, "ready", kUnbounded, 1000},
        LoopCase{"ready but it runs the top", osr(Tier::O3, 5, 200000), Tier::O3, Unknown, Ready, kNo, kNo, kNo, "top", kUnbounded, 200000},
        LoopCase{"ready but held", withHold(osr(Tier::O0, 1, 200000)), Tier::O0, Unknown, Ready, kNo, kNo, kNo, "held", kUnbounded, kUnbounded},
        LoopCase{"held", withHold(osr(Tier::O0, 1, 200000)), Tier::O0, Unknown, Unknown, kNo, kNo, kNo, "held", kUnbounded, kUnbounded},
        LoopCase{"refused", osr(Tier::O0, 1, 200000), Tier::O0, Unknown, Refused, kNo, kNo, Tier::O3, "loops", 1000, 200000},
        LoopCase{"refused at the top", osr(Tier::O3, 1, 200000), Tier::O0, Unknown, Refused, kNo, kNo, kNo, "top", kUnbounded, 200000},
        LoopCase{"failures double the threshold", withFailures(osr(Tier::O0, 1, 100000), 1), Tier::O0, Unknown, Unknown, kNo, kNo, kNo, "counting", 1, 100000},
        LoopCase{"switched off", at(Tier::O0, 1, 100000), Tier::O0, Unknown, Ready, kNo, kNo, Tier::O3, "loops", 1000, 100000}),
    nameOf);

// The step through baseline.

Ladder stepped() { return *Ladder::parse("interpreter,baseline@10,O2@100,O3@1000"); }
constexpr Tier kInterpreter = Tier::Interpreter, kBaseline = Tier::Baseline;

TierSnapshot withoutBaseline(TierSnapshot now) {
  now.refused = tierBit(kBaseline);
  return now;
}

class WithAStep : public testing::TestWithParam<LoopCase> {};
TEST_P(WithAStep, IsAFunctionOfTheSnapshot) { check(stepped(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    All, WithAStep,
    testing::Values(
        LoopCase{"one call, early", osr(kInterpreter, 1, 300), kInterpreter, Unknown, Unknown, kNo, kNo, kNo, "counting", 9, 700},
        LoopCase{"one call steps", osr(kInterpreter, 1, 1000), kInterpreter, Unknown, Unknown, kNo, kBaseline, kBaseline, "loops", 1000, 1000},
        LoopCase{"many calls step too", osr(kInterpreter, 9, 1000), kInterpreter, Unknown, Unknown, kNo, kBaseline, kBaseline, "loops", 1000, 1000},
        LoopCase{"calls alone promote only", osr(kInterpreter, 10, 500), kInterpreter, Unknown, Unknown, kNo, kNo, kBaseline, "calls", 1000, 1000},
        LoopCase{"the step is ready", osr(kInterpreter, 1, 1000), kInterpreter, Ready, Unknown, kBaseline, kNo, kBaseline, "ready", 1000, 1000},
        LoopCase{"one call does not skip a rung", osr(kInterpreter, 1, 20000), kInterpreter, Unknown, Unknown, kNo, kBaseline, kNo, "loops", 1, 1000},
        LoopCase{"several may", osr(kInterpreter, 4, 20000), kInterpreter, Unknown, Unknown, kNo, kBaseline, Tier::O2, "loops", 1000, 1000},
        LoopCase{"left behind by the top", osr(Tier::O3, 50, 100000), kInterpreter, Unknown, Unknown, kNo, kBaseline, kNo, "loops", kUnbounded, 1000},
        LoopCase{"the top is ready", osr(kInterpreter, 1, 100000), kInterpreter, Ready, Ready, Tier::O3, kNo, kNo, "ready", 1, 1000},
        LoopCase{"the loop has no step", osr(kInterpreter, 1, 20000), kInterpreter, Refused, Unknown, kNo, kNo, kNo, "counting", 1, 80000},
        LoopCase{"the loop has no step, earned", osr(kInterpreter, 1, 100000), kInterpreter, Refused, Unknown, kNo, Tier::O3, kNo, "one call", 1, 12500},
        LoopCase{"the function has no step", withoutBaseline(osr(kInterpreter, 1, 1000)), kInterpreter, Unknown, Unknown, kNo, kNo, kNo, "counting", 99, 99000},
        LoopCase{"the function has no step, earned", withoutBaseline(osr(kInterpreter, 1, 100000)), kInterpreter, Unknown, Unknown, kNo, Tier::O3, kNo, "one call", 1, 12500},
        LoopCase{"neither is to be had", osr(kInterpreter, 1, 200000), kInterpreter, Refused, Refused, kNo, kNo, Tier::O3, "loops", 1000, 200000},
        LoopCase{"from the step, early", osr(kBaseline, 1, 20000), kBaseline, Ready, Unknown, kNo, kNo, kNo, "counting", 1, 80000},
        LoopCase{"from the step, earned", osr(kBaseline, 1, 100000), kBaseline, Ready, Unknown, kNo, Tier::O3, kNo, "one call", 1, 12500},
        LoopCase{"from the step to the top", osr(kBaseline, 1, 100000), kBaseline, Ready, Ready, Tier::O3, kNo, kNo, "ready", 1, 1000},
        LoopCase{"from the step, the top refuses", osr(kBaseline, 1, 200000), kBaseline, Ready, Refused, kNo, kNo, Tier::O3, "loops", 1000, 200000},
        LoopCase{"failures double the step's threshold", withFailures(osr(kInterpreter, 1, 1000), 1), kInterpreter, Unknown, Unknown, kNo, kNo, kNo, "counting", 19, 1000},
        LoopCase{"held", withHold(osr(kInterpreter, 1, 1000)), kInterpreter, Ready, Ready, kNo, kNo, kNo, "held", kUnbounded, kUnbounded},
        LoopCase{"switched off", at(kInterpreter, 1, 1000), kInterpreter, Ready, Ready, kNo, kNo, kBaseline, "loops", 1000, 1000}),
    nameOf);

TEST(AStep, CanBeTheTop) {
  Ladder two = *Ladder::parse("interpreter,baseline@10");
  check(two, {"asks", osr(kInterpreter, 1, 1000), kInterpreter, Unknown, Unknown, kNo, kBaseline, kBaseline, "loops", 1000, 1000});
  check(two, {"moves", osr(kInterpreter, 1, 1000), kInterpreter, Ready, Ready, kBaseline, kNo, kBaseline, "ready", 1000, 1000});
  check(two, {"is there", osr(kBaseline, 1, 1000), kBaseline, Ready, Ready, kNo, kNo, kNo, "top", kUnbounded, 1000});
  check(two, {"refuses", withoutBaseline(osr(kInterpreter, 1, 1000)), kInterpreter, Unknown, Unknown, kNo, kNo, kNo, "top", kUnbounded, 1000});
}

TEST(AForcedStep, GoesThroughBaselineWhereThatIs) {
  EXPECT_EQ(forcedStep(stepped(), kInterpreter, false), kBaseline);
  EXPECT_EQ(forcedStep(stepped(), kInterpreter, true), Tier::O3);
  EXPECT_EQ(forcedStep(stepped(), kBaseline, false), Tier::O3);
  EXPECT_EQ(forcedStep(*Ladder::parse("interpreter,O2@10"), kInterpreter, false), Tier::O2);
  EXPECT_EQ(forcedStep(Ladder::fixed(kInterpreter), kInterpreter, false), Tier::O3);
  EXPECT_EQ(forcedStep(Ladder::fixed(kBaseline), kBaseline, false), Tier::O3);
  EXPECT_EQ(forcedStep(*Ladder::parse("interpreter,baseline@10"), kInterpreter, true), Tier::O3);
  EXPECT_EQ(forcedStep(*Ladder::parse("O0,O3@10"), Tier::O0, false), Tier::O3);
}

// Rungs that refused the function.

TEST(ARefusedRung, IsNotThere) {
  TierSnapshot now = withoutBaseline(at(kInterpreter, 10, 0));
  EXPECT_EQ(firstBudget(stepped(), now).calls, 90);
  EXPECT_FALSE(decideTier(stepped(), now).promote);
  now.calls = 100;
  EXPECT_EQ(decideTier(stepped(), now).target, Tier::O2);
  now.refused |= tierBit(Tier::O2);
  EXPECT_FALSE(decideTier(stepped(), now).promote);
  EXPECT_EQ(firstBudget(stepped(), now).calls, 900);
}

TEST(ALargeFunction, GoesFromBaselineToTheTop) {
  TierSnapshot now = at(Tier::Baseline, 100, 0);
  EXPECT_EQ(decideTier(stepped(), now).target, Tier::O2);
  now.large = true;
  EXPECT_FALSE(decideTier(stepped(), now).promote);
  EXPECT_EQ(firstBudget(stepped(), now).calls, 900);
  now.calls = 1000;
  EXPECT_EQ(decideTier(stepped(), now).target, Tier::O3);
  // Of a ladder that ends with O2 that is the top.
  EXPECT_EQ(decideTier(*Ladder::parse("interpreter,baseline@10,O2@100"), now).target, Tier::O2);
  // Its way to baseline is everybody's.
  now.current = kInterpreter;
  now.calls = 10;
  EXPECT_EQ(decideTier(stepped(), now).target, Tier::Baseline);
}

TEST(ARefusedRung, AtTheTopLeavesNothingToCountFor) {
  TierSnapshot now = withoutBaseline(at(kInterpreter, 10, 0));
  EXPECT_EQ(firstBudget(*Ladder::parse("interpreter,baseline@10"), now).calls, kUnbounded);
}

TEST(FirstBudget, AtTheTopLeavesLoopsForActivationsThatWereLeftBehind) {
  EXPECT_EQ(firstBudget(ladder(), osr(Tier::O3, 0, 0)).loops, kOldActivationLoops);
  EXPECT_EQ(firstBudget(ladder(), osr(Tier::O3, 0, 0)).calls, kUnbounded);
  EXPECT_EQ(firstBudget(Ladder::fixed(Tier::O2), osr(Tier::O2, 0, 0)).loops, kUnbounded);
}

} // namespace
} // namespace kiln
