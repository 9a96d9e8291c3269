// Which versions are retired, when their memory goes, and what becomes of the books. Who is inside is the test's to
// say.
#include "function/Retirement.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>

#include "support/Table.h"
#include "tier/TierManager.h"

namespace kiln {
namespace {

class Retire : public testing::Test {
protected:
  static constexpr std::size_t kBytes = 96;
  test::TestTable table{8};
  UnwindRegistry unwind;
  std::set<std::uintptr_t> occupied; ///< addresses that someone is said to be inside of
  std::string_view obstacle;
  bool foreign = false;
  unsigned looks = 0;
  std::vector<std::uintptr_t> gone;
  Retirement retirement{*table.space, unwind, {1, [this](auto spans, const CallerMark&) { return look(spans); },
                                               [this](std::uintptr_t code) { gone.push_back(code); }}};
  TierManager manager{*table.functions, settings(),
                      [](FunctionRecord&, Tier, std::uint32_t) { return PushResult::Closed; }};

  TierManager::Settings settings() {
    TierManager::Settings made;
    made.ladder = *Ladder::parse("O0,O1@20,O2@200,O3@2000");
    made.versionsChanged = [this](FunctionRecord& record) { retirement.note(record); };
    return made;
  }
  ScanResult look(std::span<const AddressSpan> spans) {
    ++looks;
    ScanResult result{obstacle, foreign, {}};
    for (const AddressSpan& span : spans) {
      auto first = occupied.lower_bound(span.begin);
      result.inside.push_back(first != occupied.end() && *first < span.end);
    }
    return result;
  }
  Version made(Tier tier, std::uint32_t loop = kNoLoop) {
    Version version;
    version.tier = tier;
    version.loop = loop;
    version.codeBytes = kBytes;
    version.times.passes = 10;
    version.memory.push_back(*table.space->allocate(CodeArena::Code, kBytes, 16));
    version.memory.push_back(*table.space->allocate(CodeArena::Constants, kBytes, 16));
    memset(version.memory[0].rw, 0x90, kBytes);
    version.entry = reinterpret_cast<std::uintptr_t>(version.memory[0].rx);
    return version;
  }
  /// Publishes a new version and returns its code.
  const unsigned char* publish(std::uint32_t id, Tier tier, bool force = false) {
    Version version = made(tier);
    auto* code = reinterpret_cast<const unsigned char*>(version.entry);
    manager.publish(table.record(id), std::move(version), "test", force);
    return code;
  }
  bool trapped(const unsigned char* code) {
    return std::all_of(code, code + kBytes, [](unsigned char c) { return c == 0xcc; });
  }
  std::uintptr_t address(const unsigned char* code) { return reinterpret_cast<std::uintptr_t>(code); }
};

TEST_F(Retire, WhatIsSupersededAndNothingElse) {
  auto* bottom = publish(0, Tier::O0);
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_EQ(looks, 0u); // nobody is asked for nothing
  auto* better = publish(0, Tier::O2);
  EXPECT_EQ(retirement.counts().supersededBytes, 2 * kBytes);
  std::size_t used = table.space->bytesUsed();
  EXPECT_TRUE(retirement.due());
  EXPECT_EQ(retirement.round(), 2 * kBytes);
  EXPECT_TRUE(trapped(bottom));
  EXPECT_FALSE(trapped(better));
  EXPECT_EQ(table.space->bytesUsed(), used - 2 * kBytes);
  EXPECT_EQ(table.functions->slot(0).load(), address(better));
  auto counts = retirement.counts();
  EXPECT_EQ(counts.versionsRetired, 1u);
  EXPECT_EQ(counts.versionsFreed, 1u);
  EXPECT_EQ(counts.freedBytes, 2 * kBytes);
  EXPECT_EQ(counts.supersededBytes + counts.waitingBytes, 0u);
  EXPECT_FALSE(retirement.due());
}

TEST_F(Retire, WhoIsInsideKeepsCodeAndConstants) {
  auto* first = publish(0, Tier::O0);
  auto* second = publish(1, Tier::O0);
  std::uintptr_t constants = 0;
  constants = reinterpret_cast<std::uintptr_t>(table.record(1).versions[0].memory[1].rx);
  publish(0, Tier::O1);
  publish(1, Tier::O1);
  occupied = {address(first) + 17, constants + kBytes - 1};
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_FALSE(trapped(first));
  EXPECT_FALSE(trapped(second)); // its constants are in use
  EXPECT_EQ(retirement.counts().postponed.at("threads are inside"), 1u);
  EXPECT_EQ(retirement.counts().waitingBytes, 4 * kBytes);
  EXPECT_EQ(gone, std::vector<std::uintptr_t>{});
  occupied.erase(constants + kBytes - 1);
  EXPECT_EQ(retirement.round(true), 2 * kBytes);
  EXPECT_FALSE(trapped(first));
  EXPECT_TRUE(trapped(second));
  EXPECT_EQ(gone, std::vector{address(second)}); // told by its code, once
  occupied.clear();
  EXPECT_EQ(retirement.round(true), 2 * kBytes);
  EXPECT_TRUE(trapped(first));
}

TEST_F(Retire, ARetiredVersionIsNotChosenAgain) {
  publish(0, Tier::O0);
  auto* better = publish(0, Tier::O2);
  EXPECT_TRUE(manager.select(table.record(0), Tier::O0, "asked")); // superseded: a store
  EXPECT_EQ(retirement.counts().supersededBytes, 2 * kBytes);      // now the other one
  occupied = {address(better)};
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_FALSE(manager.select(table.record(0), Tier::O2, "asked"));
  auto* again = publish(0, Tier::O2, true);
  EXPECT_EQ(table.functions->slot(0).load(), address(again));
  EXPECT_TRUE(manager.select(table.record(0), Tier::O2, "asked"));
  EXPECT_EQ(table.functions->slot(0).load(), address(again));
}

TEST_F(Retire, AVersionThatWasNeverPublished) {
  publish(0, Tier::O0);
  table.record(0).held = true;
  auto* unwanted = publish(0, Tier::O2);
  EXPECT_EQ(retirement.round(), 2 * kBytes);
  EXPECT_TRUE(trapped(unwanted));
  EXPECT_FALSE(manager.select(table.record(0), Tier::O2, "asked"));
}

TEST_F(Retire, ContinuationsLastingCodeAndWhatTheyNameStay) {
  FunctionRecord& record = table.record(0);
  Version lasting = made(Tier::O0);
  lasting.lasting = true;
  manager.publish(record, std::move(lasting), "test");
  manager.publishLoop(record, made(Tier::O1, 7), "test");
  Version withEntry = made(Tier::O1);
  {
    std::lock_guard lock(record.mutex);
    record.addOsrEntry(3, Tier::O1, withEntry.entry + 40);
  }
  manager.publish(record, std::move(withEntry), "test");
  publish(0, Tier::O2);
  EXPECT_EQ(retirement.counts().supersededBytes, 0u);
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_EQ(looks, 0u);
  for (const Version& version : record.versions)
    EXPECT_FALSE(version.retired);
}

TEST_F(Retire, AnObstacleKeepsEverythingAndIsCounted) {
  auto* old = publish(0, Tier::O0);
  publish(0, Tier::O1);
  obstacle = "no look";
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_FALSE(trapped(old));
  EXPECT_FALSE(retirement.due()); // not again at once
  EXPECT_EQ(retirement.round(), 0u);
  EXPECT_EQ(looks, 1u);
  EXPECT_EQ(retirement.counts().postponed.at("no look"), 1u);
  obstacle = {};
  EXPECT_EQ(retirement.round(true), 2 * kBytes);
  EXPECT_EQ(retirement.counts().rounds, 2u);
}

TEST_F(Retire, AForeignStackEndsIt) {
  auto* old = publish(0, Tier::O0);
  publish(0, Tier::O1);
  obstacle = "a stack";
  foreign = true;
  EXPECT_EQ(retirement.round(), 0u);
  foreign = false;
  obstacle = {};
  EXPECT_EQ(retirement.round(true), 0u);
  EXPECT_FALSE(trapped(old));
  EXPECT_EQ(looks, 1u);
  EXPECT_EQ(retirement.counts().off, "a stack");
}

TEST_F(Retire, TheBooksOfOneFunctionStaySmall) {
  publish(0, Tier::O0);
  for (int i = 0; i < 50; ++i) {
    publish(0, Tier::O2, true);
    publish(0, Tier::O1, true);
    EXPECT_GT(retirement.round(true), 0u);
  }
  FunctionRecord& record = table.record(0);
  EXPECT_LE(record.versions.size(), 4u); // O1 published; O0, O1 and O2 retired
  EXPECT_EQ(record.forgotten.versions + record.versions.size(), 101u);
  EXPECT_EQ(record.forgotten.compileNs, record.forgotten.versions * 10);
  EXPECT_EQ(retirement.counts().versionsFreed, 100u);
}

TEST_F(Retire, BelowTheBoundNothingIsDue) {
  Retirement patient(*table.space, unwind, {10 * kBytes, [this](std::span<const AddressSpan> spans, const CallerMark&) {
                                              return look(spans);
                                            }});
  publish(0, Tier::O0);
  publish(0, Tier::O1);
  {
    std::lock_guard lock(table.record(0).mutex);
    table.record(0).supersededBytes = 0;
    table.record(0).retirementListed = false;
    patient.note(table.record(0));
  }
  EXPECT_FALSE(patient.due());
  Retirement off(*table.space, unwind, {0, {}});
  EXPECT_FALSE(off.due());
  EXPECT_EQ(off.round(true), 0u);
}

TEST_F(Retire, TheUnwindersObjectsGoToo) {
  unwind.retry();
  // One function's table: each change replaces the object of its stretch. The sections are empty.
  std::vector<std::uint32_t> section(4, 0);
  section[0] = 4; // a length that is not zero, or the unwinder takes it for nothing
  auto* code = publish(0, Tier::O0);
  for (int i = 0; i < 3000; ++i) {
    unwind.add(section.data(), address(code));
    unwind.remove(section.data(), address(code));
  }
  std::size_t before = unwind.withdrawn();
  EXPECT_GE(before, 3000u);
  obstacle = "no look";
  publish(0, Tier::O1);
  retirement.round(true);
  EXPECT_EQ(unwind.withdrawn(), before);
  obstacle = {};
  retirement.round(true);
  EXPECT_EQ(unwind.withdrawn(), 0u);
}

/// Threads that call, change tiers and make rounds at once. A thread says which code it is in, as stacks do in earnest:
/// it announces the address, and looks again whether the slot still leads there before it goes in.
class RetireLoad : public Retire {
protected:
  static constexpr unsigned kCallers = 3;
  std::array<std::atomic<std::uintptr_t>, kCallers> in{};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> calls{0};

