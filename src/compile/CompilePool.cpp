#include "compile/CompilePool.h"

#include "support/RuntimeMarks.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

/// LLVM's passes recurse over the input; twice the usual 8 MiB costs only addresses.
constexpr std::size_t kStackBytes = std::size_t{16} << 20;

} // namespace

CompilePool::CompilePool(CompileQueue& queue, unsigned threads, Work work)
    : queue_(queue), wanted_(threads), work_(std::move(work)) {}

CompilePool::~CompilePool() { stop(); }

void CompilePool::start() {
  if (started())
    return;
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || started())
    return;
  // A new thread inherits the mask: no signal of the program is ever delivered to a worker.
  SignalBlock block;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  for (unsigned number = 0; number < wanted_; ++number) {
    auto worker = std::make_unique<Worker>(this, number);
    // A system that refuses threads leaves the program at its lower tiers.
    if (pthread_create(&worker->thread, &attributes, enter, worker.get()) == 0)
      workers_.push_back(std::move(worker));
  }
  pthread_attr_destroy(&attributes);
  started_.store(true, std::memory_order_release);
}

void* CompilePool::enter(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  worker->pool->run(*worker);
  return nullptr;
}

void CompilePool::run(Worker& worker) {
  RuntimeThread mark;
#ifdef __linux__
  pthread_setname_np(pthread_self(), "kiln-compile");
#endif
  while (auto request = queue_.pop()) {
    {
      std::lock_guard lock(worker.working);
      work_(*request, worker.number);
    }
    queue_.done(*request);
  }
}

void CompilePool::stop() {
  queue_.close();
  std::lock_guard lock(mutex_);
  for (auto& worker : workers_)
    pthread_join(worker->thread, nullptr);
  workers_.clear();
}

void CompilePool::pause() {
  mutex_.lock();
  for (auto& worker : workers_)
    worker->working.lock();
}

void CompilePool::resume() {
  for (auto& worker : workers_)
    worker->working.unlock();
  mutex_.unlock();
}

void CompilePool::abandonThreads() {
  forgetRuntimeThreads();
  for (auto& worker : workers_)
    (void)worker.release(); // the vanished thread's stack names it
  workers_.clear();
  started_.store(false, std::memory_order_release);
}

} // namespace kiln
