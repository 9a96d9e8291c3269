#include "tier/TierManager.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <mutex>
#include <thread>

#include "support/Table.h"

namespace kiln {
namespace {

struct Log final : Observer {
  struct Entry {
    TierEvent::Kind kind;
    std::string function, reason;
    std::optional<Tier> from;
    Tier to;
    std::uint64_t calls;
    std::optional<std::uint32_t> loop;
  };
  std::vector<Entry> entries;
  void onTierEvent(const TierEvent& event) override {
    entries.push_back({event.kind, std::string(event.function), std::string(event.reason), event.from, event.to, event.calls,
                       event.loop});
  }
};

class Manager : public testing::Test {
protected:
  test::TestTable table{2};
  Log log;
  std::vector<Tier> requested;
  std::vector<std::uint32_t> loops; ///< of the requests
  PushResult answer = PushResult::Queued;
  TierManager manager = make(*Ladder::parse("O0,O2@100,O3@1000"));

  TierManager make(Ladder ladder, bool countAll = false, bool countNone = false, bool osr = false) {
    TierManager::Settings settings;
    settings.ladder = std::move(ladder);
    settings.observer = &log;
    settings.countAll = countAll;
    settings.countNone = countNone;
    settings.osr = osr;
    return TierManager(*table.functions, std::move(settings), [this](FunctionRecord& record, Tier tier, std::uint32_t loop) {
      requested.push_back(tier);
      loops.push_back(loop);
      if (answer == PushResult::Queued && loop == kNoLoop)
        record.pendingTier.store(static_cast<int>(tier));
      return answer;
    });
  }
  FunctionRecord& f() { return table.record(0); }
  std::uintptr_t slot() { return table.functions->slot(0).load(); }
  /// A version whose entry address is its name in these tests.
  static Version version(Tier tier, std::uintptr_t entry) {
    Version made;
    made.tier = tier;
    made.entry = entry;
    return made;
  }
  /// As the compile thread does when the request ends.
  void publish(Tier tier, std::uintptr_t entry, bool force = false) {
    manager.publish(f(), version(tier, entry), "test", force);
    f().pendingTier.store(FunctionRecord::kNone);
  }
  /// Calls the function as its code would, entering the manager when the budget is spent.
  void call(int times) {
    for (int i = 0; i < times; ++i)
      if (table.countCall(0))
        manager.onBudgetSpent(f());
  }
  int tier() { return f().publishedTier.load(); }
};

TEST_F(Manager, PublishingMovesTheSlot) {
  EXPECT_EQ(tier(), FunctionRecord::kNone);
  publish(Tier::O0, 0x100);
  EXPECT_EQ(slot(), 0x100u);
  EXPECT_EQ(tier(), static_cast<int>(Tier::O0));
  publish(Tier::O2, 0x200);
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(tier(), static_cast<int>(Tier::O2));
  ASSERT_EQ(log.entries.size(), 2u);
  EXPECT_EQ(log.entries[0].kind, TierEvent::Kind::Published);
  EXPECT_EQ(log.entries[0].from, std::nullopt);
  EXPECT_EQ(log.entries[1].from, Tier::O0);
  EXPECT_EQ(log.entries[1].to, Tier::O2);
  EXPECT_EQ(log.entries[1].function, "f0");
}

TEST_F(Manager, ALowerVersionThatComesLateIsKeptButNotChosen) {
  publish(Tier::O3, 0x300);
  publish(Tier::O2, 0x200);
  EXPECT_EQ(slot(), 0x300u);
  EXPECT_EQ(f().versions.size(), 2u);
  EXPECT_TRUE(manager.select(f(), Tier::O2, "asked"));
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Demoted);
}

TEST_F(Manager, SelectingATierThatIsNotThereChangesNothing) {
  publish(Tier::O0, 0x100);
  EXPECT_FALSE(manager.select(f(), Tier::O2, "asked"));
  EXPECT_EQ(slot(), 0x100u);
}

TEST_F(Manager, SelectingOnlyUpDoesWhatPublishingWould) {
  publish(Tier::O0, 0x100);
  publish(Tier::O3, 0x300);
  EXPECT_TRUE(manager.select(f(), Tier::O0, "threshold", true)); // it is there, and not taken
  EXPECT_EQ(slot(), 0x300u);
  f().held.store(true);
  manager.select(f(), Tier::O0, "asked");
  EXPECT_TRUE(manager.select(f(), Tier::O3, "threshold", true));
  EXPECT_EQ(slot(), 0x100u);
  f().held.store(false);
  EXPECT_TRUE(manager.select(f(), Tier::O3, "threshold", true));
  EXPECT_EQ(slot(), 0x300u);
  EXPECT_FALSE(manager.select(f(), Tier::O2, "threshold", true));
}

TEST_F(Manager, AsksWhenTheBudgetIsSpent) {
  publish(Tier::O0, 0x100);
  call(100);
  EXPECT_TRUE(requested.empty()); // the budget is spent when it falls below zero
  call(1);
  ASSERT_EQ(requested.size(), 1u);
  EXPECT_EQ(requested[0], Tier::O2);
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Requested);
  EXPECT_EQ(log.entries.back().reason, "calls");
  EXPECT_EQ(log.entries.back().calls, 101u);
}

