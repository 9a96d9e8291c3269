#include "tier/TierManager.h"

#include <gtest/gtest.h>

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
  };
  std::vector<Entry> entries;
  void onTierEvent(const TierEvent& event) override {
    entries.push_back({event.kind, std::string(event.function), std::string(event.reason), event.from, event.to, event.calls});
  }
};

class Manager : public testing::Test {
protected:
  test::TestTable table{2};
  Log log;
  std::vector<Tier> requested;
  PushResult answer = PushResult::Queued;
  TierManager manager = make(*Ladder::parse("O0,O2@100,O3@1000"));

  TierManager make(Ladder ladder, bool countAll = false, bool countNone = false) {
    TierManager::Settings settings;
    settings.ladder = std::move(ladder);
    settings.observer = &log;
    settings.countAll = countAll;
    settings.countNone = countNone;
    return TierManager(*table.functions, std::move(settings), [this](FunctionRecord& record, Tier tier) {
      requested.push_back(tier);
      if (answer == PushResult::Queued)
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
  EXPECT_EQ(tier(), 0);
  publish(Tier::O2, 0x200);
  EXPECT_EQ(slot(), 0x200u);
  EXPECT_EQ(tier(), 2);
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
  EXPECT_EQ(tier(), 0);
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
  EXPECT_EQ(tier(), 0);
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

} // namespace
} // namespace kiln
