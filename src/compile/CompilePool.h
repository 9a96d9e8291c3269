// The background threads. Each waits on the queue and hands what it takes to a callback with its own number.
//
// Threads start with the first request (a short program never pays for them) and run with all signals blocked: those
// belong to the program. After fork() the child has no threads; they start anew with its first request.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "compile/CompileQueue.h"

namespace kiln {

class CompilePool {
public:
  using Work = std::function<void(const QueuedCompile&, unsigned worker)>;

  CompilePool(CompileQueue& queue, unsigned threads, Work work);
  ~CompilePool();

  unsigned threads() const { return wanted_; }
  /// Starts the threads unless they run. Does nothing when another thread is just doing so. Not for signal handlers.
  void start();
  /// For signal handlers: the next startIfAsked() starts the threads.
  void askForStart() { asked_.store(true, std::memory_order_relaxed); }
  void startIfAsked() {
    if (asked_.load(std::memory_order_relaxed))
      start();
  }
  bool started() const { return started_.load(std::memory_order_acquire); }
  /// Closes the queue and joins the threads.
  void stop();
  /// Around fork(), with the queue locked: waits until no thread is at work, and keeps them so. What they use (LLVM has
  /// locks of its own) is then whole in the child.
  void pause();
  void resume();
  /// In the child of fork(), paused: forget the threads that did not come along.
  void abandonThreads();

private:
  struct Worker {
    Worker(CompilePool* pool, unsigned number) : pool(pool), number(number), thread() {}
    CompilePool* pool;
    unsigned number;
    pthread_t thread;
    std::mutex working{}; ///< held while at work
  };

  static void* enter(void* argument);
  void run(Worker& worker);

  CompileQueue& queue_;
  const unsigned wanted_;
  Work work_;
  std::mutex mutex_;
  std::atomic<bool> started_{false}, asked_{false};
  std::vector<std::unique_ptr<Worker>> workers_;
};

} // namespace kiln