TEST_F(Manager, LoopsAskToo) {
  publish(Tier::O0, 0x100);
  ASSERT_TRUE(table.countLoops(0, 10001));
  manager.onBudgetSpent(f());
  EXPECT_EQ(requested, std::vector{Tier::O2});
  EXPECT_EQ(log.entries.back().reason, "loops");
}

TEST_F(Manager, DoesNotRepeatAPendingRequestAtEveryCall) {
  publish(Tier::O0, 0x100);
  call(900); // the compile is slow
  EXPECT_EQ(requested.size(), 1u);
}

TEST_F(Manager, ClimbsToTheTopAndStops) {
  publish(Tier::O0, 0x100);
  call(101);
  publish(Tier::O2, 0x200);
  call(900);
  EXPECT_EQ(requested, (std::vector{Tier::O2, Tier::O3}));
  publish(Tier::O3, 0x300);
  call(100000); // a count-all build would count on
  EXPECT_EQ(requested.size(), 2u);
}

TEST_F(Manager, AHoldEndsPromotion) {
  publish(Tier::O0, 0x100);
  publish(Tier::O2, 0x200);
  f().held.store(true);
  ASSERT_TRUE(manager.select(f(), Tier::O0, "asked"));
  call(100000);
  EXPECT_TRUE(requested.empty());
  // What was under way when the hold began is kept for later.
  publish(Tier::O3, 0x300);
  EXPECT_EQ(slot(), 0x100u);
  f().held.store(false);
  EXPECT_TRUE(manager.select(f(), Tier::O3, "asked"));
  EXPECT_EQ(slot(), 0x300u);
}

TEST_F(Manager, ForcePublishesUnderAHold) {
  publish(Tier::O2, 0x200);
  f().held.store(true);
  publish(Tier::O0, 0x100, true);
  EXPECT_EQ(slot(), 0x100u);
  EXPECT_EQ(tier(), static_cast<int>(Tier::O0));
}

TEST_F(Manager, AFailureIsReportedOnceAndDoublesTheThresholds) {
  publish(Tier::O0, 0x100);
  call(101);
  ASSERT_EQ(requested.size(), 1u);
  manager.reportFailure(f(), Tier::O2, {ErrorCode::CompileFailed, "no"});
  f().pendingTier.store(FunctionRecord::kNone);
  EXPECT_EQ(manager.failures(), 1u);
  EXPECT_EQ(f().failures.load(), 1u);
  EXPECT_EQ(f().lastFailure, "no");
  EXPECT_EQ(tier(), static_cast<int>(Tier::O0));
  ASSERT_EQ(log.entries.back().kind, TierEvent::Kind::Failed);
  EXPECT_EQ(log.entries.back().reason, "no");
  EXPECT_EQ(log.entries.back().from, Tier::O0);
  // At 1,102 calls the budget of that request ends: O2 (now from 200) is due, O3 (now from 2,000) is not.
  call(1001);
  ASSERT_EQ(requested.size(), 2u);
  EXPECT_EQ(requested[1], Tier::O2);
  std::size_t failed = 0;
  for (const Log::Entry& entry : log.entries)
    failed += entry.kind == TierEvent::Kind::Failed;
  EXPECT_EQ(failed, 1u);
}

