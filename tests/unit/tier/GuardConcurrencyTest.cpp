// Guards that fail while versions are made anew, replaced, retired and freed: assumptions, manager, queue, pool and
// retirement together under many threads, with a compiler that makes no code. Meant for ThreadSanitizer, which cannot
// see into generated code: here a "version" is a list of guards in the code space, and C++ passes them.
#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <set>
#include <thread>

#include "compile/CompilePool.h"
#include "function/Retirement.h"
#include "support/Table.h"
#include "tier/TierManager.h"
#include "transition/Assumption.h"

namespace kiln {
namespace {

/// What lies at a version's entry. Freed code is overwritten, so that the mark is gone.
struct FakeCode {
  static constexpr std::uint64_t kMark = 0x6b696c6e2e746573;
  std::uint64_t mark = kMark;
  std::uint32_t root = 0;
  std::uint32_t loop = kNoLoop;
  Tier tier = Tier::Baseline;
  std::uint32_t guards = 0;
  GuardCell* cells = nullptr;
};

class Guards : public testing::Test {
protected:
  using Answer = Assumptions::Answer;
  static constexpr std::uint32_t kRoots = 12, kLoop = 5, kThreads = 4;
  /// Of four guesses about a root the first two are wrong: one exits, one counts.
  static constexpr std::uint32_t kGuesses = 4, kWrong = 2;
  static constexpr Assumptions::Limits kLimits{.failures = 20, .rebuilds = 2};

  const int owner = 0;
  test::TestTable table{kRoots};
  UnwindRegistry unwind;
  /// What each of the program's threads is inside of.
  std::array<std::atomic<std::uintptr_t>, kThreads> inside{};
  std::atomic<std::uint64_t> asked{0}, compiles{0}, lost{0};
  CompileQueue queue{8};
  Retirement retirement{*table.space, unwind, {1, [this](auto spans, const CallerMark&) { return look(spans); }}};
  TierManager manager{*table.functions, settings(), [this](FunctionRecord& record, Tier tier, std::uint32_t loop) {
                        PushResult result = queue.push({&owner, &record, tier, loop});
                        if (result == PushResult::Queued)
                          pool.start();
                        return result;
                      }};
  Assumptions assumptions{kRoots, kLimits, [this](const GuardSite& site) { return rebuild(site); }};
  CompilePool pool{queue, 2, [this](const QueuedCompile& request, unsigned) { compile(request); }};

  TierManager::Settings settings() {
    TierManager::Settings made;
    made.ladder = *Ladder::parse("baseline,O3@50:5000");
    made.osr = true;
    made.versionsChanged = [this](FunctionRecord& record) { retirement.note(record); };
    return made;
  }
  void SetUp() override {
    for (std::uint32_t root = 0; root < kRoots; ++root)
      install(root, Tier::Baseline, kNoLoop, "first call");
  }
  ScanResult look(std::span<const AddressSpan> spans) {
    std::set<std::uintptr_t> addresses;
    for (const auto& each : inside)
      addresses.insert(each.load());
    ScanResult result;
    for (const AddressSpan& span : spans) {
      auto first = addresses.lower_bound(span.begin);
      result.inside.push_back(first != addresses.end() && *first < span.end);
    }
    return result;
  }

  // The compiler's side, as ProgramCore has it.

