#include "Run.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "CrashText.h"
#include "Failure.h"
#include "Reload.h"
#include "ReportFiles.h"
#include "Trace.h"
#include "Watch.h"

namespace kiln::cli {
namespace {

/// What must outlive the program: exit handlers and other threads use it until the process ends, so it is never freed.
struct Process {
  const RunOptions* options;
  pid_t started; ///< children of it come to an end here too
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Program> program;
  TraceObserver trace;
  std::unique_ptr<Watch> watch; ///< null: there is nothing to show, or nowhere
};

void writeStatistics(Process& process) {
  Statistics statistics = process.program->statistics();
  std::string text = process.options->statsFile.empty() ? statistics.table() : statistics.json();
  if (process.options->statsFile.empty()) {
    fputs(text.c_str(), stderr);
    return;
  }
  FILE* file = fopen(process.options->statsFile.c_str(), "w");
  bool written = file && fputs(text.c_str(), file) >= 0;
  if (file)
    written &= fclose(file) == 0;
  if (!written)
    printError({ErrorCode::SystemError, process.options->statsFile + ": " + strerror(errno)});
}

/// The last exit handler to run: it was registered before any of the program's. (This executable has none of its own, see
/// main.cpp: compile threads may still be at work.)
void finish(int status, void* argument) {
  auto& process = *static_cast<Process*>(argument);
  fflush(nullptr); // nobody who reads the program's output waits for what follows
  if (process.watch && getpid() == process.started)
    process.watch->stop();
  process.program->saveToCache();
  if (process.options->stats)
    writeStatistics(process);
  if (const auto& reports = process.options->reports; !reports.empty() && getpid() == process.started)
    if (auto written = writeReports(*process.program, reports, process.options->programName); !written)
      printError(written.error());
  const std::string& profile = process.options->profileFile;
  if (!profile.empty())
    if (auto written = process.program->writeProfile(profile, profileFormatFor(profile)); !written)
      printError(written.error());
  const std::string& coverage = process.options->coverageFile;
  if (!coverage.empty())
    if (auto written = process.program->writeCoverage(coverage); !written)
      printError(written.error());
  process.program->unloadLibraries();
  fflush(nullptr);
  _exit(status);
}

void setProcessName(const std::string& name) {
  // What error(3) and its kin print in front of messages.
  static std::string kept;
  kept = name;
  program_invocation_name = kept.data();
  std::size_t slash = kept.rfind('/');
  program_invocation_short_name = kept.data() + (slash == std::string::npos ? 0 : slash + 1);
}

/// Interpreted activations take more stack than native ones. A program that fits into its stack natively must fit here, so
/// the main thread's may grow larger; it still ends, in a signal. (The kernel keeps at least 128 MiB free below it.)
void growStack() {
  constexpr rlim_t factor = 8, most = rlim_t{120} << 20;
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= most)
    return;
  limit.rlim_cur = std::min({limit.rlim_cur * factor, most, limit.rlim_max});
  setrlimit(RLIMIT_STACK, &limit);
}

Result<void> dump(Process& process, const Dump& what) {
  Tier tier = what.tier.value_or(process.options->engine.ladder.top());
  auto text = process.program->dump(what.function, tier, what.kind);
  if (!text)
    return std::unexpected(text.error());
  fputs(text->c_str(), stdout);
  return {};
}

} // namespace

Result<std::optional<Program::MainCall>> start(const RunOptions& options) {
  auto* process = new Process;
  process->options = &options;
  process->started = getpid();
  Options engineOptions = options.engine;
  if (options.watch && !options.dump && (process->watch = Watch::open()))
    engineOptions.report = true; // for the samples, by which functions are ordered
  if (options.traceTiers)
    engineOptions.observer = &process->trace;
  engineOptions.onUncompilable = dieOf;
  // Sanitizers report crashes of their own.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  if (options.crashReport)
    engineOptions.onCrash = printCrash;
#endif
  auto engine = Engine::create(std::move(engineOptions));
  if (!engine)
    return std::unexpected(engine.error());
  process->engine = std::move(*engine);

  ProgramInput input;
  input.files = options.files;
  input.libraries = options.libraries;
  input.profile = options.earlierProfile;
  input.runConstructors = false;
  input.replaceable = !options.watchedFile.empty();
  std::optional<Reload> reload;
  if (input.replaceable) {
    auto watched = Reload::watch(options.watchedFile); // before the load: no change is missed
    if (!watched)
      return std::unexpected(watched.error());
    reload = std::move(*watched);
  }
  auto program = process->engine->load(input);
  if (!program)
    return std::unexpected(program.error());
  process->program = std::move(*program);
  if (options.dump) {
    if (auto dumped = dump(*process, *options.dump); !dumped)
      return std::unexpected(dumped.error());
    return std::nullopt;
  }

  std::vector<std::string> arguments{options.programName};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  setProcessName(options.programName);
  growStack();
  on_exit(finish, process);
  if (process->watch)
    process->watch->start(*process->program);
  auto main = process->program->prepareMain(arguments, options.entry);
  if (!main)
    dieOf(main.error());
  if (reload)
    if (auto started = reload->start(*process->program); !started)
      dieOf(started.error());
  return *main;
}

} // namespace kiln::cli