TEST_F(Manager, WhatEndsAHoldCountsOnThoughItFails) {
  publish(Tier::O0, 0x100);
  f().held.store(true);
  f().arm(kUnbounded, 0); // as a demotion leaves it
  call(5000);
  EXPECT_TRUE(requested.empty());
  manager.release(f());
  EXPECT_FALSE(f().held.load());
  manager.reportFailure(f(), Tier::O3, {ErrorCode::CompileFailed, "no"});
  call(2);
  EXPECT_EQ(requested, std::vector{Tier::O3}); // 5,000 calls are more than twice its threshold
}

TEST_F(Manager, AReleaseOfWhatIsNotHeldLeavesTheBudgets) {
  publish(Tier::O0, 0x100);
  f().arm(5000, 5000);
  manager.release(f());
  call(4000);
  EXPECT_TRUE(requested.empty());
}

TEST_F(Manager, AFullQueueIsReportedAndAskedAgain) {
  publish(Tier::O0, 0x100);
  answer = PushResult::Full;
  call(101);
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Dropped);
  answer = PushResult::Queued;
  call(1001);
  EXPECT_EQ(requested.size(), 2u);
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Requested);
}

TEST_F(Manager, ABusyQueueIsAskedAgainSoon) {
  publish(Tier::O0, 0x100);
  answer = PushResult::Busy;
  call(101);
  std::size_t before = log.entries.size();
  answer = PushResult::Queued;
  call(17);
  EXPECT_EQ(requested.size(), 2u);
  EXPECT_EQ(log.entries.size(), before + 1); // being busy is no event
}

TEST_F(Manager, ACloseIsSilent) {
  publish(Tier::O0, 0x100);
  answer = PushResult::Closed;
  std::size_t before = log.entries.size();
  call(5000);
  EXPECT_EQ(log.entries.size(), before);
}

TEST_F(Manager, RecordsFromItsStageUntilBetterCodeIsAskedFor) {
  bool possible = false;
  TierManager recording(*table.functions,
                        {.ladder = *Ladder::parse("interpreter>9,baseline@10,O2@100"), .recordAt = {25, 2500},
                         .record =
                             [&](FunctionRecord& record) {
                               if (!possible)
                                 return false;
                               Version made = version(Tier::Baseline, 0x200);
                               made.records = true;
                               recording.publish(record, std::move(made), "profile", true);
                               return true;
                             }},
                        [&](FunctionRecord&, Tier tier, std::uint32_t) {
                          requested.push_back(tier);
                          return PushResult::Queued;
                        });
  recording.publish(f(), version(Tier::Baseline, 0x100), "test");
  auto callIt = [&](int times) {
    for (int i = 0; i < times; ++i)
      if (table.countCall(0))
        recording.onBudgetSpent(f());
  };
  callIt(26);
  EXPECT_EQ(slot(), 0x100u); // not now
  possible = true;
  callIt(17);
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(f().recording.load(), Recording::On);
  EXPECT_TRUE(requested.empty());
  callIt(58);
  EXPECT_EQ(requested, std::vector{Tier::O2});
  EXPECT_EQ(slot(), 0x100u); // without recorders until O2 is there
  EXPECT_EQ(f().recording.load(), Recording::Done);
  callIt(5000);
  EXPECT_EQ(slot(), 0x100u);
}

/// A function that records, and whose better code is asked for.
class EndOfRecording : public Manager {
protected:
  static inline volatile sig_atomic_t handled = 0;
  bool inHandler = false;
  std::function<void()> changed;
  TierManager recording{*table.functions,
                        {.ladder = *Ladder::parse("interpreter>9,baseline@10,O2@100"),
                         .mayBeInHandler = [this](const sigset_t&) { return inHandler; },
                         .versionsChanged =
                             [this](FunctionRecord&) {
                               if (changed)
                                 changed();
                             }},
                        [](FunctionRecord&, Tier, std::uint32_t) { return PushResult::Queued; }};

