#include "diag/CodeNames.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "diag/GdbJit.h"
#include "diag/JitDump.h"

namespace kiln {
namespace {

/// When the process began, in seconds of the wall clock; 0 if the system does not say.
std::int64_t processStart() {
  FILE* file = fopen("/proc/self/stat", "re");
  if (!file)
    return 0;
  char text[2048];
  std::size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  const char* at = strrchr(text, ')'); // behind the name, which may hold anything
  for (int field = 2; at && field < 22; ++field)
    at = strchr(at + 1, ' ');
  unsigned long long ticks = 0;
  timespec now{}, sinceBoot{};
  if (!at || sscanf(at, " %llu", &ticks) != 1 || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
      clock_gettime(CLOCK_BOOTTIME, &sinceBoot) != 0)
    return 0;
  return now.tv_sec - sinceBoot.tv_sec + static_cast<std::int64_t>(ticks / static_cast<unsigned long>(sysconf(_SC_CLK_TCK)));
}

} // namespace

Result<std::unique_ptr<CodeNames>> CodeNames::open(Settings settings) {
  std::unique_ptr<CodeNames> names(new CodeNames(settings));
  if (settings.perfMap)
    if (auto opened = names->openMap(); !opened)
      return std::unexpected(opened.error());
  if (!names->settings_.jitdump.empty()) {
    auto dump = JitDump::open(names->settings_.jitdump);
    if (!dump)
      return std::unexpected(dump.error());
    names->dump_ = std::move(*dump);
  }
  return names;
}

CodeNames::CodeNames(Settings settings) : settings_(std::move(settings)) {}

CodeNames::~CodeNames() {
  for (auto& [address, entry] : entries_)
    withdrawFromGdb(*entry);
  if (map_ >= 0)
    close(map_);
}

Result<void> CodeNames::openMap() {
  std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  map_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (map_ < 0)
    return fail(ErrorCode::SystemError, "cannot write '" + path + "': " + strerror(errno));
  // Other programs of this process add to the same file; one left by an earlier process of this number is no use.
  struct stat state{};
  constexpr std::int64_t kClockSlack = 2;
  if (fstat(map_, &state) == 0 && state.st_mtime + kClockSlack < processStart() && ftruncate(map_, 0) != 0)
    return fail(ErrorCode::SystemError, "cannot write '" + path + "': " + strerror(errno));
  return {};
}

void CodeNames::write(std::string_view line) {
  while (map_ >= 0 && !line.empty()) {
    ssize_t done = ::write(map_, line.data(), line.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return; // a full disk costs names, not the program
    line.remove_prefix(static_cast<std::size_t>(done));
  }
}

void CodeNames::add(const Code& code) {
  std::lock_guard lock(mutex_);
  if (settings_.perfMap) {
    char place[48];
    snprintf(place, sizeof place, "%lx %zx ", static_cast<unsigned long>(code.address), code.bytes);
    std::string line = std::string(place) + std::string(code.function) + " [" + std::string(code.variant) + "]\n";
    write(line);
    lines_ += line;
  }
  if (dump_)
    dump_->add(code);
  if (settings_.gdb)
    entries_.emplace(code.address, showToGdb(code));
}

void CodeNames::remove(std::uintptr_t address) {
  std::lock_guard lock(mutex_);
  auto at = entries_.find(address);
  if (at == entries_.end())
    return;
  withdrawFromGdb(*at->second);
  entries_.erase(at);
}

void CodeNames::prepareFork() { mutex_.lock(); }

void CodeNames::parentAfterFork() { mutex_.unlock(); }

void CodeNames::childAfterFork() {
  if (map_ >= 0) {
    close(map_);
    map_ = -1;
    if (openMap())
      write(lines_);
  }
  // perf takes a child's samples for its own, and has its code from the parent's dump up to here.
  if (dump_) {
    auto own = JitDump::open(settings_.jitdump);
    dump_ = own ? std::move(*own) : nullptr;
  }
  mutex_.unlock();
}

} // namespace kiln
