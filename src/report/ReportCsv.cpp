// The report's functions as a table of comma-separated values (RFC 4180).
#include <cstdio>

#include "kiln/Report.h"

namespace kiln {
namespace {

std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos)
    return std::string(text);
  std::string out = "\"";
  for (char each : text)
    out += each == '"' ? std::string("\"\"") : std::string(1, each);
  return out + "\"";
}

std::string hundredths(double value) {
  char text[64];
  return std::string(text, static_cast<std::size_t>(snprintf(text, sizeof text, "%.2f", value)));
}

} // namespace

std::string Report::csv() const {
  std::string out = "function,tier,calls,calls_estimated,loops,self_ns";
  for (Tier tier : kAllTiers)
    out += ",self_" + std::string(tierName(tier)) + "_ns";
  out += ",compile_ns,versions,code_bytes,first_cost_ns,last_cost_ns,changes\n";
  for (const ReportedFunction& function : functions) {
    const FunctionStatistics& statistics = function.statistics;
    std::uint64_t compileNs = statistics.forgottenNs, codeBytes = statistics.forgottenBytes;
    for (const VersionStatistics& version : statistics.versions) {
      compileNs += version.prepareNs + version.passesNs + version.codegenNs + version.linkNs;
      codeBytes += version.codeBytes;
    }
    out += quoted(statistics.name) + ',' + (statistics.tier ? std::string(tierName(*statistics.tier)) : "") + ',' +
           std::to_string(function.calls) + ',' + (function.callsEstimated ? "1" : "0") + ',' + std::to_string(statistics.loops) +
           ',' + std::to_string(function.selfNs);
    for (std::uint64_t time : function.selfByTier)
      out += ',' + std::to_string(time);
    out += ',' + std::to_string(compileNs) + ',' + std::to_string(statistics.versions.size() + statistics.versionsForgotten) + ',' +
           std::to_string(codeBytes) + ',' + (function.curve.empty() ? "" : hundredths(function.curve.front().nanoseconds)) + ',' +
           (function.curve.empty() ? "" : hundredths(function.curve.back().nanoseconds)) + ',';
    std::string changes;
    for (const ReportedChange& change : function.changes)
      changes += (changes.empty() ? "" : " ") + std::string(tierName(change.to)) + "@" + std::to_string(change.calls);
    out += quoted(changes) + "\n";
  }
  return out;
}

} // namespace kiln