  void SetUp() override {
    recording.publish(f(), version(Tier::Baseline, 0x100), "test");
    Version made = version(Tier::Baseline, 0x200);
    made.records = true;
    recording.publish(f(), std::move(made), "profile", true);
    f().recording = Recording::On;
  }
  void ask() {
    while (!table.countCall(0))
      ;
    recording.onBudgetSpent(f());
  }
};

TEST_F(EndOfRecording, InAHandlerIsPutOff) {
  inHandler = true;
  ask();
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(f().recording.load(), Recording::On);
  inHandler = false;
  ask();
  EXPECT_EQ(slot(), 0x100u);
  EXPECT_EQ(f().recording.load(), Recording::Done);
}

TEST_F(EndOfRecording, WaitsForNobody) {
  std::unique_lock held(f().mutex);
  std::thread([&] { ask(); }).join(); // would never end
  held.unlock();
  EXPECT_EQ(slot(), 0x200u);
  ask();
  EXPECT_EQ(slot(), 0x100u);
}

TEST_F(EndOfRecording, NoHandlerRunsOnTopOfItsLock) {
  struct sigaction catching{}, before{};
  catching.sa_handler = [](int) { handled = 1; };
  handled = 0;
  ASSERT_EQ(sigaction(SIGUSR1, &catching, &before), 0);
  bool during = true;
  changed = [&] {
    raise(SIGUSR1);
    during = handled;
  };
  ask();
  EXPECT_FALSE(during);
  EXPECT_TRUE(handled);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(Manager, ARequestIsAnsweredWithWhatTheFunctionHasReachedByThen) {
  publish(Tier::O0, 0x100);
  call(101);
  ASSERT_EQ(requested, std::vector{Tier::O2});
  f().pendingTier = static_cast<int>(Tier::O2);
  EXPECT_EQ(manager.tierByNow(f(), Tier::O2), Tier::O2);
  call(1000); // it waits
  EXPECT_EQ(manager.tierByNow(f(), Tier::O2), Tier::O3);
  EXPECT_EQ(manager.tierByNow(f(), Tier::O3), Tier::O3);
}

TEST_F(Manager, ARefusalInAPromotionLeavesTheFunctionForTheNextRung) {
  TierManager refusing(*table.functions, {.ladder = *Ladder::parse("interpreter,baseline@10,O2@100"), .observer = &log},
                       [&](FunctionRecord& record, Tier tier, std::uint32_t) {
                         requested.push_back(tier);
                         if (tier == Tier::Baseline)
                           refusing.refuse(record, tier, "not this one");
                         return PushResult::Queued;
                       });
  refusing.publish(f(), version(Tier::Interpreter, 0x100), "test");
  auto callIt = [&](int times) {
    for (int i = 0; i < times; ++i)
      if (table.countCall(0))
        refusing.onBudgetSpent(f());
  };
  callIt(11);
  EXPECT_EQ(requested, std::vector{Tier::Baseline});
  EXPECT_EQ(tier(), static_cast<int>(Tier::Interpreter));
  EXPECT_EQ(slot(), 0x100u);
  EXPECT_EQ(f().failures.load(), 0u); // thresholds stay
  ASSERT_EQ(log.entries.size(), 3u);  // a request for baseline is told before it is carried out
  EXPECT_EQ(log.entries[1].kind, TierEvent::Kind::Requested);
  EXPECT_EQ(log.entries[2].kind, TierEvent::Kind::Failed);
  EXPECT_EQ(log.entries[2].reason, "not this one");
  EXPECT_EQ(log.entries[2].to, Tier::Baseline);
  callIt(89);
  EXPECT_EQ(requested.size(), 1u);
  callIt(1);
  EXPECT_EQ(requested, (std::vector{Tier::Baseline, Tier::O2}));
}

TEST_F(Manager, ARefusalBeforeTheFirstVersionIsRemembered) {
  manager.refuse(f(), Tier::Baseline, "not this one");
  EXPECT_TRUE(f().refusedBy(Tier::Baseline));
  EXPECT_FALSE(f().refusedBy(Tier::Interpreter));
  EXPECT_TRUE(log.entries.empty()); // what takes it instead is told
}

TEST_F(Manager, VersionsRememberTheCallsBefore) {
  publish(Tier::O0, 0x100);
  call(50);
  publish(Tier::O2, 0x200);
  EXPECT_EQ(f().versions[0].callsBefore, 0u);
  EXPECT_EQ(f().versions[1].callsBefore, 50u);
}

TEST_F(Manager, WhatCounts) {
  EXPECT_TRUE(manager.counts(Tier::O0));
  EXPECT_TRUE(manager.counts(Tier::O2));
  EXPECT_FALSE(manager.counts(Tier::O3));
  TierManager fixed = make(Ladder::fixed(Tier::O1));
  EXPECT_FALSE(fixed.counts(Tier::O1));
  TierManager all = make(Ladder::fixed(Tier::O3), true);
  EXPECT_TRUE(all.counts(Tier::O3));
  TierManager none = make(Ladder::standard(), false, true);
  EXPECT_FALSE(none.counts(Tier::O0));
}

// Activations that loop.

class LoopManager : public Manager {
protected:
  TierManager moving = make(*Ladder::parse("O0,O2@100,O3@1000"), false, false, true);

  void SetUp() override { moving.publish(f(), version(Tier::O0, 0x100), "test"); }
  /// An activation of the lowest tier loops so often, and asks at the header of loop 7 whenever the budget is spent.
  std::uintptr_t loop(std::int64_t times) {
    for (std::int64_t done = 0; done < times; done += 100)
      if (table.countLoops(0, 100))
        if (std::uintptr_t to = moving.onLoopBudgetSpent(f(), 7, Tier::O0))
          return to;
    return 0;
  }
  Version continuation(std::uintptr_t entry) {
    Version made = version(Tier::O3, entry);
    made.loop = 7;
    return made;
  }
};

TEST_F(LoopManager, AsksForAContinuationOnceTheLoopHasEarnedTheTop) {
  table.countCall(0);
  EXPECT_EQ(loop(99000), 0u);
  EXPECT_TRUE(requested.empty()); // called once: no version of the function would help
  EXPECT_EQ(loop(2000), 0u);
  ASSERT_EQ(requested, std::vector{Tier::O3});
  EXPECT_EQ(loops, std::vector<std::uint32_t>{7});
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Requested);
  EXPECT_EQ(log.entries.back().loop, 7u);
  EXPECT_EQ(log.entries.back().reason, "one call");
}

