#include "compile/CompileQueue.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/Table.h"

namespace kiln {
namespace {

constexpr int kOwner = 0, kOther = 0;
const void* const owner = &kOwner;

class Queue : public testing::Test {
protected:
  test::TestTable table{8};
  CompileQueue queue{4};

  QueuedCompile request(std::uint32_t id, Tier tier = Tier::O2, QueueOwner by = owner) { return {by, &table.record(id), tier}; }
  PushResult push(std::uint32_t id, Tier tier = Tier::O2) { return queue.push(request(id, tier)); }
  void heat(std::uint32_t id, std::int64_t calls, std::int64_t loops = 0) {
    table.record(id).arm(1000000, 1000000);
    table.countCall(id, calls);
    table.countLoops(id, loops);
  }
};

TEST_F(Queue, TakesARequestOnce) {
  EXPECT_EQ(push(0), PushResult::Queued);
  EXPECT_EQ(push(0), PushResult::AlreadyPending);
  EXPECT_EQ(push(0, Tier::O1), PushResult::AlreadyPending); // a higher tier is on its way
  EXPECT_EQ(queue.counts().pushed, 1u);
}

TEST_F(Queue, StaysPendingWhileItRuns) {
  push(0);
  auto taken = queue.pop();
  ASSERT_TRUE(taken);
  EXPECT_EQ(push(0), PushResult::AlreadyPending);
  queue.done(*taken);
  EXPECT_EQ(push(0), PushResult::Queued);
}

TEST_F(Queue, DropsWhatDoesNotFit) {
  for (std::uint32_t id = 0; id < 4; ++id)
    EXPECT_EQ(push(id), PushResult::Queued);
  EXPECT_EQ(push(4), PushResult::Full);
  EXPECT_EQ(table.record(4).pendingTier.load(), FunctionRecord::kNone); // so that it can be asked for again
  EXPECT_EQ(queue.counts().dropped, 1u);
  queue.done(*queue.pop());
  EXPECT_EQ(push(4), PushResult::Queued);
}

TEST_F(Queue, RemembersItsHighWater) {
  push(0);
  push(1);
  push(2);
  queue.done(*queue.pop());
  queue.done(*queue.pop());
  EXPECT_EQ(queue.counts().highWater, 3u);
}

TEST_F(Queue, HandsOutTheHottestAtThatMoment) {
  for (std::uint32_t id = 0; id < 4; ++id)
    push(id);
  // Heat that came after the push counts; four back-edges weigh as one call.
  heat(0, 5);
  heat(1, 7);
  heat(2, 0, 32);
  heat(3, 2, 16);
  for (std::uint32_t expected : {2u, 1u, 3u, 0u}) {
    auto taken = queue.pop();
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->function, &table.record(expected));
    queue.done(*taken);
  }
}

TEST_F(Queue, AHigherTierOvertakesAWaitingRequest) {
  push(0, Tier::O2);
  EXPECT_EQ(push(0, Tier::O3), PushResult::Queued);
  auto taken = queue.pop();
  EXPECT_EQ(taken->tier, Tier::O3);
  queue.done(*taken);
  queue.close();
  EXPECT_FALSE(queue.pop()); // one request, not two
}

TEST_F(Queue, AHigherTierWaitsBehindARunningRequest) {
  push(0, Tier::O2);
  auto running = queue.pop();
  EXPECT_EQ(push(0, Tier::O3), PushResult::Queued);
  queue.done(*running);
  EXPECT_EQ(table.record(0).pendingTier.load(), static_cast<int>(Tier::O3)); // the end of O2 is not the end of O3
  auto next = queue.pop();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->tier, Tier::O3);
  queue.done(*next);
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
}

TEST_F(Queue, PushDoesNotWaitForTheLock) {
  std::lock_guard held(queue.forkLock());
  // From another thread, since a thread may not try a lock that it holds.
  PushResult result = PushResult::Queued;
  std::thread([&] { result = push(0); }).join();
  EXPECT_EQ(result, PushResult::Busy);
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
}

TEST_F(Queue, CancelDropsTheOwnersRequestsOnly) {
  push(0);
  queue.push(request(1, Tier::O2, &kOther + 1));
  push(2);
  queue.cancel(owner);
  EXPECT_EQ(queue.counts().cancelled, 2u);
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
  auto left = queue.pop();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->function, &table.record(1));
  queue.done(*left);
}

TEST_F(Queue, CancelWaitsForWhatRuns) {
  push(0);
  auto running = queue.pop();
  std::atomic<bool> finished{false}, cancelled{false};
  std::thread canceller([&] {
    queue.cancel(owner);
    EXPECT_TRUE(finished.load());
    cancelled.store(true);
  });
  // The canceller has begun when the owner is refused.
  while (queue.pushWaiting(request(1)) != PushResult::Closed)
    std::this_thread::yield();
  EXPECT_FALSE(cancelled.load());
  finished.store(true);
  queue.done(*running);
  canceller.join();
  EXPECT_EQ(push(2), PushResult::Queued); // an owner at the same address later starts afresh
}

