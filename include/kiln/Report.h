// What a run looked like: the data of `kiln run --report`, described in docs/report.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/Ladder.h"
#include "kiln/Statistics.h"

namespace kiln {

/// Calls of a function that were timed together. A time is that of the whole call, with all that it calls and waits for.
struct ReportedCost {
  std::uint64_t calls = 0;  ///< of the function before these
  std::uint64_t span = 0;   ///< calls that these stand for
  std::uint64_t timed = 0;
  double nanoseconds = 0;   ///< a call, on average
  std::uint64_t atNs = 0;   ///< since the engine was made
  Tier tier = Tier::O0;
};

/// A change of the code that calls go to.
struct ReportedChange {
  std::optional<Tier> from; ///< none: the first code
  Tier to = Tier::O0;
  std::uint64_t atNs = 0, calls = 0;
  std::uint64_t compileNs = 0;
  std::string reason;
  std::optional<double> costBefore, costAfter; ///< nanoseconds a call; none: nothing was timed there
  std::optional<std::uint64_t> breakEvenCalls; ///< that pay for the compile; none: not known, or it never pays
};

struct ReportedFunction {
  FunctionStatistics statistics;
  std::uint64_t calls = 0;     ///< with those that code does not count
  bool callsEstimated = false; ///< part of them was only seen in windows
  bool callsComplete = true;   ///< false: its code does not count and cannot be timed, so that there were more
  bool timed = false;          ///< calls can be timed; not those of functions with arguments on the stack
  std::uint64_t selfNs = 0;    ///< CPU time in its own code, by samples
  std::array<std::uint64_t, kTierCount> selfByTier{};
  std::vector<ReportedCost> curve;
  std::vector<ReportedChange> changes;
};

/// A compile of one version, or the decoding for the interpreter.
struct ReportedCompile {
  std::string function;
  Tier tier = Tier::O0;
  std::optional<std::uint32_t> loop;
  std::int64_t thread = -1; ///< its system number; -1: not known, for calls never went to this version
  std::uint64_t beginNs = 0, endNs = 0;
  std::uint64_t prepareNs = 0, passesNs = 0, codegenNs = 0, linkNs = 0, codeBytes = 0;
  std::string reason;
  bool cached = false;
};

struct ReportedEvent {
  std::string kind; ///< "request", "publish", "demote", "failed", "dropped", "exit", "loop"
  std::string function;
  std::optional<Tier> from;
  Tier to = Tier::O0;
  std::optional<std::uint32_t> loop;
  std::int64_t thread = -1;
  std::uint64_t atNs = 0, calls = 0, loops = 0;
  std::string reason;
};

struct ReportedThread {
  std::int64_t number = 0;
  std::string name;
  bool ofRuntime = false;
  std::uint64_t cpuNs = 0;
};

/// How the numbers came about, and what that took.
struct ReportMeasurement {
  double ticksPerNs = 0;       ///< of the time-stamp counter, over the run
  bool invariantTicks = false;
  double emptyCallNs = 0;      ///< what a timed call of nothing seems to take; subtracted from all
  double timedCallNs = 0, countedCallNs = 0, sampleNs = 0; ///< what one costs the program
  std::uint64_t timedCalls = 0, countedCalls = 0, lateCalls = 0, windows = 0, probes = 0;
  bool sampling = false;
  std::string samplingEnded;   ///< why, if it did before the program
  std::uint64_t samplePeriodNs = 0, samples = 0, samplesMissed = 0;
  std::uint64_t eventsDropped = 0;
  std::uint64_t probeNs = 0, samplerNs = 0, threadNs = 0; ///< the overhead, by source
  double overheadShare = 0;    ///< of the program's CPU time
};

struct Report {
  static constexpr int kSchemaVersion = 1;

  std::string title; ///< the program's; whoever writes the report may change it
  std::string kilnVersion;
  Statistics statistics; ///< its list of functions is empty: they are in `functions`
  std::uint64_t programCpuNs = 0, processCpuNs = 0;
  std::uint64_t libraryNs = 0, runtimeNs = 0; ///< CPU time of the program's threads outside of the program's code
  std::vector<ReportedFunction> functions; ///< by self time, then by calls
  std::vector<ReportedCompile> compiles;   ///< by time
  std::vector<ReportedEvent> events;       ///< by time
  std::vector<ReportedThread> threads;
  ReportMeasurement measurement;

  /// "kiln-report" of docs/report.schema.json.
  std::string json() const;
  /// A line for each function.
  std::string csv() const;
  /// A page that needs nothing else.
  std::string html() const;
};

} // namespace kiln