TEST_F(LoopManager, MovesOnceThereIsAContinuation) {
  table.countCall(0);
  loop(101000);
  moving.publishLoop(f(), continuation(0x700), "threshold");
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::LoopPublished);
  EXPECT_EQ(slot(), 0x100u); // calls go where they went
  EXPECT_EQ(tier(), static_cast<int>(Tier::O0));
  EXPECT_EQ(loop(1000000), 0x700u);
  EXPECT_EQ(f().osrTransfers.load(), 1u);
  EXPECT_EQ(moving.onLoopBudgetSpent(f(), 8, Tier::O0), 0u); // another loop
}

TEST_F(LoopManager, DoesNotAskAgainForWhatWasRefused) {
  table.countCall(0);
  loop(101000);
  moving.refuseLoop(f(), Tier::O3, 7, "for this test");
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Failed);
  EXPECT_EQ(f().failures.load(), 0u); // the function's own thresholds stay
  std::size_t before = requested.size();
  EXPECT_EQ(loop(10000000), 0u);
  for (std::size_t i = before; i < loops.size(); ++i)
    EXPECT_EQ(loops[i], kNoLoop);
}

TEST_F(LoopManager, AnActivationThatWasLeftBehindMoves) {
  for (int i = 0; i < 5; ++i)
    table.countCall(0);
  // Better code is published; only this activation still counts.
  moving.publish(f(), version(Tier::O3, 0x300), "test");
  EXPECT_EQ(loop(200000), 0u);
  ASSERT_FALSE(loops.empty());
  EXPECT_EQ(loops.back(), 7u);
  EXPECT_EQ(log.entries.back().reason, "left behind");
}

