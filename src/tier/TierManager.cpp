#include "tier/TierManager.h"

#include <algorithm>

#include "support/Clock.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

/// Calls until a request that found the queue full is made again.
constexpr std::int64_t kRetryCalls = 1000;
/// Loop iterations of a held function between looks at whether its activations are to go down: some microseconds.
constexpr std::int64_t kHeldLoops = 1000;

} // namespace

TierManager::TierManager(FunctionTable& table, Settings settings, Request request)
    : table_(table), settings_(std::move(settings)), request_(std::move(request)) {}

bool TierManager::counts(Tier tier) const {
  if (settings_.countNone)
    return false;
  return settings_.countAll || settings_.ladder.above(tier) != nullptr;
}

TierSnapshot TierManager::snapshot(const FunctionRecord& record) const {
  int tier = record.publishedTier.load(std::memory_order_acquire);
  return snapshot(record, tier == FunctionRecord::kNone ? settings_.ladder.bottom() : static_cast<Tier>(tier));
}

TierSnapshot TierManager::snapshot(const FunctionRecord& record, Tier current) const {
  TierSnapshot now;
  now.current = current;
  now.calls = record.calls();
  now.loops = record.loops();
  now.held = record.held.load(std::memory_order_relaxed);
  now.pending = record.pendingTier.load(std::memory_order_relaxed) > static_cast<int>(now.current);
  now.failures = record.failures.load(std::memory_order_relaxed);
  now.osr = settings_.osr;
  now.refused = record.refusedTiers();
  now.large = record.large.load(std::memory_order_relaxed);
  if (now.current == Tier::Baseline && record.recording.load(std::memory_order_relaxed) == Recording::Ahead)
    now.recordAt = settings_.recordAt;
  return now;
}

void TierManager::release(FunctionRecord& record) {
  if (!record.held.exchange(false, std::memory_order_relaxed) ||
      record.publishedTier.load(std::memory_order_acquire) == FunctionRecord::kNone)
    return;
  TierDecision budget = firstBudget(settings_.ladder, snapshot(record));
  record.arm(budget.calls, budget.loops);
}

Tier TierManager::tierByNow(const FunctionRecord& record, Tier asked) const {
  TierSnapshot now = snapshot(record);
  now.pending = false;
  TierDecision decision = decideTier(settings_.ladder, now);
  return decision.promote ? std::max(decision.target, asked) : asked;
}

void TierManager::onBudgetSpent(FunctionRecord& record) {
  TierSnapshot now = snapshot(record);
  carryOut(record, now, decideTier(settings_.ladder, now));
}

void TierManager::carryOut(FunctionRecord& record, const TierSnapshot& now, const TierDecision& decision) {
  record.arm(decision.calls, decision.loops);
  if (record.replaced.load(std::memory_order_relaxed))
    return; // no call would run it
  if (decision.record)
    startRecording(record);
  if (decision.promote)
    ask(record, now, decision.target, kNoLoop, decision.reason);
}

/// Where it cannot be done now, the next calls try again.
void TierManager::startRecording(FunctionRecord& record) {
  record.recording.store(Recording::On, std::memory_order_relaxed);
  if (settings_.record(record))
    return;
  record.recording.store(Recording::Ahead, std::memory_order_relaxed);
  record.arm(16, static_cast<std::int64_t>(16 * kLoopsPerCall));
}

/// The profile is taken, and until the better code is there the function runs without recorders, if it still has such
/// code. Where that cannot be done now it goes on recording, which costs a little time and no more: in a handler, the
/// code that was interrupted may hold a lock that this takes, or be in malloc().
void TierManager::stopRecording(FunctionRecord& record) {
  if (record.recording.load(std::memory_order_relaxed) != Recording::On)
    return;
  SignalBlock block;
  if (settings_.mayBeInHandler && settings_.mayBeInHandler(block.before()))
    return;
  std::unique_lock lock(record.mutex, std::try_to_lock);
  if (!lock || record.recording.exchange(Recording::Done, std::memory_order_relaxed) != Recording::On)
    return;
  if (record.publishedTier.load(std::memory_order_relaxed) != static_cast<int>(Tier::Baseline) ||
      record.replaced.load(std::memory_order_relaxed))
    return;
  for (const Version& version : record.versions)
    if (version.tier == Tier::Baseline && version.selectable() && !version.records) {
      table_.slot(record.id).store(version.entry, std::memory_order_release);
      record.publishedEntry = version.entry;
      versionsChanged(record);
      return;
    }
}

