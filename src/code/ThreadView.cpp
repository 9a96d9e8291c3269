#include "code/ThreadView.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace kiln {
namespace {

/// A whole small file, or nothing.
std::optional<std::string> readFile(const char* path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return std::nullopt;
  std::string text;
  char part[4096];
  ssize_t got = 0;
  while ((got = read(file, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(got));
  close(file);
  if (got < 0)
    return std::nullopt;
  return text;
}

std::optional<std::string> threadFile(pid_t thread, const char* name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, name);
  return readFile(path);
}

/// The rest of the line that begins with `key`, or null.
const char* field(const std::string& text, const char* key) {
  std::size_t at = text.find(key);
  return at == std::string::npos ? nullptr : text.c_str() + at + strlen(key);
}

/// Fills in where a sleeping thread is. Lines: "running", "-1 SP PC", "NUMBER A0 ... A5 SP PC".
void readCall(const std::string& text, ThreadView& view) {
  if (text.starts_with("running")) {
    view.state = ThreadView::State::Running;
    return;
  }
  char* rest = nullptr;
  view.call = strtol(text.c_str(), &rest, 0);
  if (view.call < 0) {
    view.state = ThreadView::State::Stopped;
    return;
  }
  for (std::uintptr_t& argument : view.arguments)
    argument = strtoull(rest, &rest, 0);
  view.stackPointer = strtoull(rest, &rest, 0);
  view.programCounter = strtoull(rest, &rest, 0);
  if (view.stackPointer != 0)
    view.state = ThreadView::State::Asleep;
}

/// Where glibc's control block holds the thread's number; 0 when this C library has it elsewhere. glibc 2.4 to 2.41
/// have it at one place; looked up in the own control block, so that another library is noticed and not misread.
std::size_t numberOffset() {
  constexpr std::size_t kOffset = 720;
  static const std::size_t offset = [] {
    pid_t found = 0;
    memcpy(&found, reinterpret_cast<const char*>(pthread_self()) + kOffset, sizeof found);
    return found == gettid() ? kOffset : 0;
  }();
  return offset;
}

template <typename T> bool readValue(std::uintptr_t from, T& value) {
  return readOwnMemory(from, std::as_writable_bytes(std::span(&value, 1))) == sizeof value;
}

} // namespace

std::optional<Mappings> Mappings::read() {
  auto text = readFile("/proc/self/maps");
  if (!text)
    return std::nullopt;
  Mappings out;
  std::uintptr_t below = 0;
  for (const char* line = text->c_str(); *line;) {
    const char* end = strchrnul(line, '\n');
    char* rest = nullptr;
    std::uintptr_t from = strtoull(line, &rest, 16);
    std::uintptr_t to = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
    bool mainStack = to && std::string_view(rest, static_cast<std::size_t>(end - rest)).ends_with("[stack]");
    if (to && rest[0] == ' ' && rest[1] == 'r' && rest[2] == 'w')
      out.all_.push_back({mainStack ? below : from, to, mainStack}); // that one grows down
    below = to;
    line = *end ? end + 1 : end;
  }
  return out;
}

const Mapping* Mappings::find(std::uintptr_t address) const {
  auto after = std::upper_bound(all_.begin(), all_.end(), address,
                                [](std::uintptr_t value, const Mapping& each) { return value < each.begin; });
  if (after == all_.begin())
    return nullptr;
  const Mapping& at = *std::prev(after);
  return address < at.end ? &at : nullptr;
}

ThreadView viewThread(pid_t thread) {
  ThreadView view;
  auto status = threadFile(thread, "status");
  if (!status) {
    view.state = errno == ENOENT || errno == ESRCH ? ThreadView::State::Gone : ThreadView::State::Unknown;
    return view;
  }
  const char* state = field(*status, "\nState:\t");
  if (state && (*state == 'Z' || *state == 'X' || *state == 'x')) {
    view.state = ThreadView::State::Gone;
    return view;
  }
  const char* blocked = field(*status, "\nSigBlk:\t");
  const char* sleeps = field(*status, "\nvoluntary_ctxt_switches:\t");
  if (!blocked || !sleeps)
    return view;
  view.blockedSignals = strtoull(blocked, nullptr, 16);
  view.sleeps = strtoull(sleeps, nullptr, 10);
  auto call = threadFile(thread, "syscall");
  if (call)
    readCall(*call, view);
  else if (errno == ESRCH || errno == ENOENT)
    view.state = *state == 'R' ? ThreadView::State::Running : ThreadView::State::Unknown;
  return view;
}

std::vector<pid_t> listThreads() {
  std::vector<pid_t> threads;
  DIR* folder = opendir("/proc/self/task");
  if (!folder)
    return threads;
  while (const dirent* entry = readdir(folder))
    if (int number = atoi(entry->d_name); number > 0)
      threads.push_back(number);
  closedir(folder);
  return threads;
}

std::size_t readOwnMemory(std::uintptr_t from, std::span<std::byte> into) {
  iovec here{into.data(), into.size()};
  iovec there{reinterpret_cast<void*>(from), into.size()};
  ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool knowsControlBlocks() {
  return numberOffset() != 0;
}

bool isControlBlock(std::uintptr_t candidate, pid_t thread) {
  // tcb and self point to the block itself.
  struct Head {
    std::uintptr_t tcb, dtv, self;
  } head{};
  pid_t number = 0;
  return numberOffset() && readValue(candidate, head) && head.tcb == candidate && head.self == candidate &&
         readValue(candidate + numberOffset(), number) && number == thread;
}

} // namespace kiln