TEST_F(LoopManager, ABusyQueueIsAskedAgainSoon) {
  table.countCall(0);
  loop(99900);
  answer = PushResult::Busy;
  loop(1000);
  ASSERT_FALSE(loops.empty());
  std::size_t asked = loops.size();
  loop(2000);
  EXPECT_GT(loops.size(), asked);
}

/// As the engine does: baseline code is made before the request returns.
class SteppingManager : public Manager {
protected:
  bool refuseFunction = false, refuseLoop = false;
  TierManager stepping = TierManager(*table.functions,
                                     {.ladder = *Ladder::parse("interpreter,baseline@10,O3@1000"), .observer = &log, .osr = true},
                                     [this](FunctionRecord& record, Tier tier, std::uint32_t loop) {
                                       requested.push_back(tier);
                                       loops.push_back(loop);
                                       if (tier == Tier::Baseline)
                                         make(record, loop);
                                       return PushResult::Queued;
                                     });
  void make(FunctionRecord& record, std::uint32_t loop) {
    if (loop == kNoLoop && refuseFunction)
      return stepping.refuse(record, Tier::Baseline, "not this one");
    if (loop != kNoLoop && refuseLoop)
      return stepping.refuseLoop(record, Tier::Baseline, loop, "not this loop");
    Version made = version(Tier::Baseline, loop == kNoLoop ? 0x200 : 0x700 + loop);
    made.loop = loop;
    loop == kNoLoop ? stepping.publish(record, made, "test") : stepping.publishLoop(record, made, "test");
  }
  void SetUp() override {
    stepping.publish(f(), version(Tier::Interpreter, 0x100), "test");
    table.countCall(0);
  }
  /// Loops until the activation moves, at most so often.
  std::uintptr_t loop(std::int64_t times, Tier running) {
    for (std::int64_t done = 0; done < times; done += 100)
      if (table.countLoops(0, 100))
        if (std::uintptr_t to = stepping.onLoopBudgetSpent(f(), 7, running))
          return to;
    return 0;
  }
};

TEST_F(SteppingManager, AnActivationGoesThroughBaseline) {
  EXPECT_EQ(loop(900, Tier::Interpreter), 0u);
  EXPECT_EQ(loop(200, Tier::Interpreter), 0x707u);
  EXPECT_EQ(requested, (std::vector{Tier::Baseline, Tier::Baseline})); // the function, then its loop
  EXPECT_EQ(loops, (std::vector{kNoLoop, 7u}));
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(f().osrTransfers.load(), 1u);
  // From there it asks for the top when that is earned, by the old rules.
  EXPECT_EQ(loop(90000, Tier::Baseline), 0u);
  EXPECT_EQ(requested.size(), 2u);
  EXPECT_EQ(loop(10000, Tier::Baseline), 0u);
  ASSERT_EQ(requested.size(), 3u);
  EXPECT_EQ(requested.back(), Tier::O3);
  EXPECT_EQ(loops.back(), 7u);
  EXPECT_EQ(stepping.onLoopBudgetSpent(f(), 7, Tier::Interpreter), 0x707u); // another activation, meanwhile
  Version top = version(Tier::O3, 0x900);
  top.loop = 7;
  stepping.publishLoop(f(), top, "test");
  EXPECT_EQ(stepping.onLoopBudgetSpent(f(), 7, Tier::Baseline), 0x900u);
  EXPECT_EQ(stepping.onLoopBudgetSpent(f(), 7, Tier::Interpreter), 0x900u);
  EXPECT_EQ(stepping.onLoopBudgetSpent(f(), 7, Tier::O3), 0u);
  EXPECT_EQ(f().osrTransfers.load(), 4u);
}

TEST_F(SteppingManager, ARefusedLoopIsAskedForAtTheTopOnly) {
  refuseLoop = true;
  EXPECT_EQ(loop(90000, Tier::Interpreter), 0u);
  EXPECT_EQ(loops, (std::vector{kNoLoop, 7u}));
  EXPECT_EQ(loop(20000, Tier::Interpreter), 0u);
  EXPECT_EQ(requested.back(), Tier::O3);
}

