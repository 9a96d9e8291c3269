#include "Options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>

#include "ReportFiles.h"
#include "CommandTable.h"
#include "VersionText.h"

namespace kiln::cli {
namespace {

/// What the options write into before it is checked.
struct Raw {
  CacheWords cache;
  std::string preset, ladder, tier, counters, profile, record, profileOut, profileIn, coverageOut, watched, stats, dump, argv0, jitdump;
  std::vector<std::string> libraries, reports;
  std::string entry;
  unsigned threads = 1, baselineRegisters = 0;
  std::size_t codeLimit = 0, retireAt = Options{}.retireAt, queue = 1024;
  std::uint64_t osrAt = 0, exitAt = 0, exitLimit = 0, constantAfter = 0;
  bool watch = false, trace = false, verify = false, perfMap = false, gdb = false, debug = false, noCrashReport = false, noOsr = false, noPgo = false,
       noSpeculation = false, crashOnRefusal = false, baselinePlainCpu = false;
};

void describe(CLI::App& run, Raw& raw) {
  std::string names;
  for (const Preset& preset : presets())
    names += std::string(names.empty() ? "" : ", ") + std::string(preset.name) + " (" + std::string(preset.ladder) + ")";
  run.add_option("--preset", raw.preset, "A named ladder: " + names)->type_name("PRESET");
  run.add_option("--ladder", raw.ladder, "Tiers and when they start, as TIER,TIER@CALLS[:LOOPS],...")->type_name("LADDER");
  run.add_option("--tier", raw.tier, "Run everything at one tier: interpreter, baseline, O0, O1, O2 or O3")->type_name("TIER");
  run.add_option("--compile-threads", raw.threads, "Background compile threads; 0 compiles at the call (default 1)")
      ->type_name("N");
  run.add_option("--entry", raw.entry, "The function to start at (default: what a container names, or main)")->type_name("NAME");
  run.add_option("--load", raw.libraries, "Load a shared library for the program; repeatable")->type_name("LIB")
      ->take_all()->allow_extra_args(false);
  run.add_option("--argv0", raw.argv0, "The program's own name, argv[0] (default: the first FILE)")->type_name("NAME");
  run.add_flag("--stats{-}", raw.stats, "At exit, a table of functions on stderr, or JSON with --stats=FILE");
  run.add_flag("--trace-tiers", raw.trace, "One line on stderr for each tier decision");
  run.add_option("--dump", raw.dump, "Print a function and stop: ops:FUNCTION, or ir or asm:FUNCTION[@TIER]")
      ->type_name("KIND:FUNCTION[@TIER]");
  run.add_flag("--perf-map", raw.perfMap, "Write /tmp/perf-PID.map, where perf finds the names of compiled code");
  run.add_flag("--jitdump{.}", raw.jitdump, "Write jit-PID.dump for perf inject --jit, here or in --jitdump=FOLDER");
  run.add_flag("--gdb", raw.gdb, "Tell GDB of compiled code: names, unwind tables, and lines if the bitcode has them");
  run.add_flag("--debug", raw.debug, "For stepping in GDB: --gdb, and everything in baseline from the beginning to the end");
  run.add_flag("--no-crash-report", raw.noCrashReport, "A program that dies by a signal dies without a back-trace on stderr");
  run.add_option("--counters", raw.counters, "Count calls and loops: auto (all tiers but the last), on, off")
      ->type_name("WHEN");
  run.add_option("--profile", raw.profile, "Record branches, targets and values: auto (for tiers that can use them), on, off")
      ->type_name("WHEN");
  run.add_option("--record", raw.record, "What a profile records, of branches,switches,targets,sizes,arguments (default all)")
      ->type_name("LIST");
  run.add_option("--profile-out", raw.profileOut, "At exit, write the profile: JSON if FILE ends in .json, else binary")
      ->type_name("FILE");
  run.add_option("--profile-in", raw.profileIn, "Optimise by the profile of earlier runs in FILE as well")->type_name("FILE");
  run.add_option("--coverage-out", raw.coverageOut, "Count every block that runs, and write the counts to FILE at exit")
      ->type_name("FILE");
  run.add_option("--watch-reload", raw.watched, "Redefine the functions of FILE in the running program whenever it changes")
      ->type_name("FILE");
  run.add_option("--report", raw.reports, "At exit, a report of the run: a page (.html), or its data (.json, .csv); repeatable")
      ->type_name("FILE")->take_all()->allow_extra_args(false);
  run.add_flag("--watch", raw.watch, "While the program runs, show on stderr what is hot and what is compiled; nothing if that is no terminal");
  run.add_flag("--no-pgo", raw.noPgo, "Compile without a profile");
  run.add_flag("--no-osr", raw.noOsr, "Loops that run stay in the code they began in");
  run.add_option("--osr-at", raw.osrAt, "Every loop moves into better code at its N-th back-edge (a stress test)")
      ->type_name("N")->check(CLI::PositiveNumber);
  run.add_flag("--no-speculation", raw.noSpeculation, "Guess nothing that needs a way back to the interpreter");
  run.add_option("--exit-at", raw.exitAt, "Every N-th guard of top-tier code fails, with guards everywhere (a stress test)")
      ->type_name("N")->check(CLI::PositiveNumber);
  run.add_option("--exit-limit", raw.exitLimit, "Failures of a guard until its function is compiled again without it (a test)")
      ->type_name("N")->check(CLI::PositiveNumber);
  run.add_option("--constant-after", raw.constantAfter,
                 "Calls with one value until an argument is a guarded constant of top-tier code, worth it or not (a test)")
      ->type_name("N")->check(CLI::PositiveNumber);
  run.add_option("--baseline-registers", raw.baselineRegisters,
                 "Registers of each class that baseline code may hold values in; 0: all (a stress test)")->type_name("N");
  run.add_flag("--baseline-plain-cpu", raw.baselinePlainCpu, "Baseline code uses no instructions beyond SSE2 (a test)");
  run.add_flag("--crash-on-refusal", raw.crashOnRefusal, "A function that interpreter or baseline refuse is an error (a test)");
  run.add_option("--code-limit", raw.codeLimit, "Bytes that compiled code may take; 0: no limit of its own")->type_name("BYTES");
  run.add_option("--retire-at", raw.retireAt, "Bytes of superseded code that gather before they are freed (default 4 MiB); 0: never")
      ->type_name("BYTES");
  describeCacheOptions(run, raw.cache, true);
  run.add_option("--queue", raw.queue, "Compile requests that may wait (default 1024)")->type_name("N");
  run.add_flag("--verify", raw.verify, "Verify every function before the program starts");
}

bool isModuleName(const std::string& name) {
  return name.ends_with(".bc") || name.ends_with(".ll") || name.ends_with(".llbc");
}

/// The words behind the options: files, then the program's own.
Result<void> splitWords(const std::vector<std::string>& words, RunOptions& options) {
  std::size_t at = 0;
  if (!words.empty() && words[0].size() > 1 && words[0][0] == '-' && words[0] != "--")
    return fail(ErrorCode::BadOption, "unknown option '" + words[0] + "'; see kiln run --help");
  while (at < words.size() && words[at] != "--" && (at == 0 || isModuleName(words[at])))
    options.files.push_back(words[at++]);
  if (at < words.size() && words[at] == "--")
    ++at;
  options.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  if (options.files.empty())
    return fail(ErrorCode::BadOption, "kiln run needs a FILE of bitcode (.bc, .llbc) or IR text (.ll)");
  return {};
}

/// The standard ladder for a module that is not worth optimising beyond a level.
Ladder ladderUpTo(unsigned level) {
  Ladder ladder = Ladder::standard();
  if (level == 1) // the first of LLVM's rungs, at another level
    for (Rung& rung : ladder.rungs)
      if (rung.tier == Tier::O2)
        rung.tier = Tier::O1;
  const Tier most[] = {Tier::Baseline, Tier::O1, Tier::O2, Tier::O3};
  std::erase_if(ladder.rungs, [&](const Rung& rung) { return rung.tier > most[std::min(level, 3u)]; });
  return ladder;
}

Result<Ladder> chooseLadder(const Raw& raw, const std::string& first) {
  int given = !raw.preset.empty() + !raw.ladder.empty() + !raw.tier.empty() + raw.debug;
  if (given > 1)
    return fail(ErrorCode::BadOption, "--preset, --ladder, --tier and --debug exclude each other");
  if (raw.debug)
    return Ladder::fixed(Tier::Baseline);
  if (!raw.tier.empty()) {
    auto tier = parseTier(raw.tier);
    if (!tier)
      return fail(ErrorCode::BadOption, "'" + raw.tier + "' is not a tier: interpreter, baseline, O0, O1, O2 or O3");
    return Ladder::fixed(*tier);
  }
  if (!raw.preset.empty()) {
    for (const Preset& preset : presets())
      if (preset.name == raw.preset)
        return Ladder::parse(preset.ladder);
    return fail(ErrorCode::BadOption, "'" + raw.preset + "' is not a preset; see kiln run --help");
  }
  if (!raw.ladder.empty())
    return Ladder::parse(raw.ladder);
  // The name, so that a start from bitcode reads nothing for this.
  if (first.ends_with(".llbc"))
    if (auto header = readContainerHeader(first))
      return ladderUpTo(header->level);
  return Ladder::standard();
}

Result<Dump> parseDump(const std::string& text) {
  Dump dump;
  std::size_t colon = text.find(':');
  std::string kind = text.substr(0, colon);
  const auto which = indexIn(kDumps, kind);
  if (colon == std::string::npos || !which)
    return fail(ErrorCode::BadOption,
                "--dump takes ops:FUNCTION, ir:FUNCTION[@TIER] or asm:FUNCTION[@TIER], not '" + text + "'");
  dump.kind = static_cast<Program::Dump>(*which);
  dump.function = text.substr(colon + 1);
  if (std::size_t at = dump.function.rfind('@'); at != std::string::npos) {
    dump.tier = parseTier(dump.function.substr(at + 1));
    if (!dump.tier || *dump.tier == Tier::Interpreter || dump.kind == Program::Dump::Ops)
      return fail(ErrorCode::BadOption, "'" + dump.function.substr(at + 1) + "' is not a tier: baseline, O0, O1, O2 or O3");
    dump.function.resize(at);
  }
  return dump;
}

/// "branches,sizes" as a set of recorders.
Result<std::uint32_t> parseRecorders(const std::string& text) {
  static_assert((1u << std::size(kRecorders)) - 1 == kAllRecorders);
  std::uint32_t set = 0;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = std::min(text.find(',', at), text.size());
    std::string_view name = std::string_view(text).substr(at, end - at);
    const auto bit = indexIn(kRecorders, name);
    if (!bit)
      return fail(ErrorCode::BadOption, "--record takes a list of branches, switches, targets, sizes and arguments, not '" +
                                            std::string(name) + "'");
    set |= 1u << *bit;
    at = end + 1;
  }
  return set;
}

Result<RunOptions> check(const Raw& raw, const std::vector<std::string>& words) {
  RunOptions options;
  if (auto split = splitWords(words, options); !split)
    return std::unexpected(split.error());
  auto ladder = chooseLadder(raw, options.files.front());
  if (!ladder)
    return std::unexpected(ladder.error());
  options.engine.ladder = std::move(*ladder);
  options.engine.compileThreads = raw.threads;
  options.engine.codeLimit = raw.codeLimit;
  options.engine.retireAt = raw.retireAt;
  options.engine.queueCapacity = raw.queue;
  options.engine.verifyAll = raw.verify;
  options.engine.perfMap = raw.perfMap;
  options.engine.gdb = raw.gdb || raw.debug;
  // GDB puts a breakpoint on a line that has no code yet on the next line that has some.
  options.engine.eager = options.engine.gdb;
  options.engine.jitdump = raw.jitdump;
  options.crashReport = !raw.noCrashReport;
  if (raw.noOsr && raw.osrAt != 0)
    return fail(ErrorCode::BadOption, "--no-osr and --osr-at exclude each other");
  options.engine.osr = !raw.noOsr;
  options.engine.osrAt = raw.osrAt;
  if (raw.noSpeculation && raw.exitAt != 0)
    return fail(ErrorCode::BadOption, "--no-speculation and --exit-at exclude each other");
  options.engine.speculate = !raw.noSpeculation;
  options.engine.exitAt = raw.exitAt;
  options.engine.exitLimit = raw.exitLimit;
  options.engine.constantAfter = raw.constantAfter;
  if (const auto when = indexIn(kWhen, raw.counters))
    options.engine.counting = static_cast<Counting>(*when);
  else if (!raw.counters.empty())
    return fail(ErrorCode::BadOption, "--counters takes auto, on or off, not '" + raw.counters + "'");
  if (const auto when = indexIn(kWhen, raw.profile))
    options.engine.profiling = static_cast<Profiling>(*when);
  else if (!raw.profile.empty())
    return fail(ErrorCode::BadOption, "--profile takes auto, on or off, not '" + raw.profile + "'");
  else if (!raw.profileOut.empty())
    options.engine.profiling = Profiling::On;
  options.profileFile = raw.profileOut;
  options.earlierProfile = raw.profileIn;
  options.engine.pgo = !raw.noPgo;
  options.coverageFile = raw.coverageOut;
  options.watchedFile = raw.watched;
  options.engine.coverage = !raw.coverageOut.empty();
  if (options.engine.coverage && (!raw.profileOut.empty() || !raw.profileIn.empty()))
    return fail(ErrorCode::BadOption, "--coverage-out excludes --profile-out and --profile-in: blocks that count are other code "
                                      "than those of a run without");
  if (!raw.record.empty()) {
    auto recorders = parseRecorders(raw.record);
    if (!recorders)
      return std::unexpected(recorders.error());
    options.engine.recorders = *recorders;
  }
  options.engine.baselineRegisters = raw.baselineRegisters;
  options.engine.baselinePlainCpu = raw.baselinePlainCpu;
  options.engine.crashOnRefusal = raw.crashOnRefusal;
  if (!raw.dump.empty()) {
    auto dump = parseDump(raw.dump);
    if (!dump)
      return std::unexpected(dump.error());
    options.dump = std::move(*dump);
  }
  auto cache = cacheOptions(raw.cache);
  if (!cache)
    return std::unexpected(cache.error());
  options.engine.cache = std::move(*cache);
  if (options.engine.coverage)
    options.engine.cache = {}; // code that counts is of no use to other runs
  options.libraries = raw.libraries;
  options.reports = raw.reports;
  options.watch = raw.watch;
  options.engine.report = !raw.reports.empty();
  for (const std::string& file : raw.reports)
    if (auto known = checkReportFile(file); !known)
      return std::unexpected(known.error());
  options.entry = raw.entry;
  options.programName = raw.argv0.empty() ? options.files.front() : raw.argv0;
  options.traceTiers = raw.trace;
  options.stats = !raw.stats.empty();
  if (raw.stats != "-")
    options.statsFile = raw.stats;
  return options;
}

} // namespace