TEST_F(Queue, DrainWaitsForQueuedAndRunning) {
  push(0);
  push(1);
  std::atomic<int> done{0};
  std::thread worker([&] {
    for (int i = 0; i < 2; ++i) {
      auto taken = queue.pop();
      done.fetch_add(1);
      queue.done(*taken);
    }
  });
  queue.drain(owner);
  EXPECT_EQ(done.load(), 2);
  worker.join();
  queue.drain(owner); // nothing to wait for
}

TEST_F(Queue, CloseDropsAllAndRefuses) {
  push(0);
  push(1);
  queue.close();
  EXPECT_EQ(queue.counts().cancelled, 2u);
  EXPECT_FALSE(queue.pop());
  EXPECT_EQ(push(2), PushResult::Closed);
  EXPECT_EQ(queue.pushWaiting(request(2)), PushResult::Closed);
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
}

TEST_F(Queue, CloseWakesWorkersThatWait) {
  std::vector<std::thread> workers;
  std::atomic<int> ended{0};
  for (int i = 0; i < 3; ++i)
    workers.emplace_back([&] {
      EXPECT_FALSE(queue.pop());
      ended.fetch_add(1);
    });
  queue.close();
  for (std::thread& worker : workers)
    worker.join();
  EXPECT_EQ(ended.load(), 3);
}

TEST_F(Queue, ForgetRunningFreesFunctionsOfVanishedWorkers) {
  push(0);
  (void)queue.pop();
  queue.forgetRunning();
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
  queue.drain(owner); // does not wait for a worker that is gone
  EXPECT_EQ(push(0), PushResult::Queued);
}

// Continuations.

TEST_F(Queue, AFunctionAndItsLoopsAreRequestsOfTheirOwn) {
  auto loop = [&](std::uint32_t number, Tier tier = Tier::O3) {
    QueuedCompile made = request(0, tier);
    made.loop = number;
    return queue.push(made);
  };
  EXPECT_EQ(push(0, Tier::O3), PushResult::Queued);
  EXPECT_EQ(loop(4), PushResult::Queued);
  EXPECT_EQ(loop(9), PushResult::Queued);
  EXPECT_EQ(loop(4), PushResult::AlreadyPending);
  EXPECT_EQ(loop(4, Tier::O2), PushResult::AlreadyPending);
  EXPECT_EQ(queue.counts().pushed, 3u);
  // Loops do not make the function pending, nor do they end that.
  for (int i = 0; i < 3; ++i) {
    auto taken = queue.pop();
    ASSERT_TRUE(taken);
    bool whole = taken->loop == kNoLoop;
    if (!whole)
      EXPECT_EQ(loop(taken->loop), PushResult::AlreadyPending); // it runs
    int before = table.record(0).pendingTier.load();
    queue.done(*taken);
    EXPECT_EQ(table.record(0).pendingTier.load(), whole ? FunctionRecord::kNone : before);
  }
  EXPECT_EQ(loop(4), PushResult::Queued);
  EXPECT_EQ(table.record(0).pendingTier.load(), FunctionRecord::kNone);
}

TEST_F(Queue, AHigherTierOvertakesARequestOfTheSameLoopOnly) {
  QueuedCompile low = request(0, Tier::O1), high = request(0, Tier::O3);
  low.loop = high.loop = 4;
  EXPECT_EQ(push(0, Tier::O1), PushResult::Queued);
  EXPECT_EQ(queue.push(low), PushResult::Queued);
  EXPECT_EQ(queue.push(high), PushResult::Queued);
  EXPECT_EQ(queue.counts().pushed, 2u);
  EXPECT_EQ(table.record(0).pendingTier.load(), static_cast<int>(Tier::O1));
  for (int i = 0; i < 2; ++i) {
    auto taken = queue.pop();
    EXPECT_EQ(taken->tier, taken->loop == 4 ? Tier::O3 : Tier::O1);
  }
}

TEST_F(Queue, WhatOvertakesKeepsWhatItAskedFor) {
  QueuedCompile low = request(0, Tier::Baseline), high = request(0, Tier::O3);
  low.loop = high.loop = 4;
  high.exact = high.rebuild = true; // without it the worker would find that the loop has had its continuation
  queue.push(low);
  EXPECT_EQ(queue.push(high), PushResult::Queued);
  auto taken = queue.pop();
  EXPECT_EQ(taken->tier, Tier::O3);
  EXPECT_TRUE(taken->exact && taken->rebuild);
}

TEST_F(Queue, CancellingDropsLoopsToo) {
  QueuedCompile loop = request(0, Tier::O3);
  loop.loop = 4;
  queue.push(loop);
  queue.cancel(owner);
  EXPECT_EQ(queue.counts().cancelled, 1u);
  EXPECT_EQ(queue.push(loop), PushResult::Queued);
  queue.close();
  EXPECT_EQ(queue.counts().cancelled, 2u);
  EXPECT_EQ(queue.push(loop), PushResult::Closed);
}

} // namespace
} // namespace kiln