TEST_F(SteppingManager, ALoopOfARefusedFunctionIsNotAskedFor) {
  refuseFunction = true;
  EXPECT_EQ(loop(90000, Tier::Interpreter), 0u);
  EXPECT_EQ(requested, std::vector{Tier::Baseline});
  EXPECT_EQ(loop(20000, Tier::Interpreter), 0u);
  EXPECT_EQ(requested, (std::vector{Tier::Baseline, Tier::O3}));
  EXPECT_EQ(loops.back(), 7u);
}

TEST_F(LoopManager, NothingMovesUnderAHoldOrWithoutTheOption) {
  table.countCall(0);
  moving.publishLoop(f(), continuation(0x700), "threshold");
  f().held.store(true);
  EXPECT_EQ(moving.onLoopBudgetSpent(f(), 7, Tier::O0), 0u);
  f().held.store(false);
  EXPECT_EQ(manager.onLoopBudgetSpent(f(), 7, Tier::O0), 0u);
  EXPECT_EQ(moving.onLoopBudgetSpent(f(), 7, Tier::O3), 0u); // it runs the best already
  EXPECT_EQ(moving.onLoopBudgetSpent(f(), 7, Tier::O0), 0x700u);
}

TEST_F(LoopManager, SelectingATierNeverFindsAContinuation) {
  moving.publishLoop(f(), continuation(0x700), "threshold");
  EXPECT_FALSE(moving.select(f(), Tier::O3, "asked"));
  EXPECT_EQ(slot(), 0x100u);
}

TEST_F(Manager, WithdrawnCodeIsLeftForTheBestBelowAndItsSuccessorTakesItsPlace) {
  publish(Tier::O0, 0x100);
  publish(Tier::O2, 0x200);
  publish(Tier::O3, 0x300);
  manager.withdraw(f(), kNoLoop, 0x300, "assumption failed");
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(log.entries.back().kind, TierEvent::Kind::Demoted);
  EXPECT_FALSE(manager.select(f(), Tier::O3, "asked"));
  publish(Tier::O3, 0x310);
  EXPECT_EQ(slot(), 0x310u);
  manager.withdraw(f(), kNoLoop, 0x300, "assumption failed"); // it was gone
  EXPECT_EQ(slot(), 0x310u);
}

/// Who asks for the successor may be held up, so that it is there before the old code is withdrawn.
TEST_F(Manager, ASuccessorThatIsThereAlreadyIsTaken) {
  publish(Tier::O0, 0x100);
  publish(Tier::O3, 0x300);
  publish(Tier::O3, 0x310); // no better than what is there
  EXPECT_EQ(slot(), 0x300u);
  manager.withdraw(f(), kNoLoop, 0x300, "assumption failed");
  EXPECT_EQ(slot(), 0x310u);
  EXPECT_EQ(tier(), static_cast<int>(Tier::O3));
  // An older version of the same tier may take for granted what failed.
  manager.select(f(), Tier::O0, "asked");
  publish(Tier::O3, 0x320, true);
  manager.withdraw(f(), kNoLoop, 0x320, "assumption failed");
  EXPECT_EQ(slot(), 0x100u);
}

TEST_F(Manager, AWithdrawnContinuationIsReplacedInWhateverOrder) {
  auto continuation = [&](std::uintptr_t entry) {
    Version made = version(Tier::O3, entry);
    made.loop = 7;
    manager.publishLoop(f(), std::move(made), "test");
  };
  auto entry = [&] { return f().osrEntry(7, Tier::O3)->address; };
  publish(Tier::O0, 0x100);
  continuation(0x370);
  manager.withdraw(f(), 7, 0x370, "assumption failed");
  EXPECT_EQ(entry(), 0u);
  continuation(0x371);
  EXPECT_EQ(entry(), 0x371u);
  continuation(0x372); // before its predecessor goes
  manager.withdraw(f(), 7, 0x371, "assumption failed");
  EXPECT_EQ(entry(), 0x372u);
  EXPECT_EQ(slot(), 0x100u);
}

} // namespace
} // namespace kiln
