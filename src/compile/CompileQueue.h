// Requests for compiles in the background: bounded, without duplicates, hottest first.
//
// push() is called from the program's threads in the middle of generated code, perhaps from a signal handler: it never
// waits (a lock that is taken means "not now"; the caller's budget brings it back) and never allocates. pop() waits; it is
// for the workers. The heat is read when a worker takes a request, not when it was made.
//
// Thread-safe. FunctionRecord::pendingTier is the duplicate check of whole functions: it is set by push() and cleared by the
// one who ends the request. Continuations, of which a function may have several, are looked for among the requests; they
// leave pendingTier alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "function/FunctionRecord.h"

namespace kiln {

/// Who a request belongs to; the queue only compares it.
using QueueOwner = const void*;

struct QueuedCompile {
  QueueOwner owner = nullptr;
  FunctionRecord* function = nullptr;
  Tier tier = Tier::O0;
  std::uint32_t loop = kNoLoop; ///< the continuation at this loop header
  bool exact = false;           ///< this tier was named, and no other will do
  bool rebuild = false;         ///< what there is of that tier was withdrawn
  std::uint64_t calls = 0;      ///< of the function, counted when it was last asked for
};

enum class PushResult { Queued, AlreadyPending, Full, Busy, Closed };

class CompileQueue {
public:
  explicit CompileQueue(std::size_t capacity) : capacity_(capacity) { entries_.reserve(capacity); }

  PushResult push(const QueuedCompile& request);
  /// As push(), but waits for the lock: for callers that are not inside generated code.
  PushResult pushWaiting(const QueuedCompile& request);
  /// The hottest request; waits for one. Empty once the queue is closed. The request counts as running for its owner
  /// until done() is called.
  std::optional<QueuedCompile> pop();
  void done(const QueuedCompile& request);

  /// Drops the owner's requests, waits until none of them runs, and refuses further ones from it.
  void cancel(QueueOwner owner);
  /// Waits until the owner has no request queued or running.
  void drain(QueueOwner owner);
  /// Drops everything and wakes all workers with "no more".
  void close();

  /// In the child of fork(): the workers that were running requests are gone.
  void forgetRunning();
  std::mutex& forkLock() { return mutex_; }

  struct Counts {
    std::uint64_t pushed = 0;    ///< accepted
    std::uint64_t dropped = 0;   ///< refused because the queue was full
    std::uint64_t cancelled = 0;
    std::size_t highWater = 0;   ///< most requests waiting at once
  };
  Counts counts() const;
  /// How many requests wait, and those at work.
  std::size_t waiting(std::vector<QueuedCompile>& running) const;

private:
  PushResult pushLocked(const QueuedCompile& request);
  bool pending(const QueuedCompile& request) const;
  bool busy(QueueOwner owner) const;
  std::size_t cancelLocked(QueueOwner owner);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wakeWorkers_, wakeWaiters_;
  std::vector<QueuedCompile> entries_;
  std::vector<QueuedCompile> running_;
  std::vector<QueueOwner> refused_;
  Counts counts_;
  bool closed_ = false;
};

} // namespace kiln
