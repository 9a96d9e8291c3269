#include "tier/TierManager.h"

#include "support/Clock.h"

namespace kiln {
namespace {

/// Calls until a request that found the queue full is made again.
constexpr std::int64_t kRetryCalls = 1000;

} // namespace

TierManager::TierManager(FunctionTable& table, Settings settings, Request request)
    : table_(table), settings_(std::move(settings)), request_(std::move(request)) {}

bool TierManager::counts(Tier tier) const {
  if (settings_.countNone)
    return false;
  return settings_.countAll || settings_.ladder.above(tier) != nullptr;
}

TierSnapshot TierManager::snapshot(const FunctionRecord& record) const {
  TierSnapshot now;
  int tier = record.publishedTier.load(std::memory_order_acquire);
  now.current = tier == FunctionRecord::kNone ? settings_.ladder.bottom() : static_cast<Tier>(tier);
  now.calls = record.calls();
  now.loops = record.loops();
  now.held = record.held.load(std::memory_order_relaxed);
  now.pending = record.pendingTier.load(std::memory_order_relaxed) > static_cast<int>(now.current);
  now.failures = record.failures.load(std::memory_order_relaxed);
  return now;
}

void TierManager::onBudgetSpent(FunctionRecord& record) {
  TierSnapshot now = snapshot(record);
  TierDecision decision = decideTier(settings_.ladder, now);
  record.arm(decision.calls, decision.loops);
  if (!decision.promote)
    return;
  auto requested = [&] {
    notify(TierEvent::Kind::Requested, record, static_cast<int>(now.current), decision.target, decision.reason);
  };
  // A compile in this thread is published before request_ returns.
  if (settings_.synchronous)
    requested();
  switch (request_(record, decision.target)) {
  case PushResult::Queued:
    if (!settings_.synchronous)
      requested();
    break;
  case PushResult::Full:
    notify(TierEvent::Kind::Dropped, record, static_cast<int>(now.current), decision.target, "the queue is full");
    record.arm(kRetryCalls, kRetryCalls * static_cast<std::int64_t>(kLoopsPerCall));
    break;
  case PushResult::Busy:
    // Somebody holds the queue for a moment: come back soon, not after a doubled budget.
    record.arm(16, static_cast<std::int64_t>(16 * kLoopsPerCall));
    break;
  case PushResult::AlreadyPending:
  case PushResult::Closed: break;
  }
}

void TierManager::publish(FunctionRecord& record, Version version, std::string_view reason, bool force) {
  std::lock_guard lock(record.mutex);
  version.publishedAt = nowNanoseconds() - settings_.startedAt;
  version.callsBefore = record.calls();
  record.versions.push_back(std::move(version));
  const Version& added = record.versions.back();
  bool better = static_cast<int>(added.tier) > record.publishedTier.load(std::memory_order_relaxed);
  if (force || (better && !record.held.load(std::memory_order_relaxed)))
    activate(record, added, reason);
}

bool TierManager::select(FunctionRecord& record, Tier tier, std::string_view reason, bool onlyUp) {
  std::lock_guard lock(record.mutex);
  bool stay = onlyUp && (record.held.load(std::memory_order_relaxed) ||
                         record.publishedTier.load(std::memory_order_relaxed) >= static_cast<int>(tier));
  for (auto version = record.versions.rbegin(); version != record.versions.rend(); ++version)
    if (version->tier == tier) {
      if (!stay)
        activate(record, *version, reason);
      return true;
    }
  return false;
}

/// Under record.mutex. The budgets are set before code that counts them down can run.
void TierManager::activate(FunctionRecord& record, const Version& version, std::string_view reason) {
  int from = record.publishedTier.load(std::memory_order_relaxed);
  TierSnapshot now = snapshot(record);
  now.current = version.tier;
  TierDecision budget = firstBudget(settings_.ladder, now);
  record.arm(budget.calls, budget.loops);
  table_.slot(record.id).store(version.entry, std::memory_order_release);
  record.publishedTier.store(static_cast<int>(version.tier), std::memory_order_release);
  notify(static_cast<int>(version.tier) < from ? TierEvent::Kind::Demoted : TierEvent::Kind::Published, record, from,
         version.tier, reason, version.times.total());
}

void TierManager::reportFailure(FunctionRecord& record, Tier tier, const Error& error) {
  {
    std::lock_guard lock(record.mutex);
    record.lastFailure = error.message;
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  record.failures.fetch_add(1, std::memory_order_relaxed);
  notify(TierEvent::Kind::Failed, record, record.publishedTier.load(std::memory_order_relaxed), tier, error.message);
}

void TierManager::notify(TierEvent::Kind kind, const FunctionRecord& record, int from, Tier to, std::string_view reason,
                         std::uint64_t compileNs) {
  if (!settings_.observer)
    return;
  TierEvent event;
  event.kind = kind;
  event.program = settings_.program;
  event.function = record.name;
  if (from != FunctionRecord::kNone)
    event.from = static_cast<Tier>(from);
  event.to = to;
  event.reason = reason;
  event.calls = record.calls();
  event.loops = record.loops();
  event.nanoseconds = nowNanoseconds() - settings_.startedAt;
  event.compileNanoseconds = compileNs;
  settings_.observer->onTierEvent(event);
}

} // namespace kiln
