// Gathering a program's statistics from where the numbers live.
#include <sys/resource.h>

#include <algorithm>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "support/Clock.h"
#include "support/SignalBlock.h"

namespace kiln {

FunctionStatistics ProgramCore::statisticsOf(FunctionRecord& record) {
  FunctionStatistics out;
  std::lock_guard lock(record.mutex);
  out.name = record.name;
  int tier = record.publishedTier.load(std::memory_order_acquire);
  if (tier != FunctionRecord::kNone)
    out.tier = static_cast<Tier>(tier);
  out.calls = record.calls();
  out.loops = record.loops();
  out.held = record.held.load(std::memory_order_relaxed);
  for (const Version& version : record.versions)
    out.versions.push_back({version.tier, version.times.prepare, version.times.passes, version.times.codegen,
                            version.times.link, version.codeBytes, version.publishedAt, version.callsBefore,
                            version.loop == kNoLoop ? std::nullopt : std::optional(version.loop), version.retired, version.cached});
  if (recorder())
    out.samples = recorder()->samplesOf(recordedAs_ + record.id);
  out.versionsForgotten = record.forgotten.versions;
  out.forgottenNs = record.forgotten.compileNs;
  out.forgottenBytes = record.forgotten.codeBytes;
  out.osrTransfers = record.osrTransfers.load(std::memory_order_relaxed);
  out.failures = record.failures.load(std::memory_order_relaxed);
  out.lastFailure = record.lastFailure;
  return out;
}

Statistics ProgramCore::statistics() {
  Statistics out;
  out.ladder = tiers_->ladder().text();
  out.functionsInProgram = table_->size();
  for (std::uint32_t id = 0; id < table_->size(); ++id) {
    FunctionRecord* record = table_->existing(id);
    if (!record)
      continue; // never called
    FunctionStatistics function = statisticsOf(*record);
    if (function.versions.empty() && function.failures == 0)
      continue;
    for (const VersionStatistics& version : function.versions) {
      ++out.compiles;
      out.compileNs += version.prepareNs + version.passesNs + version.codegenNs + version.linkNs;
      out.codeBytes += version.codeBytes;
      if (version.tier == Tier::Interpreter)
        out.interpreter.prepareNs += version.prepareNs;
    }
    out.compiles += function.versionsForgotten;
    out.compileNs += function.forgottenNs;
    out.codeBytes += function.forgottenBytes;
    out.functions.push_back(std::move(function));
  }
  addChildren(out);
  std::stable_sort(out.functions.begin(), out.functions.end(), [](const auto& a, const auto& b) {
    return a.calls + a.loops / kLoopsPerCall > b.calls + b.loops / kLoopsPerCall;
  });
  {
    SignalBlock block;
    std::lock_guard lock(foreground_);
    interp::Interpreter::Totals decoded = interpreter_->totals();
    out.interpreter.functions += decoded.functions;
    out.interpreter.instructions += decoded.instructions;
    out.interpreter.decodeNs += decoded.nanoseconds;
    baseline::Baseline::Totals made = baseline_->totals();
    out.baseline.functions += made.functions;
    out.baseline.instructions += made.instructions;
    out.baseline.compileNs += made.nanoseconds;
    out.baseline.codeBytes += made.codeBytes;
    for (const auto& [key, count] : refusals_)
      out.refusals.push_back({key.first, key.second, count});
    if (cache_)
      out.cache = cache_->statistics();
    out.cache.startFound = startFound_;
    if (baselineKept_)
      baselineKept_->addTo(out.cache);
  }
  out.codeSpaceUsed += space_->bytesUsed();
  out.codeSpaceLimit = space_->limit();
  fillIn(out.codeSpace);
  fillIn(out.exits);
  CompileQueue::Counts counts = engine_->queue.counts();
  out.requests = counts.pushed;
  out.requestsDropped = counts.dropped;
  out.requestsCancelled = counts.cancelled;
  out.requestsFailed += tiers_->failures();
  out.queueHighWater = counts.highWater;
  out.compileThreads = engine_->options.compileThreads;
  std::vector<QueuedCompile> running;
  out.waiting = engine_->queue.waiting(running);
  for (const QueuedCompile& each : running)
    if (each.owner == this)
      out.compiling.push_back({each.function->name, each.tier, each.loop == kNoLoop ? std::nullopt : std::optional(each.loop)});
  out.runNs = nowNanoseconds() - engine_->startedAt;
  rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    out.peakMemoryBytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return out;
}

} // namespace kiln
