#include "cache/TaskThread.h"

#include <new>

#include "support/RuntimeMarks.h"
#include "support/SignalBlock.h"

namespace kiln::cache {
namespace {

/// Linking and merging of profiles recurse little.
constexpr std::size_t kStackBytes = std::size_t{1} << 20;

} // namespace

bool TaskThread::post(Task task) {
  std::lock_guard lock(mutex_);
  if (stopped_ || tasks_.size() >= capacity_)
    return false;
  if (!thread_) {
    SignalBlock block; // the new thread inherits the mask
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_t made;
    const bool started = pthread_create(&made, &attributes, enter, this) == 0;
    pthread_attr_destroy(&attributes);
    if (!started)
      return false;
    thread_ = made;
  }
  tasks_.push_back(std::move(task));
  wake_.notify_one();
  return true;
}

void* TaskThread::enter(void* self) {
  static_cast<TaskThread*>(self)->run();
  return nullptr;
}

void TaskThread::run() {
  RuntimeThread mark;
#ifdef __linux__
  pthread_setname_np(pthread_self(), "kiln-cache");
#endif
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopped_ || !tasks_.empty(); });
    if (stopped_)
      return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    working_ = true;
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    working_ = false;
    if (tasks_.empty())
      idle_.notify_all();
  }
}

bool TaskThread::drain(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, time, [&] { return stopped_ || (tasks_.empty() && !working_); });
}

void TaskThread::stop() {
  std::optional<pthread_t> thread;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    tasks_.clear();
    thread.swap(thread_);
    wake_.notify_all();
    idle_.notify_all();
  }
  if (thread)
    pthread_join(*thread, nullptr);
}

std::size_t TaskThread::waiting() const {
  std::lock_guard lock(mutex_);
  return tasks_.size();
}

bool TaskThread::stopping() const {
  std::lock_guard lock(mutex_);
  return stopped_;
}

void TaskThread::abandon() {
  // A thread that does not exist here may be counted as a waiter; such a condition variable can be neither used nor destroyed.
  new (&wake_) std::condition_variable;
  new (&idle_) std::condition_variable;
  tasks_.clear();
  thread_.reset();
  working_ = false;
}

} // namespace kiln::cache
