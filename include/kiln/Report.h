// What a run looked like: the data of `kiln run --report`, described in docs/report.md.
//
// Thread-safety: plain values; a report holds no reference to its program. Errors: none; Program::report() fails with BadOption. Units: times in
// nanoseconds (names end in Ns), sizes in bytes. Idea: the time to so many calls, window by window, as warm-up curves of
// just-in-time compilers are drawn (Barrett et al., "Virtual Machine Warmup Blows Hot and Cold", OOPSLA 2017).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/Api.h"
#include "kiln/Ladder.h"
#include "kiln/Statistics.h"

namespace kiln {

/// Calls of a function that were timed together. A time is that of the whole call, with all that it calls and waits for.
struct ReportedCost {
  std::uint64_t calls = 0;  ///< of the function before these
  std::uint64_t span = 0;   ///< calls that these stand for
  std::uint64_t timed = 0;  ///< of these, how many were timed
  double nanoseconds = 0;   ///< a call, on average
  std::uint64_t atNs = 0;   ///< when they were summed up, since the engine was made
  Tier tier = Tier::O0;     ///< of the code
};

/// A change of the code that calls go to.
struct ReportedChange {
  std::optional<Tier> from; ///< none: the first code
  Tier to = Tier::O0;         ///< whose code calls go to from then on
  std::uint64_t atNs = 0;     ///< since the engine was made
  std::uint64_t calls = 0;    ///< counted before
  std::uint64_t compileNs = 0; ///< what the new code cost
  std::string reason;         ///< as an Observer is told
  std::optional<double> costBefore; ///< nanoseconds a call of the code before; none: nothing was timed there
  std::optional<double> costAfter;  ///< likewise of the new code
  std::optional<std::uint64_t> breakEvenCalls; ///< that pay for the compile; none: not known, or it never pays
};

/// What is known of one function.
struct ReportedFunction {
  FunctionStatistics statistics; ///< as without a report
  std::uint64_t calls = 0;     ///< with those that code does not count
  bool callsEstimated = false; ///< part of them was only seen in windows
  bool callsComplete = true;   ///< false: its code does not count and cannot be timed, so that there were more
  bool timed = false;          ///< calls can be timed; not those of functions with arguments on the stack
  std::uint64_t selfNs = 0;    ///< CPU time in its own code, by samples
  std::array<std::uint64_t, kTierCount> selfByTier{}; ///< the same, by the tier of the code
  std::vector<ReportedCost> curve;     ///< by time
  std::vector<ReportedChange> changes; ///< by time
};

/// A compile of one version, or the decoding for the interpreter.
struct ReportedCompile {
  std::string function;    ///< its symbol
  Tier tier = Tier::O0;    ///< that it was made for
  std::optional<std::uint32_t> loop; ///< a continuation at this loop header
  std::int64_t thread = -1; ///< its system number; -1: not known, for calls never went to this version
  std::uint64_t beginNs = 0;   ///< since the engine was made
  std::uint64_t endNs = 0;     ///< when it was published
  std::uint64_t prepareNs = 0; ///< reading and cleaning up the bitcode, gathering callees
  std::uint64_t passesNs = 0;  ///< LLVM's passes
  std::uint64_t codegenNs = 0; ///< making machine code
  std::uint64_t linkNs = 0;    ///< putting it in its place
  std::uint64_t codeBytes = 0; ///< of machine code
  std::string reason;          ///< as an Observer is told
  bool cached = false;         ///< found in the cache; the times are those of the run that compiled it
};

/// A decision, as an Observer is told.
struct ReportedEvent {
  std::string kind; ///< "request", "publish", "demote", "failed", "dropped", "exit", "loop", "replace"
  std::string function;     ///< its symbol
  std::optional<Tier> from; ///< none before the first compile
  Tier to = Tier::O0;       ///< what it is about
  std::optional<std::uint32_t> loop; ///< about a continuation at this loop header
  std::int64_t thread = -1; ///< in which it was made
  std::uint64_t atNs = 0;   ///< since the engine was made
  std::uint64_t calls = 0;  ///< counted so far
  std::uint64_t loops = 0;  ///< back-edges counted so far
  std::string reason;       ///< the first 71 bytes
};

/// A thread of the process that was seen.
struct ReportedThread {
  std::int64_t number = 0; ///< the system's
  std::string name;        ///< the system's, at most 15 bytes
  bool ofRuntime = false;  ///< one of Kiln's own, that runs no code of the program
  std::uint64_t cpuNs = 0; ///< CPU time, when it was last looked at
};

/// How the numbers came about, and what that took.
struct ReportMeasurement {
  double ticksPerNs = 0;       ///< of the time-stamp counter, over the run
  bool invariantTicks = false; ///< the counter runs evenly on this machine
  double emptyCallNs = 0;      ///< what a timed call of nothing seems to take; subtracted from all
  double timedCallNs = 0;      ///< what timing a call costs the program
  double countedCallNs = 0;    ///< what counting a call in a window costs it
  double sampleNs = 0;         ///< what a sample costs it
  std::uint64_t timedCalls = 0;   ///< all that were
  std::uint64_t countedCalls = 0; ///< in windows, and not timed
  std::uint64_t lateCalls = 0;    ///< ended after their function had other code, and were not timed
  std::uint64_t windows = 0;      ///< in which calls were timed
  std::uint64_t probes = 0;       ///< functions that had windows
  bool sampling = false;       ///< threads were sampled
  std::string samplingEnded;   ///< why, if it did before the program
  std::uint64_t samplePeriodNs = 0; ///< CPU time that a sample stands for
  std::uint64_t samples = 0;        ///< of the program's threads
  std::uint64_t samplesMissed = 0;  ///< for which there was no room
  std::uint64_t eventsDropped = 0;  ///< for which there was no room
  std::uint64_t probeNs = 0;   ///< overhead: timing and counting calls, and that processors predict them worse for a while
  std::uint64_t samplerNs = 0; ///< overhead: samples
  std::uint64_t threadNs = 0;  ///< overhead: CPU time of the thread that records
  double overheadShare = 0;    ///< of the program's CPU time
};

/// A run as it was until now.
struct KILN_API Report {
  static constexpr int kSchemaVersion = 1; ///< of its JSON

  std::string title; ///< the program's; whoever writes the report may change it
  std::string kilnVersion; ///< as version()
  Statistics statistics; ///< its list of functions is empty: they are in `functions`
  std::uint64_t programCpuNs = 0; ///< CPU time of all threads that are not Kiln's own
  std::uint64_t processCpuNs = 0; ///< CPU time of all threads
  std::uint64_t libraryNs = 0;    ///< of the program's threads, in libraries and the system
  std::uint64_t runtimeNs = 0;    ///< of the program's threads, in Kiln
  std::vector<ReportedFunction> functions; ///< by self time, then by calls
  std::vector<ReportedCompile> compiles;   ///< by time
  std::vector<ReportedEvent> events;       ///< by time
  std::vector<ReportedThread> threads; ///< as they were seen
  ReportMeasurement measurement;       ///< how the numbers came about

  /// "kiln-report" of docs/report.schema.json.
  std::string json() const;
  /// A line for each function.
  std::string csv() const;
  /// A page that needs nothing else.
  std::string html() const;
};

} // namespace kiln