Result<Parsed> parseCommandLine(int argc, char** argv) {
  CLI::App app("Runs LLVM bitcode: starts at once, optimises what proves hot.", "kiln");
  app.set_version_flag("--version", std::function<std::string()>(versionText));
  app.require_subcommand(1);
  Raw raw;
  CLI::App* run = app.add_subcommand("run", "Run a program: kiln run [OPTIONS] FILE... [--] ARGUMENTS");
  run->prefix_command();
  describe(*run, raw);
  ProfileOptions profile;
  ContainerOptions container;
  CoverageOptions coverage;
  CacheCommandOptions cache;
  ExportCommand exported;
  // A start of a program has no time for the other commands' options.
  if (argc < 2 || std::string_view(argv[1]) != "run") {
    describeProfile(app, profile);
    describeContainer(app, container);
    describeCoverage(app, coverage);
    describeCacheCommand(app, cache);
    describeExport(app, exported);
  }
  // Not in the table: for the build, which makes manual pages and completions of it.
  if (argc > 1 && std::string_view(argv[1]) == "--generate") {
    if (argc != 4)
      return fail(ErrorCode::BadOption, "--generate takes a kind and a folder: kiln --generate KIND FOLDER");
    if (auto written = generate(app, argv[2], argv[3]); !written)
      return std::unexpected(written.error());
    return Parsed();
  }
  // The parser would drop the bar between files and words for the program.
  if (argc > 1 && std::string_view(argv[1]) == "export")
    if (char** bar = std::find(argv + 2, argv + argc, std::string_view("--")); bar != argv + argc) {
      exported.arguments.emplace(bar + 1, argv + argc);
      argc = static_cast<int>(bar - argv);
    }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) { // help, version
    Parsed parsed;
    parsed.exitStatus = app.exit(wanted);
    return parsed;
  } catch (const CLI::ParseError& error) {
    auto used = app.get_subcommands();
    const std::string command = used.empty() ? "run" : used.front()->get_name();
    return fail(ErrorCode::BadOption, std::string(error.what()) + "; see kiln " + command + " --help");
  }
  Parsed parsed;
  const std::string command = app.get_subcommands().front()->get_name();
  if (command == "profile")
    parsed.profile = std::move(profile);
  else if (command == "cache")
    parsed.cache = std::move(cache);
  else if (command == "export")
    parsed.exported = std::move(exported);
  else if (command == "coverage")
    parsed.coverage = std::move(coverage);
  else if (command != "run")
    parsed.container = std::move(container);
  else if (auto options = check(raw, run->remaining()))
    parsed.run = std::move(*options);
  else
    return std::unexpected(options.error());
  return parsed;
}

} // namespace kiln::cli
