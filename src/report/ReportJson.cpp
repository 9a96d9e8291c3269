// The report as JSON, by docs/report.schema.json.
#include <nlohmann/json.hpp>

#include <cmath>

#include "kiln/Report.h"

namespace kiln {
namespace {

using Json = nlohmann::ordered_json;

/// To a hundredth of a nanosecond: more is noise, and takes room.
double rounded(double nanoseconds) { return std::round(nanoseconds * 100) / 100; }

template <typename T> Json orNull(const std::optional<T>& value) { return value ? Json(*value) : Json(nullptr); }
Json orNull(const std::optional<Tier>& tier) { return tier ? Json(tierName(*tier)) : Json(nullptr); }
Json orNull(const std::optional<double>& value) { return value ? Json(rounded(*value)) : Json(nullptr); }

Json byTier(const std::array<std::uint64_t, kTierCount>& times) {
  Json out = Json::object();
  for (Tier tier : kAllTiers)
    if (times[static_cast<std::size_t>(tier)] != 0)
      out[std::string(tierName(tier))] = times[static_cast<std::size_t>(tier)];
  return out;
}

Json toJson(const ReportedChange& change) {
  return {{"from", orNull(change.from)},
          {"to", tierName(change.to)},
          {"at_ns", change.atNs},
          {"calls", change.calls},
          {"compile_ns", change.compileNs},
          {"reason", change.reason},
          {"cost_before_ns", orNull(change.costBefore)},
          {"cost_after_ns", orNull(change.costAfter)},
          {"break_even_calls", orNull(change.breakEvenCalls)}};
}

Json toJson(const ReportedFunction& function) {
  const FunctionStatistics& statistics = function.statistics;
  std::uint64_t compileNs = statistics.forgottenNs, codeBytes = statistics.forgottenBytes;
  for (const VersionStatistics& version : statistics.versions) {
    compileNs += version.prepareNs + version.passesNs + version.codegenNs + version.linkNs;
    codeBytes += version.codeBytes;
  }
  Json curve = Json::array(), changes = Json::array();
  for (const ReportedCost& cost : function.curve)
    curve.push_back({cost.calls, cost.span, cost.timed, rounded(cost.nanoseconds), cost.atNs, tierName(cost.tier)});
  for (const ReportedChange& change : function.changes)
    changes.push_back(toJson(change));
  Json out = {{"name", statistics.name},
              {"tier", orNull(statistics.tier)},
              {"calls", function.calls},
              {"calls_counted", statistics.calls},
              {"calls_estimated", function.callsEstimated},
              {"calls_complete", function.callsComplete},
              {"loops", statistics.loops},
              {"self_ns", function.selfNs},
              {"self_by_tier", byTier(function.selfByTier)},
              {"compile_ns", compileNs},
              {"versions", statistics.versions.size() + statistics.versionsForgotten},
              {"code_bytes", codeBytes},
              {"osr_transfers", statistics.osrTransfers},
              {"failures", statistics.failures},
              {"timed", function.timed},
              {"curve", std::move(curve)},
              {"changes", std::move(changes)}};
  if (!statistics.lastFailure.empty())
    out["last_failure"] = statistics.lastFailure;
  return out;
}

Json toJson(const ReportedCompile& compile) {
  return {{"function", compile.function},
          {"tier", tierName(compile.tier)},
          {"loop", orNull(compile.loop)},
          {"thread", compile.thread < 0 ? Json(nullptr) : Json(compile.thread)},
          {"begin_ns", compile.beginNs},
          {"end_ns", compile.endNs},
          {"prepare_ns", compile.prepareNs},
          {"passes_ns", compile.passesNs},
          {"codegen_ns", compile.codegenNs},
          {"link_ns", compile.linkNs},
          {"code_bytes", compile.codeBytes},
          {"reason", compile.reason},
          {"cached", compile.cached}};
}

Json toJson(const ReportedEvent& event) {
  return {{"kind", event.kind},       {"function", event.function}, {"from", orNull(event.from)},
          {"to", tierName(event.to)}, {"loop", orNull(event.loop)}, {"thread", event.thread},
          {"at_ns", event.atNs},      {"calls", event.calls},       {"loops", event.loops},
          {"reason", event.reason}};
}

Json toJson(const ReportMeasurement& from) {
  return {{"ticks_per_ns", from.ticksPerNs},
          {"invariant_ticks", from.invariantTicks},
          {"empty_call_ns", rounded(from.emptyCallNs)},
          {"timed_call_ns", rounded(from.timedCallNs)},
          {"counted_call_ns", rounded(from.countedCallNs)},
          {"sample_ns", rounded(from.sampleNs)},
          {"timed_calls", from.timedCalls},
          {"counted_calls", from.countedCalls},
          {"late_calls", from.lateCalls},
          {"windows", from.windows},
          {"probes", from.probes},
          {"sampling", from.sampling},
          {"sampling_ended", from.samplingEnded},
          {"sample_period_ns", from.samplePeriodNs},
          {"samples", from.samples},
          {"samples_missed", from.samplesMissed},
          {"events_dropped", from.eventsDropped},
          {"probe_ns", from.probeNs},
          {"sampler_ns", from.samplerNs},
          {"thread_ns", from.threadNs},
          {"overhead_share", std::round(from.overheadShare * 1e6) / 1e6}};
}

} // namespace

std::string Report::json() const {
  Json about = Json::parse(statistics.json());
  about.erase("functions");
  about["totals"]["functions_reached"] = functions.size();
  std::array<std::uint64_t, kTierCount> times{};
  Json functionList = Json::array(), compileList = Json::array(), eventList = Json::array(), threadList = Json::array();
  for (const ReportedFunction& function : functions) {
    for (std::size_t tier = 0; tier < kTierCount; ++tier)
      times[tier] += function.selfByTier[tier];
    functionList.push_back(toJson(function));
  }
  for (const ReportedCompile& compile : compiles)
    compileList.push_back(toJson(compile));
  for (const ReportedEvent& event : events)
    eventList.push_back(toJson(event));
  for (const ReportedThread& thread : threads)
    threadList.push_back({{"number", thread.number}, {"name", thread.name}, {"of_runtime", thread.ofRuntime}, {"cpu_ns", thread.cpuNs}});
  Json out = {{"schema", "kiln-report"},
              {"schema_version", kSchemaVersion},
              {"title", title},
              {"kiln", kilnVersion},
              {"time",
               {{"run_ns", statistics.runNs},
                {"program_cpu_ns", programCpuNs},
                {"process_cpu_ns", processCpuNs},
                {"library_ns", libraryNs},
                {"runtime_ns", runtimeNs},
                {"by_tier", byTier(times)}}},
              {"measurement", toJson(measurement)},
              {"statistics", std::move(about)},
              {"threads", std::move(threadList)},
              {"functions", std::move(functionList)},
              {"compiles", std::move(compileList)},
              {"events", std::move(eventList)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace kiln
