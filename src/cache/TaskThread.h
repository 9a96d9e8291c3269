// One background thread that works tasks off in order: the cache's reading, writing and waiting for the network.
//
// It starts with the first task, and runs with all signals blocked: those belong to the program, and what is sent to
// the thread itself (a full file size limit, a connection that is gone) comes back as an error of the call. Tasks must
// not throw. After fork() the child has neither the thread nor its tasks, and may start anew.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace kiln::cache {

class TaskThread {
public:
  using Task = std::function<void()>;
  /// At most `capacity` tasks wait.
  explicit TaskThread(std::size_t capacity) : capacity_(capacity) {}
  ~TaskThread() { stop(); }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  /// False if it was not taken: too many wait, there is no thread, or it was stopped.
  bool post(Task task);
  /// Waits until no task waits or runs; false if the time was not enough.
  bool drain(std::chrono::milliseconds time);
  /// Tasks that wait, without the one at work.
  std::size_t waiting() const;
  /// Drops what waits, and waits for the task at work.
  void stop();
  /// Tasks that take long look at it in between.
  bool stopping() const;

  std::mutex& forkLock() { return mutex_; }
  /// In the child of fork(), with the lock held.
  void abandon();

private:
  static void* enter(void* self);
  void run();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Task> tasks_;
  std::optional<pthread_t> thread_;
  bool working_ = false, stopped_ = false;
};

} // namespace kiln::cache