std::uintptr_t TierManager::goDown(FunctionRecord& record, std::uint32_t loop, Tier running) {
  // Whoever still runs in code above asks again soon, though others spend the same budget.
  record.arm(kUnbounded, kHeldLoops);
  if (running != Tier::Baseline || !settings_.enterInterpreter ||
      record.publishedTier.load(std::memory_order_acquire) != static_cast<int>(Tier::Interpreter))
    return 0;
  if (!record.osrEntry(loop, Tier::Interpreter))
    settings_.enterInterpreter(record, loop);
  const OsrEntry* entry = record.osrEntry(loop, Tier::Interpreter);
  if (!entry || !entry->address)
    return 0;
  record.osrTransfers.fetch_add(1, std::memory_order_relaxed);
  notify(TierEvent::Kind::Demoted, record, static_cast<int>(running), Tier::Interpreter, "asked", {.loop = loop});
  return entry->address;
}

std::uintptr_t TierManager::onLoopBudgetSpent(FunctionRecord& record, std::uint32_t loop, Tier running, bool records) {
  if (record.held.load(std::memory_order_relaxed) && settings_.osr)
    return goDown(record, loop, running);
  TierSnapshot now = snapshot(record);
  LoopStates states{};
  for (Tier tier : {Tier::Baseline, settings_.ladder.top()})
    if (const OsrEntry* entry = record.osrEntry(loop, tier))
      states[static_cast<std::size_t>(tier)] = entry->address ? LoopState::Ready : LoopState::Refused;
  LoopDecision decision =
      decideLoop(settings_.ladder, now, running, states, records ? RecordingStart{} : settings_.recordAt);
  carryOut(record, now, decision.function);
  if (decision.request && !record.refusedBy(*decision.request)) { // the promotion before may have found that out
    ask(record, now, *decision.request, loop, decision.function.reason);
    decision.transfer = decision.request; // if it was compiled in this thread
  }
  const OsrEntry* entry = decision.transfer ? record.osrEntry(loop, *decision.transfer) : nullptr;
  if (!entry || !entry->address)
    return 0;
  record.osrTransfers.fetch_add(1, std::memory_order_relaxed);
  return entry->address;
}

void TierManager::ask(FunctionRecord& record, const TierSnapshot& now, Tier tier, std::uint32_t loop,
                      std::string_view reason) {
  auto requested = [&] {
    notify(TierEvent::Kind::Requested, record, static_cast<int>(now.current), tier, reason, {.loop = loop});
  };
  // A compile in this thread is published before request_ returns.
  const bool atOnce = settings_.synchronous || tier == Tier::Baseline;
  if (atOnce)
    requested();
  switch (request_(record, tier, loop)) {
  case PushResult::Queued:
    if (!atOnce)
      requested();
    if (tier > Tier::Baseline && loop == kNoLoop)
      stopRecording(record);
    break;
  case PushResult::Full:
    notify(TierEvent::Kind::Dropped, record, static_cast<int>(now.current), tier, "the queue is full", {.loop = loop});
    record.arm(kRetryCalls, kRetryCalls * static_cast<std::int64_t>(kLoopsPerCall));
    break;
  case PushResult::Busy:
    // Somebody holds the queue for a moment: come back soon, not after a doubled budget.
    record.arm(16, static_cast<std::int64_t>(16 * kLoopsPerCall));
    break;
  case PushResult::AlreadyPending:
  case PushResult::Closed:
    break;
  }
}

void TierManager::publish(FunctionRecord& record, Version version, std::string_view reason, bool force) {
  std::lock_guard lock(record.mutex);
  version.publishedAt = nowNanoseconds() - settings_.startedAt;
  version.callsBefore = record.calls();
  if (version.tier == Tier::Baseline && version.codeBytes >= kLargeFunction)
    record.large.store(true, std::memory_order_relaxed);
  record.versions.push_back(std::move(version));
  const Version& added = record.versions.back();
  bool better = static_cast<int>(added.tier) > record.publishedTier.load(std::memory_order_relaxed) ||
                std::ranges::any_of(record.versions, [&](const Version& each) {
                  return each.withdrawn && each.entry == record.publishedEntry;
                });
  if (force || (better && !record.held.load(std::memory_order_relaxed)))
    activate(record, added, reason);
  versionsChanged(record);
}

bool TierManager::select(FunctionRecord& record, Tier tier, std::string_view reason, bool onlyUp) {
  std::lock_guard lock(record.mutex);
  bool stay = onlyUp && (record.held.load(std::memory_order_relaxed) ||
                         record.publishedTier.load(std::memory_order_relaxed) >= static_cast<int>(tier));
  for (auto version = record.versions.rbegin(); version != record.versions.rend(); ++version)
    if (version->tier == tier && version->selectable()) {
      if (!stay)
        activate(record, *version, reason);
      versionsChanged(record);
      return true;
    }
  return false;
}

