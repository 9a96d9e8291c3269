// Guesses of the last tier: what they may be, the way back to the interpreter, and what follows when they fail too
// often.
#include "engine/Exits.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "engine/SignalHandlers.h"
#include "support/CancelState.h"
#include "support/Clock.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

/// Lines of trace for one site: what comes after tells nothing new.
constexpr std::uint32_t kMostLines = 10;
/// Words of a state in such a line.
constexpr std::uint32_t kShownWords = 6;

/// In the place of a call that the program does not see: its errno stays, and it is not cancelled here.
class InRuntime {
public:
  InRuntime() : errno_(errno) {}
  ~InRuntime() noexcept(false) { // where a cancellation that waited comes through
    errno = errno_;
    cancel_.restore();
  }

private:
  int errno_;
  CancelState cancel_;
};

} // namespace

Result<void> ProgramCore::makeExits() {
  const Options& options = engine_->options;
  Assumptions::Limits limits;
  if (options.exitLimit)
    limits.failures = options.exitLimit;
  assumptions_ = std::make_unique<Assumptions>(map_.functions.size(), limits,
                                               [this](const GuardSite& site) { return rebuild(site); });
  unresumable_ = std::make_unique<std::atomic<bool>[]>(map_.functions.size());
  speculation_.assumptions = assumptions_.get();
  speculation_.everywhere = options.exitAt != 0;
  speculation_.constantAfter = options.constantAfter;
  speculation_.resumable = [this](std::uint32_t id) { return !unresumable_[id].load(std::memory_order_relaxed); };
  setGuardHandler([](GuardCell* cell) { owner(cell).onGuardSpent(*cell); });
  if (!speculation_.everywhere)
    return {};
  auto word = space_->allocate(CodeArena::Data, sizeof(*exitCount_), sizeof(*exitCount_));
  if (!word)
    return std::unexpected(word.error());
  exitCount_ = new (word->rx) std::atomic<std::int64_t>(static_cast<std::int64_t>(options.exitAt) - 1);
  return {};
}

CompileResult ProgramCore::compileGuarded(LlvmCompiler& compiler, WorldKeeper& worlds, const CompileRequest& request,
                                          bool locked) {
  for (bool mayBeKept = true;;) {
    CompileResult result = Error{};
    auto compile = [&] { return compiler.compile(request, worlds); };
    auto make = [&] { result = mayBeKept ? codeFor(request, compile) : compile(); };
    if (locked)
      callOnStack(*stack_, make);
    else
      make();
    auto* artifact = std::get_if<CodeArtifact>(&result);
    if (!artifact || artifact->guards.empty())
      return result;
    if (artifact->cached && !stillHolds(*artifact)) {
      mayBeKept = false;
      continue;
    }
    std::unique_lock lock(foreground_, std::defer_lock);
    if (!locked)
      lock.lock();
    auto refused = prepareExits(*artifact);
    if (!refused)
      return refused.error();
    if (!*refused)
      return result;
    unresumable_[**refused].store(true, std::memory_order_relaxed); // so this ends
    mayBeKept = false;
  }
}

/// Of code from the cache: whether this run would make it as well.
bool ProgramCore::stillHolds(const CodeArtifact& artifact) const {
  return assumptions_->allowed(artifact.function) && std::ranges::all_of(artifact.guards, [&](const GuardInfo& guard) {
           return guard.forced || assumptions_->holds(guard.assumption);
         });
}

/// Before the code is published: an exit may happen in a signal handler, where nothing can be decoded.
Result<std::optional<std::uint32_t>> ProgramCore::prepareExits(CodeArtifact& artifact) {
  std::map<std::uint32_t, std::vector<std::uint32_t>> places;
  for (const GuardInfo& guard : artifact.guards)
    if (guard.exits && guard.assumption.function >= map_.functions.size())
      return fail(ErrorCode::CompileFailed, "a guard of no function");
    else if (guard.exits)
      places[guard.assumption.function].push_back(guard.assumption.place);
  Result<std::optional<std::uint32_t>> outcome;
  for (auto& [function, list] : places) {
    onForeground(
        [&](World& world, const WorldSymbols& symbols) -> LowResult {
          auto made = interpreter_->prepareResume({&world, &symbols}, function, list);
          if (auto* refusal = std::get_if<Refusal>(&made))
            return std::move(*refusal);
          if (auto* error = std::get_if<Error>(&made))
            return std::move(*error);
          return Version{};
        },
        [&](LowResult made) {
          if (std::holds_alternative<Refusal>(made)) {
            ++refusals_[{Tier::Interpreter, "no exits: " + std::get<Refusal>(made).reason}];
            outcome = function;
          } else if (auto* error = std::get_if<Error>(&made)) {
            outcome = std::unexpected(std::move(*error));
          }
        });
    if (!outcome || *outcome)
      return outcome;
  }
  for (const GuardInfo& guard : artifact.guards)
    artifact.resumes.push_back(guard.exits ? interpreter_->resumeAt(guard.assumption.function, guard.assumption.place)
                                           : 0);
  return outcome;
}

std::vector<std::uintptr_t> ProgramCore::resumePoints(FunctionRecord& record, std::span<const std::uint32_t> places) {
  SignalBlock block;
  std::lock_guard lock(foreground_);
  onForeground(
      [&](World& world, const WorldSymbols& symbols) -> LowResult {
        (void)interpreter_->prepareResume({&world, &symbols}, record.id, places);
        return Version{};
      },
      [](LowResult) {});
  std::vector<std::uintptr_t> points;
  for (std::uint32_t place : places)
    points.push_back(interpreter_->resumeAt(record.id, place));
  return points;
}

