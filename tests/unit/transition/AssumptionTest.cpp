// What becomes of guesses, with a host that only writes down what it is asked; under threads, for ThreadSanitizer.
#include "transition/Assumption.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace kiln {
namespace {

using Answer = Assumptions::Answer;

constexpr Assumption kBranch{AssumptionKind::NeverTaken, 1, 7, 0};
constexpr Assumption kArgument{AssumptionKind::ConstantArgument, 2, 0, 42};

/// As generated code does.
void countDown(Assumptions& assumptions, GuardCell& cell) {
  if (cell.left.fetch_sub(1, std::memory_order_relaxed) - 1 < 0)
    assumptions.spent(cell);
}

TEST(Assumptions, AreDroppedAtTheLimitAndNotBefore) {
  std::vector<std::uint32_t> asked;
  Assumptions assumptions(4, {.failures = 3, .rebuilds = 2}, [&](const GuardSite& site) {
    asked.push_back(site.root);
    return Answer::Asked;
  });
  std::array<GuardCell, 2> cells;
  auto sites = assumptions.install(0, ~0u, std::array{GuardInfo{kBranch, true}, GuardInfo{kArgument}}, cells.data());
  ASSERT_EQ(sites.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    assumptions.failed(*sites[0]);
    countDown(assumptions, cells[1]);
  }
  EXPECT_TRUE(asked.empty());
  EXPECT_TRUE(assumptions.holds(kBranch) && assumptions.holds(kArgument));
  countDown(assumptions, cells[1]);
  EXPECT_EQ(asked, (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(assumptions.holds(kBranch));
  EXPECT_FALSE(assumptions.holds(kArgument));
  assumptions.failed(*sites[0]); // dropped as well, with the same rebuild
  EXPECT_FALSE(assumptions.holds(kBranch));
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(sites[0]->failures(), 3u);
  EXPECT_EQ(sites[1]->failures(), 3u);
  auto counts = assumptions.counts();
  EXPECT_EQ(counts.rebuilds, 1u);
  EXPECT_EQ(counts.failures[0], 3u);
  EXPECT_EQ(counts.exits[0], 3u);
  EXPECT_EQ(counts.failures[2], 3u);
  EXPECT_EQ(counts.exits[2], 0u);
  EXPECT_EQ(counts.dropped[0] + counts.dropped[2], 2u);
}

TEST(Assumptions, ARootIsLeftAloneAfterItsRebuilds) {
  unsigned asked = 0;
  Assumptions assumptions(1, {.failures = 1, .rebuilds = 2}, [&](const GuardSite&) {
    ++asked;
    return Answer::Asked;
  });
  std::array<GuardCell, 2> cells;
  for (std::uint64_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(assumptions.allowed(0));
    const GuardInfo guard{{AssumptionKind::CallTarget, 0, 5, i}, true};
    assumptions.failed(*assumptions.install(0, ~0u, std::span(&guard, 1), &cells[i])[0]);
  }
  EXPECT_EQ(asked, 2u);
  EXPECT_FALSE(assumptions.allowed(0));
  EXPECT_EQ(assumptions.counts().leftAlone, 1u);
}

TEST(Assumptions, ALargeRootIsRebuiltOnce) {
  Assumptions assumptions(2, {.failures = 1, .rebuilds = 3}, [](const GuardSite&) { return Answer::Asked; });
  std::array<GuardCell, 2> cells;
  for (std::uint32_t root = 0; root < 2; ++root) {
    const GuardInfo guard{{AssumptionKind::CallTarget, root, 5, 1}, true};
    const std::uint64_t bytes = Assumptions::kLargeCode - root;
    assumptions.failed(*assumptions.install(root, ~0u, std::span(&guard, 1), &cells[root], bytes)[0]);
  }
  EXPECT_FALSE(assumptions.allowed(0));
  EXPECT_TRUE(assumptions.allowed(1));
}

TEST(Assumptions, AnExitWhoseActivationLingersWeighsMore) {
  unsigned asked = 0;
  Assumptions assumptions(2, {.failures = 2 * Assumptions::kLingering}, [&](const GuardSite&) {
    ++asked;
    return Answer::Asked;
  });
  GuardCell cell;
  const GuardInfo guard{kBranch, true};
  GuardSite& site = *assumptions.install(0, ~0u, std::span(&guard, 1), &cell)[0];
  assumptions.lingers(1); // nothing has failed
  assumptions.failed(site);
  assumptions.lingers(0); // another function
  assumptions.lingers(1);
  assumptions.lingers(1); // one exit, one long activation
  EXPECT_TRUE(assumptions.holds(kBranch));
  EXPECT_EQ(site.failures(), 1u);
  for (std::uint64_t i = 1; i < Assumptions::kLingering; ++i)
    assumptions.failed(site);
  EXPECT_TRUE(assumptions.holds(kBranch));
  assumptions.lingers(1);
  EXPECT_FALSE(assumptions.holds(kBranch));
  EXPECT_EQ(asked, 1u);
}

TEST(Assumptions, BusyAsksAgainAndPointlessCountsNothing) {
  Answer answer = Answer::Busy;
  unsigned asked = 0;
  Assumptions assumptions(1, {.failures = 1, .rebuilds = 1}, [&](const GuardSite&) {
    ++asked;
    return answer;
  });
  GuardCell cell;
  const GuardInfo guard{kBranch, true};
  GuardSite& site = *assumptions.install(0, ~0u, std::span(&guard, 1), &cell)[0];
  assumptions.failed(site);
  answer = Answer::Pointless;
  assumptions.failed(site);
  EXPECT_TRUE(assumptions.allowed(0));
  answer = Answer::Asked;
  assumptions.failed(site);
  assumptions.failed(site);
  EXPECT_EQ(asked, 3u);
  EXPECT_FALSE(assumptions.allowed(0));
}

TEST(Assumptions, ForcedExitsDropNothing) {
  Assumptions assumptions(1, {.failures = 1, .rebuilds = 1}, [](const GuardSite&) { return Answer::Asked; });
  GuardCell cell;
  const GuardInfo guard{kBranch, true, true};
  GuardSite& site = *assumptions.install(0, ~0u, std::span(&guard, 1), &cell)[0];
  for (int i = 0; i < 100; ++i)
    assumptions.failed(site);
  EXPECT_TRUE(assumptions.holds(kBranch));
  EXPECT_EQ(assumptions.counts().forced, 100u);
  EXPECT_EQ(assumptions.counts().rebuilds, 0u);
}

/// Program threads fail guards, a compiler installs versions with what still holds, all at once. It must settle: after
/// at most kRebuilds installs of each root nothing is assumed any more.
TEST(Assumptions, SettleUnderThreads) {
  constexpr std::uint32_t kRoots = 8, kEach = 4, kVersions = 16;
  std::array<std::atomic<bool>, kRoots> wanted{};
  std::atomic<std::uint64_t> asked{0};
  Assumptions assumptions(kRoots, {.failures = 50, .rebuilds = 3}, [&](const GuardSite& site) {
    ++asked;
    wanted[site.root].store(true);
    return Answer::Asked;
  });
  std::vector<std::unique_ptr<GuardCell[]>> cells;
  std::array<std::array<std::atomic<GuardCell*>, kEach>, kRoots> current{};
  std::array<std::uint32_t, kRoots> versions{};
  auto build = [&](std::uint32_t root) {
    std::vector<GuardInfo> guards;
    for (std::uint64_t i = 0; assumptions.allowed(root) && i < kEach; ++i)
      if (GuardInfo guard{{AssumptionKind::NeverTaken, root, static_cast<std::uint32_t>(i), 0}, i % 2 == 0};
          assumptions.holds(guard.assumption))
        guards.push_back(guard);
    auto& made = cells.emplace_back(std::make_unique<GuardCell[]>(kEach));
    auto sites = assumptions.install(root, ~0u, guards, made.get());
    for (std::uint32_t i = 0; i < kEach; ++i)
      current[root][i].store(i < sites.size() ? sites[i]->cell : nullptr);
    ++versions[root];
  };
  for (std::uint32_t root = 0; root < kRoots; ++root)
    build(root);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = t; !stop; ++i)
        if (GuardCell* cell = current[i % kRoots][i / kRoots % kEach].load()) {
          if (cell->site->exits)
            assumptions.failed(*cell->site);
          else
            countDown(assumptions, *cell);
        }
    });
  auto settled = [&] {
    for (auto& root : current)
      for (auto& cell : root)
        if (cell.load())
          return false;
    return true;
  };
  while (!settled()) {
    for (std::uint32_t root = 0; root < kRoots; ++root)
      if (wanted[root].exchange(false) && versions[root] < kVersions)
        build(root);
    (void)assumptions.counts();
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_LE(asked, kRoots * 3u);
  for (std::uint32_t count : versions)
    EXPECT_LE(count, 4u);
}

} // namespace
} // namespace kiln