/// Under record.mutex. The budgets are set before code that counts them down can run.
void TierManager::activate(FunctionRecord& record, const Version& version, std::string_view reason) {
  if (record.replaced.load(std::memory_order_relaxed))
    return;
  int from = record.publishedTier.load(std::memory_order_relaxed);
  TierDecision budget = firstBudget(settings_.ladder, snapshot(record, version.tier));
  // A continuation that is there already (from the cache) does not wait for the loops that earn one.
  if (settings_.osr && budget.calls != kUnbounded && record.hasContinuation(settings_.ladder.top()))
    budget.loops = std::min(budget.loops, kOldActivationLoops);
  record.arm(budget.calls, budget.loops);
  record.setRecording(version.tier <= Tier::Baseline);
  table_.slot(record.id).store(version.entry, std::memory_order_release);
  record.publishedEntry = version.entry;
  record.publishedTier.store(static_cast<int>(version.tier), std::memory_order_release);
  notify(static_cast<int>(version.tier) < from ? TierEvent::Kind::Demoted : TierEvent::Kind::Published, record, from,
         version.tier, reason, {.compileNs = version.times.total()});
}

void TierManager::publishLoop(FunctionRecord& record, Version version, std::string_view reason, bool unasked) {
  std::lock_guard lock(record.mutex);
  version.publishedAt = nowNanoseconds() - settings_.startedAt;
  version.callsBefore = record.calls();
  record.versions.push_back(std::move(version));
  const Version& added = record.versions.back();
  record.addOsrEntry(added.loop, added.tier, added.entry);
  if (unasked)
    record.hurryLoops(kOldActivationLoops);
  notify(TierEvent::Kind::LoopPublished, record, record.publishedTier.load(std::memory_order_relaxed), added.tier,
         reason, {added.loop, added.times.total()});
}

void TierManager::withdraw(FunctionRecord& record, std::uint32_t loop, std::uintptr_t entry, std::string_view reason) {
  std::lock_guard lock(record.mutex);
  auto gone = std::ranges::find_if(
      record.versions, [&](const Version& each) { return each.entry == entry && each.loop == loop && !each.retired; });
  if (gone == record.versions.end())
    return;
  gone->withdrawn = true;
  // Its successor may be there already: who withdraws asks for it first.
  if (loop != kNoLoop) {
    if (const OsrEntry* current = record.osrEntry(loop, gone->tier); current && current->address == entry)
      record.addOsrEntry(loop, gone->tier, 0);
    return;
  }
  if (record.publishedEntry != entry)
    return;
  const Version* best = nullptr;
  for (auto each = record.versions.begin(); each != record.versions.end(); ++each)
    if (each->selectable() && (each->tier < gone->tier || (each->tier == gone->tier && each > gone)) &&
        (!best || each->tier >= best->tier))
      best = &*each;
  if (best)
    activate(record, *best, reason);
  versionsChanged(record);
}

void TierManager::replace(FunctionRecord& record, std::uintptr_t target) {
  std::lock_guard lock(record.mutex);
  record.replaced.store(true, std::memory_order_relaxed);
  table_.slot(record.id).store(target, std::memory_order_release);
  record.publishedEntry = 0;
  versionsChanged(record);
}

void TierManager::refuseLoop(FunctionRecord& record, Tier tier, std::uint32_t loop, std::string_view reason) {
  {
    std::lock_guard lock(record.mutex);
    record.addOsrEntry(loop, tier, 0);
  }
  notify(TierEvent::Kind::Failed, record, record.publishedTier.load(std::memory_order_relaxed), tier, reason,
         {.loop = loop});
}

void TierManager::reportFailure(FunctionRecord& record, Tier tier, const Error& error) {
  {
    std::lock_guard lock(record.mutex);
    record.lastFailure = error.message;
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  record.failures.fetch_add(1, std::memory_order_relaxed);
  notify(TierEvent::Kind::Failed, record, record.publishedTier.load(std::memory_order_relaxed), tier, error.message,
         {});
}

void TierManager::refuse(FunctionRecord& record, Tier tier, std::string_view reason) {
  record.setRefusedBy(tier);
  int published = record.publishedTier.load(std::memory_order_acquire);
  if (published == FunctionRecord::kNone)
    return; // what takes it instead is told, and sets the budgets
  TierDecision budget = firstBudget(settings_.ladder, snapshot(record));
  record.arm(budget.calls, budget.loops);
  notify(TierEvent::Kind::Failed, record, published, tier, reason, {});
}

void TierManager::notify(TierEvent::Kind kind, const FunctionRecord& record, int from, Tier to, std::string_view reason,
                         Detail detail) {
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
  event.compileNanoseconds = detail.compileNs;
  if (detail.loop != kNoLoop)
    event.loop = detail.loop;
  settings_.observer->onTierEvent(event);
}

} // namespace kiln
