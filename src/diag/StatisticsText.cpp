// Statistics as JSON and as a table.
#include "kiln/Statistics.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace kiln {
namespace {

nlohmann::ordered_json toJson(const VersionStatistics& version) {
  nlohmann::ordered_json out = {{"tier", tierName(version.tier)}};
  if (version.loop)
    out["loop"] = *version.loop;
  out.update({{"prepare_ns", version.prepareNs},
              {"passes_ns", version.passesNs},
              {"codegen_ns", version.codegenNs},
              {"link_ns", version.linkNs},
              {"code_bytes", version.codeBytes},
              {"published_at_ns", version.publishedAtNs},
              {"calls_before", version.callsBefore},
              {"retired", version.retired},
              {"cached", version.cached}});
  return out;
}

nlohmann::ordered_json toJson(const FunctionStatistics& function) {
  nlohmann::ordered_json versions = nlohmann::ordered_json::array();
  for (const VersionStatistics& version : function.versions)
    versions.push_back(toJson(version));
  nlohmann::ordered_json out = {{"name", function.name},
                                {"tier", nullptr},
                                {"calls", function.calls},
                                {"loops", function.loops},
                                {"held", function.held},
                                {"osr_transfers", function.osrTransfers},
                                {"failures", function.failures},
                                {"versions_forgotten", function.versionsForgotten},
                                {"versions", std::move(versions)}};
  if (function.tier)
    out["tier"] = tierName(*function.tier);
  if (!function.lastFailure.empty())
    out["last_failure"] = function.lastFailure;
  return out;
}

nlohmann::ordered_json toJson(const CodeSpaceStatistics& space) {
  nlohmann::ordered_json postponed = nlohmann::ordered_json::array();
  for (const auto& each : space.postponed)
    postponed.push_back({{"reason", each.reason}, {"rounds", each.rounds}});
  nlohmann::ordered_json out = {{"limit", space.limit},
                                {"code", space.code},
                                {"constants", space.constants},
                                {"data", space.data},
                                {"superseded", space.supersededBytes},
                                {"waiting", space.waitingBytes},
                                {"freed", space.freedBytes},
                                {"versions_retired", space.versionsRetired},
                                {"versions_freed", space.versionsFreed},
                                {"rounds", space.rounds},
                                {"postponed", std::move(postponed)},
                                {"limit_reached", space.limitReached},
                                {"promotions_refused", space.promotionsRefused}};
  if (!space.retirementOff.empty())
    out["retirement_off"] = space.retirementOff;
  return out;
}

nlohmann::ordered_json toJson(const ExitStatistics& exits) {
  nlohmann::ordered_json reasons = nlohmann::ordered_json::object();
  for (const auto& each : exits.reasons)
    reasons[each.name] = {{"failures", each.failures}, {"exits", each.exits}, {"dropped", each.dropped}};
  return {{"sites", exits.sites},
          {"reasons", std::move(reasons)},
          {"forced", exits.forced},
          {"rebuilds", exits.rebuilds},
          {"left_alone", exits.leftAlone}};
}

nlohmann::ordered_json toJson(const CacheStatistics& cache) {
  nlohmann::ordered_json out = {{"on", cache.on}};
  if (!cache.on)
    return out;
  out.update({{"folder", cache.folder},
              {"off_because", cache.offBecause},
              {"writes_off_because", cache.writesOffBecause},
              {"hits", cache.hits},
              {"misses", cache.misses},
              {"damaged", cache.damaged},
              {"installed", cache.installed},
              {"lookup_ns", cache.lookupNs},
              {"saved_ns", cache.savedNs},
              {"bytes_read", cache.bytesRead},
              {"written", cache.written},
              {"bytes_written", cache.bytesWritten},
              {"write_failures", cache.writeFailures},
              {"dropped", cache.dropped},
              {"evicted", cache.evicted},
              {"profile_functions", cache.profileFunctions},
              {"baseline_found", cache.baselineFound},
              {"baseline_made", cache.baselineMade},
              {"baseline_saved_ns", cache.baselineSavedNs},
              {"start_found", cache.startFound}});
  if (cache.remote)
    out["remote"] = {{"away", cache.remoteAway},
                     {"failures", cache.remoteFailures},
                     {"fetched", cache.fetched},
                     {"sent", cache.sent},
                     {"wrong_tags", cache.wrongTags}};
  return out;
}

template <typename... Values> std::string format(const char* pattern, Values... values) {
  char line[256];
  int length = snprintf(line, sizeof line, pattern, values...);
  return std::string(line, static_cast<std::size_t>(std::min<int>(length, sizeof line - 1)));
}

std::string milliseconds(std::uint64_t nanoseconds) { return format("%.2f", static_cast<double>(nanoseconds) / 1e6); }

std::string codeSpaceLines(const CodeSpaceStatistics& space) {
  auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::string out = format("code space: %llu bytes of code, %llu of constants, %llu of data; %llu superseded, %llu to be freed\n",
                           number(space.code), number(space.constants), number(space.data), number(space.supersededBytes),
                           number(space.waitingBytes));
  if (space.rounds)
    out += format("retirement: %llu rounds; %llu of %llu retired versions freed, %llu bytes\n", number(space.rounds),
                  number(space.versionsFreed), number(space.versionsRetired), number(space.freedBytes));
  for (const auto& each : space.postponed)
    out += format("  postponed %llu times: ", number(each.rounds)) + each.reason + "\n";
  if (!space.retirementOff.empty())
    out += "retirement: off, " + space.retirementOff + "\n";
  if (space.limitReached)
    out += format("the code limit of %llu bytes was reached, %llu promotions refused\n", number(space.limit),
                  number(space.promotionsRefused));
  return out;
}

std::string exitLines(const ExitStatistics& exits) {
  auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  if (exits.sites == 0)
    return {};
  std::string out = format("guards: %llu", number(exits.sites));
  for (const auto& each : exits.reasons)
    if (each.failures)
      out += format("; %s: %llu failures, %llu exits, %llu dropped", each.name.c_str(), number(each.failures),
                    number(each.exits), number(each.dropped));
  if (exits.forced)
    out += format("; %llu forced", number(exits.forced));
  if (exits.rebuilds)
    out += format("; %llu rebuilds, %llu functions left alone", number(exits.rebuilds), number(exits.leftAlone));
  return out + "\n";
}

std::string cacheLines(const CacheStatistics& cache) {
  auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  if (!cache.on)
    return {};
  if (!cache.offBecause.empty())
    return "cache: off, " + cache.folder + ": " + cache.offBecause + "\n";
  std::string out = format("cache: %llu of %llu lookups found, %llu installed ahead, %llu damaged; %llu written, %llu not\n",
                           number(cache.hits), number(cache.hits + cache.misses), number(cache.installed),
                           number(cache.damaged), number(cache.written), number(cache.writeFailures + cache.dropped));
  if (cache.hits)
    out += "  lookups took " + milliseconds(cache.lookupNs) + " ms in all, and saved compiles of " + milliseconds(cache.savedNs) +
           " ms\n";
  if (cache.baselineFound)
    out += format("  baseline code of %llu functions was there%s, which had taken ", number(cache.baselineFound),
                  cache.startFound ? ", and the start" : "") +
           milliseconds(cache.baselineSavedNs) + " ms\n";
  if (cache.evicted)
    out += format("  %llu files evicted\n", number(cache.evicted));
  if (!cache.writesOffBecause.empty())
    out += "  nothing more is written: " + cache.writesOffBecause + "\n";
  if (cache.remote)
    out += format("  shared: %llu fetched, %llu sent, %llu with a wrong tag, %llu failures", number(cache.fetched),
                  number(cache.sent), number(cache.wrongTags), number(cache.remoteFailures)) +
           (cache.remoteAway.empty() ? "\n" : "; away: " + cache.remoteAway + "\n");
  return out;
}

} // namespace