  void install(std::uint32_t root, Tier tier, std::uint32_t loop, std::string_view reason) {
    std::vector<GuardInfo> guards;
    for (std::uint32_t i = 0; tier == Tier::O3 && assumptions.allowed(root) && i < kGuesses; ++i)
      if (GuardInfo guard{{AssumptionKind::NeverTaken, root, i, 0}, i % 2 == 0}; assumptions.holds(guard.assumption))
        guards.push_back(guard);
    auto span = table.space->allocate(CodeArena::Code, sizeof(FakeCode), 16);
    auto cells = table.space->allocate(CodeArena::Data, sizeof(GuardCell) * kGuesses, sizeof(GuardCell));
    ASSERT_TRUE(span && cells);
    auto* code = new (span->rw) FakeCode;
    code->root = root;
    code->loop = loop;
    code->tier = tier;
    code->guards = static_cast<std::uint32_t>(guards.size());
    code->cells = new (cells->rx) GuardCell[kGuesses];
    Version version;
    version.tier = tier;
    version.loop = loop;
    version.codeBytes = sizeof(FakeCode);
    version.memory = {*span};
    version.entry = reinterpret_cast<std::uintptr_t>(span->rx);
    if (tier == Tier::O3)
      for (GuardSite* site : assumptions.install(root, loop, guards, code->cells))
        site->code = version.entry;
    if (loop == kNoLoop)
      manager.publish(table.record(root), std::move(version), reason);
    else
      manager.publishLoop(table.record(root), std::move(version), reason);
  }
  void compile(const QueuedCompile& request) {
    FunctionRecord& record = *request.function;
    if (!request.rebuild && (request.loop == kNoLoop ? manager.select(record, request.tier, "threshold", true)
                                                     : record.osrEntry(request.loop, request.tier) != nullptr))
      return;
    const std::uint64_t number = ++compiles;
    if (number % 7 == 3 && request.loop == kNoLoop) { // that fails
      assumptions.gaveUp(record.id);
      manager.reportFailure(record, request.tier, {ErrorCode::CompileFailed, "on purpose"});
    } else {
      install(record.id, request.tier, request.loop, request.rebuild ? "assumption failed" : "threshold");
    }
    if (number % 3 == 0)
      retirement.round(true);
  }
  Answer rebuild(const GuardSite& site) {
    FunctionRecord& record = table.record(site.root);
    const OsrEntry* entry = site.loop == kNoLoop ? nullptr : record.osrEntry(site.loop, Tier::O3);
    const bool current = site.loop == kNoLoop ? table.functions->slot(site.root).load() == site.code
                                              : entry && entry->address == site.code;
    if (!current)
      return Answer::Pointless;
    if (queue.push({&owner, &record, Tier::O3, site.loop, true, true}) != PushResult::Queued)
      return Answer::Busy;
    ++asked;
    if (asked % 2 == 0)
      std::this_thread::yield(); // the successor may be there before this code is withdrawn
    manager.withdraw(record, site.loop, site.code, "assumption failed");
    return Answer::Asked;
  }

  // The program's side.

  /// The code that calls go to now, which stays as long as this thread says that it is inside.
  const FakeCode& enter(unsigned thread, std::uint32_t root) {
    auto& slot = table.functions->slot(root);
    std::uintptr_t entry = 0;
    do {
      entry = slot.load(std::memory_order_acquire);
      inside[thread].store(entry);
    } while (slot.load() != entry);
    return *reinterpret_cast<const FakeCode*>(entry);
  }
  void pass(const FakeCode& code, std::uint32_t root, std::uint32_t loop) {
    if (code.mark != FakeCode::kMark || code.root != root || code.loop != loop) {
      ++lost;
      return;
    }
    for (std::uint32_t i = 0; i < code.guards; ++i) {
      GuardCell& cell = code.cells[i];
      if (cell.site->assumption().place >= kWrong)
        continue;
      if (cell.site->exits)
        assumptions.failed(*cell.site);
      else if (cell.left.fetch_sub(1, std::memory_order_relaxed) - 1 < 0)
        assumptions.spent(cell);
    }
  }
  void callAll(unsigned thread, int times) {
    for (int i = 0; i < times; ++i)
      for (std::uint32_t root = 0; root < kRoots; ++root) {
        FunctionRecord& record = table.record(root);
        const FakeCode& code = enter(thread, root);
        const bool counts = code.tier == Tier::Baseline;
        pass(code, root, kNoLoop);
        inside[thread].store(0);
        if (!counts)
          continue;
        if (table.countCall(root))
          manager.onBudgetSpent(record);
        if (table.countLoops(root, 300))
          if (std::uintptr_t entry = manager.onLoopBudgetSpent(record, kLoop, Tier::Baseline))
            pass(*reinterpret_cast<const FakeCode*>(entry), root, kLoop); // never freed
      }
  }
  static bool guessesWrong(const FakeCode& code) {
    for (std::uint32_t i = 0; i < code.guards; ++i)
      if (code.cells[i].site->assumption().place < kWrong)
        return true;
    return false;
  }
  /// All roots at the top, with nothing in the code that is wrong. When no thread runs.
  testing::AssertionResult settled() {
    for (std::uint32_t root = 0; root < kRoots; ++root) {
      const auto& code = *reinterpret_cast<const FakeCode*>(table.functions->slot(root).load());
      if (code.tier != Tier::O3 || guessesWrong(code))
        return testing::AssertionFailure()
               << "root " << root << " is in " << tierName(code.tier) << " with " << code.guards << " guards";
    }
    return testing::AssertionSuccess();
  }
  void together(int times, const std::function<void()>& beside = {}) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t)
      threads.emplace_back([this, t, times] { callAll(t, times); });
    if (beside)
      beside();
    for (std::thread& thread : threads)
      thread.join();
  }
};

