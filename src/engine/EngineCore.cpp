#include "engine/EngineCore.h"

#include <pthread.h>

#include <algorithm>

#include "code/ThreadScan.h"
#include "engine/CrashReport.h"
#include "engine/ProgramCore.h"
#include "support/Clock.h"

namespace kiln {
namespace {

/// The engines of this process: what fork() must know. The one piece of state that no engine owns.
struct Registry {
  std::mutex mutex;
  std::vector<EngineCore*> engines;
};

Registry& registry() {
  // Never destroyed: programs may fork while the process ends.
  static Registry* all = new Registry;
  return *all;
}

} // namespace

/// fork() in a program: the child has this thread only, and shares the pages of code with its parent. Compile threads come
/// to rest and all locks are taken before, so that what they guard, LLVM's own state included, is whole in the child; there
/// the code pages are copied and the threads forgotten.
struct ForkHandlers {
  static void prepare() {
    registry().mutex.lock();
    for (EngineCore* engine : registry().engines) {
      engine->mutex_.lock();
      // No compile thread takes more, and those at work finish first.
      engine->queue.forkLock().lock();
      engine->pool.pause();
      if (engine->cache)
        engine->cache->disk.forkLock().lock();
      for (ProgramCore* program : engine->programs_)
        program->prepareFork();
    }
  }
  static void parent() {
    for (EngineCore* engine : registry().engines) {
      for (ProgramCore* program : engine->programs_)
        program->parentAfterFork();
      if (engine->cache)
        engine->cache->disk.forkLock().unlock();
      engine->pool.resume();
      engine->queue.forkLock().unlock();
      engine->mutex_.unlock();
    }
    registry().mutex.unlock();
  }
  static void child() {
    forgetThreadScans();
    for (EngineCore* engine : registry().engines) {
      for (ProgramCore* program : engine->programs_)
        program->childAfterFork();
      if (engine->cache)
        engine->cache->disk.forkLock().unlock();
      engine->pool.abandonThreads();
      engine->pool.resume();
      engine->queue.forgetRunning();
      engine->queue.forkLock().unlock();
      engine->mutex_.unlock();
    }
    registry().mutex.unlock();
  }
};

EngineCore::EngineCore(Options given, std::unique_ptr<cache::CodeCache> kept)
    : options(std::move(given)), startedAt(nowNanoseconds()), queue(options.queueCapacity),
      pool(queue, options.compileThreads, [](const QueuedCompile& request, unsigned worker) {
        ProgramCore::owner(request.function->counters).compileQueued(request, worker);
      }),
      cache(std::move(kept)) {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(ForkHandlers::prepare, ForkHandlers::parent, ForkHandlers::child);
    setBudgetHandler([](Counters* counters) { ProgramCore::owner(counters).onBudgetSpent(counters); });
  });
  if (options.onCrash)
    enableCrashReports(options.onCrash);
  std::lock_guard lock(registry().mutex);
  registry().engines.push_back(this);
}

std::shared_ptr<EngineCore> EngineCore::create(Options options, std::unique_ptr<cache::CodeCache> cache) {
  return std::make_shared<EngineCore>(std::move(options), std::move(cache));
}

EngineCore::~EngineCore() {
  shutdown();
  std::lock_guard lock(registry().mutex);
  std::erase(registry().engines, this);
}

void EngineCore::add(ProgramCore& program) {
  std::lock_guard lock(mutex_);
  programs_.push_back(&program);
}

void EngineCore::remove(ProgramCore& program) {
  queue.cancel(&program);
  std::lock_guard lock(mutex_);
  std::erase(programs_, &program);
}

void EngineCore::shutdown() {
  stopped_.store(true, std::memory_order_release);
  pool.stop();
}

ProgramCore* EngineCore::programOf(const void* address) {
  std::lock_guard lock(registry().mutex);
  for (EngineCore* engine : registry().engines) {
    std::lock_guard inner(engine->mutex_);
    for (ProgramCore* program : engine->programs_)
      if (program->contains(address))
        return program;
  }
  return nullptr;
}

void EngineCore::stopAllPools() {
  std::vector<EngineCore*> engines;
  {
    std::lock_guard lock(registry().mutex);
    engines = registry().engines;
  }
  for (EngineCore* engine : engines) {
    engine->shutdown();
    std::lock_guard lock(engine->mutex_);
    for (ProgramCore* program : engine->programs_) {
      program->stopCache();
      program->stopRecorder();
    }
  }
}

} // namespace kiln
