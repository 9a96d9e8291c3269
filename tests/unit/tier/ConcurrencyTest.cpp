// Queue, pool and manager together under many threads, with a compiler that makes nothing. Meant for ThreadSanitizer,
// which cannot see into generated code: here C++ counts as that code does.
#include <gtest/gtest.h>

#include <thread>

#include "compile/CompilePool.h"
#include "support/Table.h"
#include "tier/TierManager.h"

namespace kiln {
namespace {

struct Counter final : Observer {
  std::atomic<std::uint64_t> requested{0}, published{0}, failed{0};
  void onTierEvent(const TierEvent& event) override {
    if (event.kind == TierEvent::Kind::Requested)
      requested.fetch_add(1, std::memory_order_relaxed);
    if (event.kind == TierEvent::Kind::Published)
      published.fetch_add(1, std::memory_order_relaxed);
    if (event.kind == TierEvent::Kind::Failed)
      failed.fetch_add(1, std::memory_order_relaxed);
  }
};

class Climb : public testing::Test {
protected:
  static constexpr std::uint32_t kFunctions = 40;
  const int owner = 0;
  test::TestTable table{kFunctions};
  Counter counter;
  CompileQueue queue{16};
  std::mutex foreground;
  std::unique_ptr<TierManager> manager;
  std::unique_ptr<CompilePool> pool;

  /// The entry address of a version names its function and tier.
  static std::uintptr_t entryOf(std::uint32_t id, Tier tier) { return 0x1000 + 16 * id + static_cast<unsigned>(tier); }

  void SetUp() override {
    TierManager::Settings settings;
    settings.ladder = *Ladder::parse("interpreter,baseline@20,O2@200,O3@2000");
    settings.observer = &counter;
    manager = std::make_unique<TierManager>(*table.functions, std::move(settings), [this](FunctionRecord& record, Tier tier, std::uint32_t) {
      if (tier == Tier::Baseline)
        return compileHere(record);
      PushResult result = queue.push({&owner, &record, tier});
      if (result == PushResult::Queued)
        pool->start();
      return result;
    });
    pool = std::make_unique<CompilePool>(queue, 3, [this](const QueuedCompile& request, unsigned) { compile(request); });
    for (std::uint32_t id = 0; id < kFunctions; ++id)
      install(id, Tier::Interpreter);
  }
  /// Baseline: in the thread that asks. Every fifth function is refused.
  PushResult compileHere(FunctionRecord& record) {
    std::unique_lock lock(foreground, std::try_to_lock);
    if (!lock)
      return PushResult::Busy;
    if (record.id % 5 == 0)
      manager->refuse(record, Tier::Baseline, "on purpose");
    else if (!manager->select(record, Tier::Baseline, "threshold", true))
      install(record.id, Tier::Baseline);
    return PushResult::Queued;
  }
  void compile(const QueuedCompile& request) {
    // Every seventh function fails at its first attempt.
    if (request.function->id % 7 == 0 && request.function->failures.load(std::memory_order_relaxed) == 0)
      manager->reportFailure(*request.function, request.tier, {ErrorCode::CompileFailed, "on purpose"});
    else
      install(request.function->id, request.tier);
  }
  void install(std::uint32_t id, Tier tier) {
    Version version;
    version.tier = tier;
    version.entry = entryOf(id, tier);
    manager->publish(table.record(id), std::move(version), "test");
  }
  /// One pass of a program's thread over all functions. Every slot leads to a version of its own function.
  void callAll(int times) {
    for (int i = 0; i < times; ++i)
      for (std::uint32_t id = 0; id < kFunctions; ++id) {
        std::uintptr_t entry = table.functions->slot(id).load(std::memory_order_acquire);
        ASSERT_EQ((entry - 0x1000) / 16, id);
        if (table.countCall(id))
          manager->onBudgetSpent(table.record(id));
      }
  }
  bool allAtTop() {
    for (std::uint32_t id = 0; id < kFunctions; ++id)
      if (table.record(id).publishedTier.load(std::memory_order_acquire) != static_cast<int>(Tier::O3))
        return false;
    return true;
  }
};

TEST_F(Climb, EveryFunctionReachesTheTopWhateverIsLost) {
  // Counts get lost between threads, requests are dropped and fail; budgets bring them back.
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 500 && !allAtTop(); ++round) {
        callAll(20);
        std::this_thread::yield();
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  // Who was unlucky that often has a long budget now. Spend it at once: each pass, 16 requests at least find room.
  for (int pass = 0; pass < 40 && !allAtTop(); ++pass) {
    queue.drain(&owner);
    for (std::uint32_t id = 0; id < kFunctions; ++id)
      if (std::int64_t left = table.record(id).counters->calls.load(); left < kUnbounded && table.countCall(id, left + 1))
        manager->onBudgetSpent(table.record(id));
  }
  queue.drain(&owner);
  EXPECT_TRUE(allAtTop());
  EXPECT_GE(manager->failures(), (kFunctions + 6) / 7);
  // Refusals are told too, one for each thread at most that had not seen it yet.
  EXPECT_GE(counter.failed.load(), manager->failures());
  EXPECT_LE(counter.failed.load(), manager->failures() + 4 * kFunctions / 5);
  EXPECT_LE(queue.counts().highWater, 16u);
  for (std::uint32_t id = 0; id < kFunctions; ++id)
    EXPECT_EQ(table.functions->slot(id).load(), entryOf(id, Tier::O3));
}

TEST_F(Climb, DemotionStatisticsAndShutdownMeanwhile) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed))
        callAll(50);
    });
  threads.emplace_back([&] { // an operator's hand
    for (std::uint32_t round = 0; round < 2000; ++round) {
      FunctionRecord& record = table.record(round % kFunctions);
      record.held.store(round % 2 == 0, std::memory_order_relaxed);
      manager->select(record, Tier::Interpreter, "asked");
    }
  });
  threads.emplace_back([&] { // someone who watches
    std::uint64_t calls = 0;
    for (int round = 0; round < 200; ++round)
      for (std::uint32_t id = 0; id < kFunctions; ++id) {
        FunctionRecord& record = table.record(id);
        std::lock_guard lock(record.mutex);
        calls += record.calls() + record.versions.size();
      }
    EXPECT_GT(calls, 0u);
  });
  threads[2].join();
  threads[3].join();
  pool->stop();
  stop.store(true);
  threads[0].join();
  threads[1].join();
  // After the stop nothing is pending and calls go on.
  for (std::uint32_t id = 0; id < kFunctions; ++id)
    EXPECT_EQ(table.record(id).pendingTier.load(), FunctionRecord::kNone) << id;
  callAll(10);
}

TEST_F(Climb, CancelWhileEveryoneAsks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] { callAll(3000); });
  for (int i = 0; i < 50; ++i)
    queue.cancel(&owner);
  for (std::thread& thread : threads)
    thread.join();
  queue.cancel(&owner);
  for (std::uint32_t id = 0; id < kFunctions; ++id)
    EXPECT_EQ(table.record(id).pendingTier.load(), FunctionRecord::kNone) << id;
}

} // namespace
} // namespace kiln