TEST_F(Guards, FailInManyThreadsWhileTheirCodeIsReplacedAndFreed) {
  for (int round = 0; round < 100 && !settled(); ++round) {
    together(200, [&] { (void)assumptions.counts(); });
    queue.drain(&owner);
  }
  EXPECT_TRUE(settled());
  EXPECT_EQ(lost, 0u);
  Assumptions::Counts counts = assumptions.counts();
  EXPECT_GE(counts.dropped[0], std::uint64_t{kRoots});
  EXPECT_LE(counts.dropped[0], std::uint64_t{kRoots} * kWrong);
  EXPECT_GE(counts.failures[0], counts.dropped[0] * kLimits.failures);
  EXPECT_EQ(counts.rebuilds, asked);
  // Function and continuation: as often as a root may, and once more where both were asked for.
  EXPECT_GE(asked, std::uint64_t{kRoots});
  EXPECT_LE(asked, std::uint64_t{kRoots} * 2 * (kLimits.rebuilds + 1));
  retirement.round(true);
  EXPECT_GE(retirement.counts().versionsFreed, kRoots);
  // Nothing is guessed that was wrong, so nothing is made any more.
  const std::uint64_t before = compiles;
  together(200);
  queue.drain(&owner);
  EXPECT_EQ(compiles, before);
}

TEST_F(Guards, FailWhileOthersDemoteAndWatch) {
  std::atomic<bool> stop{false};
  std::thread hand([&] {
    for (std::uint32_t round = 0; !stop; ++round) {
      FunctionRecord& record = table.record(round % kRoots);
      record.held.store(true, std::memory_order_relaxed);
      manager.select(record, Tier::Baseline, "asked");
      std::this_thread::yield();
      record.held.store(false, std::memory_order_relaxed);
      manager.select(record, Tier::O3, "asked");
    }
  });
  std::thread watcher([&] {
    while (!stop) {
      std::uint64_t sites = 0;
      assumptions.visit([&](const GuardSite& site) { sites += site.failures() < ~std::uint64_t{0}; });
      EXPECT_LE(sites, assumptions.counts().sites);
      for (std::uint32_t root = 0; root < kRoots; ++root) {
        std::lock_guard lock(table.record(root).mutex);
        EXPECT_FALSE(table.record(root).versions.empty());
      }
    }
  });
  together(3000);
  stop = true;
  hand.join();
  watcher.join();
  EXPECT_EQ(lost, 0u);
  // Left to itself, it settles. What a hold had set to wait for ever is asked again.
  for (std::uint32_t root = 0; root < kRoots; ++root)
    table.record(root).arm(50, 5000);
  for (int round = 0; round < 100 && !settled(); ++round) {
    together(200);
    queue.drain(&owner);
  }
  EXPECT_TRUE(settled());
  pool.stop();
  together(10); // with the queue closed
  EXPECT_EQ(lost, 0u);
}

} // namespace
} // namespace kiln