/// They outlive the code: a thread that counts may be on its way out of it.
Result<void> ProgramCore::placeCells(CodeArtifact& artifact) {
  if (artifact.guards.empty())
    return {};
  auto span =
      space_->allocate(CodeArena::Data, artifact.guards.size() * sizeof(GuardCell), sizeof(GuardCell), artifact.use);
  if (!span)
    return std::unexpected(span.error());
  artifact.cells = new (span->rx) GuardCell[artifact.guards.size()];
  return {};
}

void ProgramCore::installGuards(const FunctionRecord& record, const CodeArtifact& artifact, const Version& version) {
  if (version.tier < tiers_->ladder().top())
    return;
  auto sites = assumptions_->install(record.id, artifact.loop, artifact.guards, artifact.cells, version.codeBytes);
  for (std::size_t i = 0; i < sites.size(); ++i) {
    sites[i]->resume = artifact.resumes.empty() ? 0 : artifact.resumes[i];
    sites[i]->code = version.entry;
  }
}

// While the program runs
// ------------------------------------------------------------------------------------------------

std::uintptr_t ProgramCore::onExit(GuardSite& site, const std::uint64_t* state) {
  InRuntime runtime;
  if (site.forced)
    exitCount_->store(static_cast<std::int64_t>(engine_->options.exitAt) - 1, std::memory_order_relaxed);
  if (observer() && site.told.fetch_add(1, std::memory_order_relaxed) < kMostLines)
    traceExit(site, state);
  assumptions_->failed(site);
  // The loops of what goes on in the interpreter, of the function itself and of one inlined in it, shall find better code soon.
  for (std::uint32_t function : {site.root, site.assumption().function})
    table_->record(function).hurryLoops(kOldActivationLoops);
  return site.resume;
}

void ProgramCore::onGuardSpent(GuardCell& cell) {
  InRuntime runtime;
  assumptions_->spent(cell);
}

/// Nothing here allocates.
void ProgramCore::traceExit(GuardSite& site, const std::uint64_t* state) {
  const Assumption& assumption = site.assumption();
  char text[240];
  const auto size = static_cast<int>(sizeof text);
  int length =
      snprintf(text, sizeof text, "%s%.*s %.*s:%u", site.forced ? "forced " : "",
               static_cast<int>(assumptionName(assumption.kind).size()), assumptionName(assumption.kind).data(),
               static_cast<int>(std::min<std::size_t>(map_.functions[assumption.function].name.size(), 60)),
               map_.functions[assumption.function].name.data(), assumption.place);
  for (std::uint32_t i = 1; i < site.words && i <= kShownWords && length < size; ++i)
    length += snprintf(text + length, static_cast<std::size_t>(size - length), i == 1 ? " with %llx" : ",%llx",
                       static_cast<unsigned long long>(state[i]));
  FunctionRecord& record = table_->record(site.root);
  TierEvent event;
  event.kind = TierEvent::Kind::Exited;
  event.program = name_;
  event.function = record.name;
  event.from = tiers_->ladder().top();
  event.to = Tier::Interpreter;
  event.reason = std::string_view(text, static_cast<std::size_t>(std::min(length, size - 1)));
  event.calls = record.calls();
  event.loops = record.loops();
  event.nanoseconds = nowNanoseconds() - engine_->startedAt;
  if (site.loop != kNoLoop)
    event.loop = site.loop;
  observer()->onTierEvent(event);
}

Assumptions::Answer ProgramCore::rebuild(const GuardSite& site) {
  using Answer = Assumptions::Answer;
  FunctionRecord& record = table_->record(site.root);
  const Tier tier = tiers_->ladder().top();
  const OsrEntry* entry = site.loop == kNoLoop ? nullptr : record.osrEntry(site.loop, tier);
  const bool current = site.loop == kNoLoop ? codeOf(site.root) == site.code
                                            : entry && entry->address == site.code;
  if (!current || engine_->stopped())
    return Answer::Pointless;
  SignalBlock block;
  if (mayBeInHandler(block.before()))
    return Answer::Busy;
  const QueuedCompile request{this, &record, tier, site.loop, true, true};
  if (engine_->options.compileThreads == 0) {
    std::unique_lock lock(foreground_, std::try_to_lock);
    if (!lock)
      return Answer::Busy;
    tiers_->withdraw(record, site.loop, site.code, "assumption failed");
    if (site.loop != kNoLoop)
      compileLoopNow(record, tier, site.loop, "assumption failed");
    else if (auto done = compileNow(record, tier, "assumption failed", false); !done)
      tiers_->reportFailure(record, tier, done.error());
    return Answer::Asked;
  }
  if (engine_->queue.push(request) != PushResult::Queued)
    return Answer::Busy;
  tiers_->withdraw(record, site.loop, site.code, "assumption failed");
  if (!engine_->pool.started())
    engine_->pool.start();
  return Answer::Asked;
}

void ProgramCore::fillIn(ExitStatistics& out) const {
  Assumptions::Counts counts = assumptions_->counts();
  for (std::size_t i = 0; i < kAssumptionKinds; ++i)
    out.reasons.push_back({std::string(assumptionName(static_cast<AssumptionKind>(i))), counts.failures[i],
                           counts.exits[i], counts.dropped[i]});
  out.sites = counts.sites;
  out.forced = counts.forced;
  out.rebuilds = counts.rebuilds;
  out.leftAlone = counts.leftAlone;
}

} // namespace kiln

const void* kiln_exit(kiln::GuardCell* cell, const std::uint64_t* state) {
  return reinterpret_cast<const void*>(kiln::ProgramCore::owner(cell).onExit(*cell->site, state));
}
