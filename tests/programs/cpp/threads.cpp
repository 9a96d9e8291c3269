// std::thread, mutexes, condition variables, atomics, futures, async, shared locks, latches,
// barriers, stop tokens. Without std::counting_semaphore, which may sleep forever in libstdc++ 12
// (its bug 104928).
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline))

template <class T> class Queue {
public:
  void push(T v) {
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(v));
    }
    ready_.notify_one();
  }
  T pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !items_.empty(); });
    T v = std::move(items_.front());
    items_.pop_front();
    return v;
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
};

NOINLINE static long crunch(long n) {
  long h = n;
  for (int i = 0; i < 300; i++)
    h = (h * 1103515245 + 12345) & 0x7fffffff;
  return h;
}

int main() {
  Queue<std::packaged_task<long()>> queue;
  std::vector<std::future<long>> futures;
  std::vector<std::jthread> pool;
  for (int i = 0; i < 3; i++)
    pool.emplace_back([&] {
      for (;;) {
        auto task = queue.pop();
        if (!task.valid())
          return;
        task();
      }
    });
  for (long i = 0; i < 600; i++) {
    std::packaged_task<long()> task([i] { return crunch(i); });
    futures.push_back(task.get_future());
    queue.push(std::move(task));
  }
  long total = 0;
  for (auto& f : futures)
    total += f.get();
  for (int i = 0; i < 3; i++)
    queue.push({});
  pool.clear();
  std::printf("%ld\n", total);

  std::atomic<long> sum = 0, done = 0;
  std::atomic<double> real = 0;
  std::shared_mutex shared;
  std::latch start(4);
  std::barrier sync(4, [&]() noexcept { done++; });
  long guarded = 0;
  {
    std::vector<std::jthread> threads;
    for (int id = 0; id < 4; id++)
      threads.emplace_back([&, id] {
        start.arrive_and_wait();
        for (int i = 0; i < 300; i++) {
          sum.fetch_add(crunch(i) & 15, std::memory_order_relaxed);
          real.fetch_add(0.5);
          if (i % 4 == id) {
            std::unique_lock lock(shared);
            guarded++;
          } else {
            std::shared_lock lock(shared);
            sum += guarded & 0;
          }
          if (i % 30 == 0)
            sync.arrive_and_wait();
        }
      });
  }
  std::printf("%ld %ld %g %ld\n", sum.load(), done.load(), real.load(), guarded);

  std::jthread stoppable([&](std::stop_token token) {
    while (!token.stop_requested())
      std::this_thread::yield();
    done = 77;
  });
  stoppable.request_stop();
  stoppable.join();
  std::atomic<int> flag = 0;
  std::thread waiter([&] {
    flag.wait(0);
    done += flag;
  });
  flag = 5;
  flag.notify_all();
  waiter.join();
  auto slow = std::async(std::launch::async, [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    return 9;
  });
  bool early = slow.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  std::printf("%ld %d %d\n", done.load(), slow.get() + 0 * early,
              std::async(std::launch::deferred, [] { return crunch(1) > 0; }).get());
}
