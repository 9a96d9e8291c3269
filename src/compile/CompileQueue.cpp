#include "compile/CompileQueue.h"

#include <algorithm>
#include <new>

namespace kiln {
namespace {

/// Back-edges that weigh as much as one call when a worker chooses: chosen by runs of SQLite, which are alike from 2 to 8. A rung's own
/// ratio (kLoopsPerCall) says when something is worth a compile at all, not what comes first (docs/adr/0025-large-functions.md).
constexpr std::uint64_t kLoopsPerCallOfHeat = 4;

std::uint64_t heat(const FunctionRecord& record) { return record.calls() + record.loops() / kLoopsPerCallOfHeat; }

bool whole(const QueuedCompile& request) { return request.loop == kNoLoop; }

bool samePlace(const QueuedCompile& a, const QueuedCompile& b) { return a.function == b.function && a.loop == b.loop; }

bool tierPending(const QueuedCompile& request) {
  return request.function->pendingTier.load(std::memory_order_relaxed) >= static_cast<int>(request.tier);
}

void setPending(const QueuedCompile& request, int tier) {
  if (whole(request))
    request.function->pendingTier.store(tier, std::memory_order_relaxed);
}

} // namespace

PushResult CompileQueue::push(const QueuedCompile& request) {
  if (whole(request) && tierPending(request))
    return PushResult::AlreadyPending;
  std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? pushLocked(request) : PushResult::Busy;
}

PushResult CompileQueue::pushWaiting(const QueuedCompile& request) {
  std::lock_guard lock(mutex_);
  return pushLocked(request);
}

bool CompileQueue::pending(const QueuedCompile& request) const {
  if (whole(request))
    return tierPending(request);
  auto covers = [&](const QueuedCompile& each) { return samePlace(each, request) && each.tier >= request.tier; };
  return std::any_of(entries_.begin(), entries_.end(), covers) || std::any_of(running_.begin(), running_.end(), covers);
}

PushResult CompileQueue::pushLocked(const QueuedCompile& request) {
  if (closed_ || std::find(refused_.begin(), refused_.end(), request.owner) != refused_.end())
    return PushResult::Closed;
  auto entry = std::ranges::find_if(entries_, [&](const auto& each) { return samePlace(each, request); });
  const bool waits = entry != entries_.end();
  if (waits)
    entry->calls = request.calls;
  if (pending(request))
    return PushResult::AlreadyPending;
  if (waits) { // for a lower tier: it is overtaken
    entry->tier = request.tier;
    entry->exact |= request.exact;
    entry->rebuild |= request.rebuild;
    setPending(*entry, static_cast<int>(request.tier));
    return PushResult::Queued;
  }
  if (entries_.size() >= capacity_) {
    ++counts_.dropped;
    return PushResult::Full;
  }
  setPending(request, static_cast<int>(request.tier));
  entries_.push_back(request);
  ++counts_.pushed;
  counts_.highWater = std::max(counts_.highWater, entries_.size());
  wakeWorkers_.notify_one();
  return PushResult::Queued;
}

std::optional<QueuedCompile> CompileQueue::pop() {
  std::unique_lock lock(mutex_);
  wakeWorkers_.wait(lock, [&] { return closed_ || !entries_.empty(); });
  if (closed_)
    return std::nullopt;
  auto hottest = std::max_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return heat(*a.function) < heat(*b.function);
  });
  QueuedCompile request = *hottest;
  *hottest = entries_.back();
  entries_.pop_back();
  running_.push_back(request);
  return request;
}

void CompileQueue::done(const QueuedCompile& request) {
  std::lock_guard lock(mutex_);
  auto at = std::find_if(running_.begin(), running_.end(),
                         [&](const auto& each) { return samePlace(each, request) && each.tier == request.tier; });
  if (at != running_.end())
    running_.erase(at);
  int mine = static_cast<int>(request.tier);
  if (whole(request))
    request.function->pendingTier.compare_exchange_strong(mine, FunctionRecord::kNone, std::memory_order_relaxed);
  wakeWaiters_.notify_all();
}

bool CompileQueue::busy(QueueOwner owner) const {
  auto mine = [&](const QueuedCompile& each) { return each.owner == owner; };
  return std::any_of(entries_.begin(), entries_.end(), mine) || std::any_of(running_.begin(), running_.end(), mine);
}

std::size_t CompileQueue::cancelLocked(QueueOwner owner) {
  return std::erase_if(entries_, [&](const QueuedCompile& each) {
    if (each.owner != owner)
      return false;
    setPending(each, FunctionRecord::kNone);
    return true;
  });
}

void CompileQueue::cancel(QueueOwner owner) {
  std::unique_lock lock(mutex_);
  refused_.push_back(owner);
  counts_.cancelled += cancelLocked(owner);
  wakeWaiters_.wait(lock, [&] { return !busy(owner); });
  std::erase(refused_, owner);
}

void CompileQueue::drain(QueueOwner owner) {
  std::unique_lock lock(mutex_);
  wakeWaiters_.wait(lock, [&] { return !busy(owner); });
}

void CompileQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (QueuedCompile& entry : entries_)
    setPending(entry, FunctionRecord::kNone);
  counts_.cancelled += entries_.size();
  entries_.clear();
  wakeWorkers_.notify_all();
  wakeWaiters_.notify_all();
}

void CompileQueue::forgetRunning() {
  // Threads that do not exist here may be counted as waiters; such a condition variable can be neither used nor destroyed.
  new (&wakeWorkers_) std::condition_variable;
  new (&wakeWaiters_) std::condition_variable;
  for (QueuedCompile& each : running_)
    setPending(each, FunctionRecord::kNone);
  running_.clear();
}

std::size_t CompileQueue::waiting(std::vector<QueuedCompile>& running) const {
  std::lock_guard lock(mutex_);
  running = running_;
  return entries_.size();
}

CompileQueue::Counts CompileQueue::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

} // namespace kiln