std::string Statistics::json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const FunctionStatistics& function : functions)
    list.push_back(toJson(function));
  nlohmann::ordered_json declined = nlohmann::ordered_json::array();
  for (const RefusalCount& refusal : refusals)
    declined.push_back({{"tier", tierName(refusal.tier)}, {"reason", refusal.reason}, {"functions", refusal.functions}});
  nlohmann::ordered_json out = {{"schema", "kiln-stats"},
                                {"schema_version", kSchemaVersion},
                                {"ladder", ladder},
                                {"totals",
                                 {{"functions_in_program", functionsInProgram},
                                  {"functions_reached", functions.size()},
                                  {"compiles", compiles},
                                  {"compile_ns", compileNs},
                                  {"code_bytes", codeBytes},
                                  {"code_space_used", codeSpaceUsed},
                                  {"code_space_limit", codeSpaceLimit},
                                  {"requests", requests},
                                  {"requests_dropped", requestsDropped},
                                  {"requests_cancelled", requestsCancelled},
                                  {"requests_failed", requestsFailed},
                                  {"queue_high_water", queueHighWater},
                                  {"compile_threads", compileThreads},
                                  {"run_ns", runNs},
                                  {"peak_memory_bytes", peakMemoryBytes}}},
                                {"code_space", toJson(codeSpace)},
                                {"exits", toJson(exits)},
                                {"interpreter",
                                 {{"functions", interpreter.functions},
                                  {"instructions", interpreter.instructions},
                                  {"prepare_ns", interpreter.prepareNs},
                                  {"decode_ns", interpreter.decodeNs}}},
                                {"baseline",
                                 {{"functions", baseline.functions},
                                  {"instructions", baseline.instructions},
                                  {"compile_ns", baseline.compileNs},
                                  {"code_bytes", baseline.codeBytes}}},
                                {"refusals", std::move(declined)},
                                {"cache", toJson(cache)},
                                {"functions", std::move(list)}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string Statistics::table(std::size_t rows) const {
  std::string out = "kiln: ladder " + ladder + "\n";
  out += format("%-28s %-4s %12s %14s  %s\n", "function", "tier", "calls", "loops", "versions: compile ms, code bytes");
  std::size_t shown = 0;
  for (const FunctionStatistics& function : functions) {
    if (shown++ == rows) {
      out += format("... and %zu more functions\n", functions.size() - rows);
      break;
    }
    std::string name = function.name.size() > 28 ? function.name.substr(0, 25) + "..." : function.name;
    out += format("%-28s %-4s %12llu %14llu ", name.c_str(),
                  function.tier ? std::string(tierName(*function.tier)).c_str() : "-",
                  static_cast<unsigned long long>(function.calls), static_cast<unsigned long long>(function.loops));
    for (const VersionStatistics& version : function.versions)
      out += " " + std::string(tierName(version.tier)) + (version.loop ? " loop " + std::to_string(*version.loop) : "") + ": " +
             milliseconds(version.prepareNs + version.passesNs + version.codegenNs + version.linkNs) + ", " +
             std::to_string(version.codeBytes) + ";";
    if (function.failures)
      out += format(" failed %u times: ", function.failures) + function.lastFailure;
    out += "\n";
  }
  out += format("%zu of %llu functions reached, %llu compiles in %s ms, %llu bytes of code\n", functions.size(),
                static_cast<unsigned long long>(functionsInProgram), static_cast<unsigned long long>(compiles),
                milliseconds(compileNs).c_str(), static_cast<unsigned long long>(codeBytes));
  if (interpreter.functions)
    out += format("interpreter: %llu functions of %llu instructions read and prepared in %s ms, decoded in %s ms\n",
                  static_cast<unsigned long long>(interpreter.functions),
                  static_cast<unsigned long long>(interpreter.instructions), milliseconds(interpreter.prepareNs).c_str(),
                  milliseconds(interpreter.decodeNs).c_str());
  if (baseline.functions)
    out += format("baseline: %llu functions of %llu instructions compiled in %s ms, %llu bytes of code\n",
                  static_cast<unsigned long long>(baseline.functions),
                  static_cast<unsigned long long>(baseline.instructions), milliseconds(baseline.compileNs).c_str(),
                  static_cast<unsigned long long>(baseline.codeBytes));
  out += codeSpaceLines(codeSpace);
  out += exitLines(exits);
  for (const RefusalCount& refusal : refusals)
    out += std::string(tierName(refusal.tier)) + " declined " + std::to_string(refusal.functions) +
           " functions: " + refusal.reason + "\n";
  out += cacheLines(cache);
  out += format("queue: %llu requests, high water %llu, %llu dropped, %llu cancelled, %llu failed\n",
                static_cast<unsigned long long>(requests), static_cast<unsigned long long>(queueHighWater),
                static_cast<unsigned long long>(requestsDropped), static_cast<unsigned long long>(requestsCancelled),
                static_cast<unsigned long long>(requestsFailed));
  out += format("%s ms in all, %.1f MiB peak memory\n", milliseconds(runNs).c_str(),
                static_cast<double>(peakMemoryBytes) / (1 << 20));
  return out;
}

} // namespace kiln
