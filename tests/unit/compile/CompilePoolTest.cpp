#include "compile/CompilePool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <thread>

#include "support/Table.h"

namespace kiln {
namespace {

const int kOwner = 0;

TEST(CompilePool, ThreadsStartWithTheFirstRequestAndJoin) {
  test::TestTable table(4);
  CompileQueue queue(4);
  std::atomic<int> worked{0};
  CompilePool pool(queue, 2, [&](const QueuedCompile&, unsigned worker) {
    EXPECT_LT(worker, 2u);
    worked.fetch_add(1);
  });
  EXPECT_FALSE(pool.started());
  EXPECT_EQ(pool.threads(), 2u);
  ASSERT_EQ(queue.push({&kOwner, &table.record(0), Tier::O2}), PushResult::Queued);
  EXPECT_EQ(worked.load(), 0); // nobody is there to do it
  pool.start();
  pool.start(); // once
  EXPECT_TRUE(pool.started());
  queue.drain(&kOwner);
  EXPECT_EQ(worked.load(), 1);
  pool.stop();
  EXPECT_EQ(queue.push({&kOwner, &table.record(1), Tier::O2}), PushResult::Closed);
  pool.stop(); // again is nothing
}

TEST(CompilePool, StopWaitsForWhatRunsAndDropsTheRest) {
  test::TestTable table(4);
  CompileQueue queue(4);
  std::atomic<bool> running{false}, release{false};
  std::atomic<int> finished{0};
  CompilePool pool(queue, 1, [&](const QueuedCompile&, unsigned) {
    running.store(true);
    while (!release.load())
      std::this_thread::yield();
    finished.fetch_add(1);
  });
  for (std::uint32_t id = 0; id < 3; ++id)
    queue.push({&kOwner, &table.record(id), Tier::O2});
  pool.start();
  while (!running.load())
    std::this_thread::yield();
  std::thread stopper([&] { pool.stop(); });
  while (queue.push({&kOwner, &table.record(3), Tier::O2}) != PushResult::Closed)
    std::this_thread::yield();
  release.store(true);
  stopper.join();
  EXPECT_EQ(finished.load(), 1);
  EXPECT_GE(queue.counts().cancelled, 2u);
}

TEST(CompilePool, EveryWorkerHasItsOwnNumber) {
  test::TestTable table(3);
  CompileQueue queue(4);
  std::mutex mutex;
  std::set<unsigned> numbers;
  std::atomic<int> inside{0};
  CompilePool pool(queue, 3, [&](const QueuedCompile&, unsigned worker) {
    // Each waits until all are at work: three requests, three threads.
    inside.fetch_add(1);
    while (inside.load() < 3)
      std::this_thread::yield();
    std::lock_guard lock(mutex);
    numbers.insert(worker);
  });
  for (std::uint32_t id = 0; id < 3; ++id)
    queue.push({&kOwner, &table.record(id), Tier::O2});
  pool.start();
  queue.drain(&kOwner);
  EXPECT_EQ(numbers, (std::set<unsigned>{0, 1, 2}));
}

TEST(CompilePool, WorkersBlockTheProgramsSignals) {
  test::TestTable table(1);
  CompileQueue queue(1);
  std::atomic<bool> blocked{false};
  CompilePool pool(queue, 1, [&](const QueuedCompile&, unsigned) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.store(sigismember(&mask, SIGINT) && sigismember(&mask, SIGALRM) && sigismember(&mask, SIGUSR1));
  });
  queue.push({&kOwner, &table.record(0), Tier::O2});
  pool.start();
  queue.drain(&kOwner);
  EXPECT_TRUE(blocked.load());
}

TEST(CompilePool, WithoutThreadsNothingIsTaken) {
  test::TestTable table(1);
  CompileQueue queue(1);
  CompilePool pool(queue, 0, [](const QueuedCompile&, unsigned) { FAIL(); });
  queue.push({&kOwner, &table.record(0), Tier::O2});
  pool.start();
  pool.stop();
  EXPECT_EQ(queue.counts().cancelled, 1u);
}

} // namespace
} // namespace kiln
