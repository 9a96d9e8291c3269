// The ladder from the set-up that a program is developed with down to the smallest file that still runs the recorded
// workload. Nothing in it is estimated: each line is a file that was made, or files that are there, and a run of it
// whose output is that of the first line.
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "Export.h"
#include "Panel.h"

namespace kiln::cli {
namespace {

/// The least of so many runs counts: what else the machine did can only add to it.
constexpr int kRuns = 5;

std::uint64_t sizeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

/// This executable and the shared libraries in it.
std::uint64_t ownBytes() {
  std::uint64_t sum = sizeOf("/proc/self/exe");
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* into) {
        if (info->dlpi_name && info->dlpi_name[0] == '/')
          *static_cast<std::uint64_t*>(into) += sizeOf(info->dlpi_name);
        return 0;
      },
      &sum);
  return sum;
}

struct Outcome {
  int status = 0;
  std::string output;
  double seconds = 0;
};

std::string contents(int file) {
  std::string text;
  char buffer[65536];
  lseek(file, 0, SEEK_SET);
  for (ssize_t got; (got = read(file, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

/// One run with empty standard input; what it says on standard error is dropped.
Result<Outcome> runOnce(const std::vector<std::string>& command) {
  int out = memfd_create("kiln-report", MFD_CLOEXEC);
  if (out < 0)
    return fail(ErrorCode::SystemError, std::string("no memory file for the program's output: ") + strerror(errno));
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  fflush(nullptr);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = fork();
  if (child == 0) {
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  Outcome outcome;
  if (child < 0 || waitpid(child, &outcome.status, 0) < 0) {
    close(out);
    return fail(ErrorCode::SystemError, command[0] + ": " + strerror(errno));
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.output = contents(out);
  close(out);
  return outcome;
}

Result<Outcome> runBest(const std::vector<std::string>& command) {
  std::optional<Outcome> best;
  for (int i = 0; i < kRuns; ++i) {
    auto outcome = runOnce(command);
    if (!outcome)
      return outcome;
    if (!best || outcome->seconds < best->seconds)
      best = std::move(*outcome);
  }
  return *best;
}

/// A folder of the report's own, gone with it.
class Folder {
public:
  Folder() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base && *base ? base : "/tmp") + "/kiln-report-XXXXXX";
    made_ = mkdtemp(path_.data()) != nullptr;
  }
  ~Folder() {
    for (const std::string& file : files_)
      unlink(file.c_str());
    if (made_)
      rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  bool made() const { return made_; }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }

private:
  std::string path_;
  bool made_ = false;
  std::vector<std::string> files_;
};

struct Step {
  const char* what;
  const char* file;
  ColdCode cold;
  bool isStatic;
  bool profiled; ///< makes sense with a profile only
};

constexpr Step kSteps[] = {
    {"export, all code", "keep", ColdCode::Keep, false, false},
    {"export, cold code for size", "size", ColdCode::Size, false, true},
    {"export, cold code left out", "trap", ColdCode::Trap, false, true},
    {"static, all code", "static-keep", ColdCode::Keep, true, false},
    {"static, cold code for size", "static-size", ColdCode::Size, true, true},
    {"static, cold code left out", "static-trap", ColdCode::Trap, true, true},
};

std::string outcomeText(const Outcome& outcome, const Outcome& expected) {
  if (outcome.status == expected.status && outcome.output == expected.output)
    return "same output";
  if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == kTrapStatus)
    return "stopped in code that was left out";
  return "OTHER OUTPUT";
}

void printLine(const char* what, std::uint64_t bytes, const Outcome& outcome, const Outcome& expected) {
  printf("%-36s %12llu %10.2f %8.2f  %s\n", what, static_cast<unsigned long long>(bytes), outcome.seconds * 1000,
         outcome.seconds / expected.seconds, outcomeText(outcome, expected).c_str());
  fflush(stdout);
}

std::vector<std::string> runCommand(const ExportOptions& options, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"/proc/self/exe", "run", "--entry", options.entry};
  for (const std::string& library : options.libraries)
    command.insert(command.end(), {"--load", library});
  command.insert(command.end(), options.files.begin(), options.files.end());
  command.emplace_back("--");
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

} // namespace

Result<void> reportExport(const ExportOptions& options, const std::vector<std::string>& arguments) {
  Folder folder;
  if (!folder.made())
    return fail(ErrorCode::SystemError, folder.path() + ": " + strerror(errno));
  auto reference = runBest(runCommand(options, arguments));
  if (!reference)
    return std::unexpected(reference.error());
  std::uint64_t bytes = ownBytes();
  for (const std::string& file : options.files)
    bytes += sizeOf(file);
  printf("%-36s %12s %10s %8s  %s\n", "", "bytes", "ms", "ratio", "");
  printLine("Kiln, its libraries, the bitcode", bytes, *reference, *reference);
  bool same = true;
  for (const Step& step : kSteps) {
    if (step.profiled && options.profile.empty())
      continue;
    ExportOptions each = options;
    each.output = folder.file(step.file);
    each.cold = step.cold;
    each.isStatic = step.isStatic;
    each.onPhase = [&](std::string_view phase) { showProgress("kiln export: " + std::string(step.what) + ": " + std::string(phase)); };
    auto made = exportProgram(each);
    showProgress("");
    if (!made) {
      // Archives of all libraries are not on every system; the other lines are worth having without.
      if (!step.isStatic)
        return std::unexpected(made.error());
      printf("%-36s %s\n", step.what, made.error().message.c_str());
      continue;
    }
    std::vector<std::string> command = {each.output};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto outcome = runBest(command);
    if (!outcome)
      return std::unexpected(outcome.error());
    printLine(step.what, made->bytes, *outcome, *reference);
    same = same && outcome->status == reference->status && outcome->output == reference->output;
  }
  if (!same)
    return fail(ErrorCode::CompileFailed,
                "an exported program did not do as kiln run does; a run that was recorded for the "
                "profile must reach all that these arguments need");
  return {};
}

} // namespace kiln::cli
