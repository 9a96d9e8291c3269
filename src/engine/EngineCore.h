// The part of an engine that its programs share: options, queue, compile threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "cache/CodeCache.h"
#include "compile/CompilePool.h"
#include "compile/CompileQueue.h"
#include "kiln/Engine.h"

namespace kiln {

class ProgramCore;

class EngineCore {
public:
  static std::shared_ptr<EngineCore> create(Options options, std::unique_ptr<cache::CodeCache> cache);
  EngineCore(Options options, std::unique_ptr<cache::CodeCache> cache);
  ~EngineCore();

  const Options options;
  const std::uint64_t startedAt;
  CompileQueue queue;
  CompilePool pool;
  const std::unique_ptr<cache::CodeCache> cache; ///< null: it is off

  void add(ProgramCore& program);
  void remove(ProgramCore& program);
  void shutdown();
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }

  /// Calls `use` on the program whose range holds the address, if any engine of the process has it.
  static ProgramCore* programOf(const void* address);
  /// Stops the compile threads of all engines: for a main thread that ends by pthread_exit while others go on.
  static void stopAllPools();

private:
  friend struct ForkHandlers;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<ProgramCore*> programs_;
};

} // namespace kiln
