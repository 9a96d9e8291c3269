#include "cache/TaskThread.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

namespace kiln::cache {
namespace {

using namespace std::chrono_literals;

TEST(TaskThread, TasksRunInOrderAndDrainWaitsForThem) {
  TaskThread thread(100);
  std::vector<int> order;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(thread.post([&order, i] { order.push_back(i); }));
  ASSERT_TRUE(thread.drain(10s));
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(TaskThread, TooManyAreNotTaken) {
  TaskThread thread(2);
  std::atomic<bool> go{false};
  ASSERT_TRUE(thread.post([&] {
    while (!go)
      std::this_thread::yield();
  }));
  while (thread.waiting() != 0) // it is at work
    std::this_thread::yield();
  EXPECT_TRUE(thread.post([] {}));
  EXPECT_TRUE(thread.post([] {}));
  EXPECT_FALSE(thread.post([] {}));
  EXPECT_FALSE(thread.drain(1ms)); // bounded
  go = true;
  EXPECT_TRUE(thread.drain(10s));
}

TEST(TaskThread, StoppingDropsWhatWaits) {
  TaskThread thread(10);
  std::atomic<int> ran{0};
  ASSERT_TRUE(thread.post([&] {
    ++ran;
    while (!thread.stopping())
      std::this_thread::yield();
  }));
  while (ran == 0)
    std::this_thread::yield();
  ASSERT_TRUE(thread.post([&] { ++ran; }));
  thread.stop();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(thread.post([&] { ++ran; }));
  EXPECT_TRUE(thread.drain(1ms));
}

TEST(TaskThread, NoSignalOfTheProcessIsDeliveredToIt) {
  TaskThread thread(1);
  sigset_t blocked;
  sigemptyset(&blocked);
  ASSERT_TRUE(thread.post([&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); }));
  ASSERT_TRUE(thread.drain(10s));
  for (int signal : {SIGINT, SIGPIPE, SIGXFSZ, SIGUSR1})
    EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
}

} // namespace
} // namespace kiln::cache