  void callAll(unsigned self) {
    while (!stop.load())
      for (std::uint32_t id = 0; id < table.functions->size(); ++id) {
        std::uintptr_t entry = table.functions->slot(id).load();
        in[self].store(entry);
        bool there = table.functions->slot(id).load() == entry;
        for (int i = 0; there && i < 3; ++i) // a trap would be the end
          ASSERT_EQ(*reinterpret_cast<const volatile unsigned char*>(entry), 0x90);
        in[self].store(0);
        calls.fetch_add(1);
      }
  }
};

TEST_F(RetireLoad, NothingIsFreedUnderACaller) {
  Retirement under(*table.space, unwind, {1, [this](std::span<const AddressSpan> spans, const CallerMark&) {
                                            ScanResult result;
                                            for (const AddressSpan& span : spans)
                                              result.inside.push_back(std::any_of(in.begin(), in.end(), [&](auto& at) {
                                                std::uintptr_t address = at.load();
                                                return address >= span.begin && address < span.end;
                                              }));
                                            return result;
                                          }});
  TierManager::Settings made;
  made.ladder = *Ladder::parse("O0,O1@20,O2@200,O3@2000");
  made.versionsChanged = [&](FunctionRecord& record) { under.note(record); };
  TierManager tiers(*table.functions, std::move(made),
                    [](FunctionRecord&, Tier, std::uint32_t) { return PushResult::Closed; });
  for (std::uint32_t id = 0; id < table.functions->size(); ++id)
    tiers.publish(table.record(id), this->made(Tier::O0), "test");
  std::vector<std::thread> threads;
  for (unsigned self = 0; self < kCallers; ++self)
    threads.emplace_back([&, self] { callAll(self); });
  std::atomic<int> changers{2};
  for (int c = 0; c < 2; ++c)
    threads.emplace_back([&, c] {
      for (int round = 0; round < 2000; ++round) {
        FunctionRecord& record = table.record(static_cast<std::uint32_t>(round + c) % 8);
        Tier tier = kAllTiers[1 + static_cast<std::size_t>(round / 8) % 4];
        if (!tiers.select(record, tier, "asked"))
          tiers.publish(record, this->made(tier), "test", true);
        under.round(true);
      }
      --changers;
    });
  while (changers.load() != 0) {
    (void)under.counts();
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  under.round(true);
  EXPECT_GT(calls.load(), 0u);
  EXPECT_GT(under.counts().versionsFreed, 100u);
  EXPECT_EQ(under.counts().waitingBytes, 0u);
  std::size_t alive = 0;
  for (std::uint32_t id = 0; id < table.functions->size(); ++id)
    for (const Version& version : table.record(id).versions)
      alive += version.memoryBytes();
  EXPECT_EQ(table.space->bytesUsed() - alive, table.functions->size() * 16 + 32); // stubs and thunks
}

} // namespace
} // namespace kiln
