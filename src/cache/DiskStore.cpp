#include "cache/DiskStore.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "cache/Entry.h"

namespace kiln::cache {
namespace {

/// No entry is nearly as large; a larger file is not the cache's.
constexpr std::uint64_t kLargestEntry = std::uint64_t{64} << 20;
/// After a sweep this share of the limit is in use at most, so that not every write sweeps.
constexpr std::uint64_t kKeepOf10 = 9;
/// A temporary file this old was left behind, whoever wrote it.
constexpr std::time_t kStaleSeconds = 600;
constexpr std::string_view kTemporary = "tmp-";

/// A descriptor, closed at the end.
class Descriptor {
public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  /// False with errno: some file systems report only now that nothing was kept.
  bool reset() {
    int number = number_;
    number_ = -1;
    return number < 0 || ::close(number) == 0;
  }

private:
  int number_;
};

/// The same open file under a high number: programs count theirs from 3. `number` may be -1, and errno stays.
int outOfTheWay(int number) {
  constexpr int kFirst = 500;
  const int error = errno;
  const int high = number >= 0 ? ::fcntl(number, F_DUPFD_CLOEXEC, kFirst) : -1;
  if (high >= 0)
    ::close(number);
  errno = error;
  return high >= 0 ? high : number;
}

int openFolder(int at, const char* name) { return ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

/// Calls `use` with the name of everything in the folder.
template <typename Use> void eachName(int folder, Use&& use) {
  int copy = openFolder(folder, ".");
  DIR* names = copy >= 0 ? ::fdopendir(copy) : nullptr;
  if (!names) {
    if (copy >= 0)
      ::close(copy);
    return;
  }
  while (const dirent* entry = ::readdir(names))
    if (entry->d_name[0] != '.')
      use(entry->d_name);
  ::closedir(names);
}

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

bool isMine(const struct stat& status) { return status.st_uid == ::geteuid(); }

/// "tmp-PID-NUMBER" of a process that is gone.
bool isLeftOver(std::string_view name, const struct stat& status) {
  if (!name.starts_with(kTemporary))
    return false;
  if (status.st_mtim.tv_sec + kStaleSeconds < ::time(nullptr))
    return true;
  const long process = ::strtol(name.data() + kTemporary.size(), nullptr, 10);
  return process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

bool isProgramName(std::string_view name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Makes the folder and those above it that are missing, for the user alone.
bool makeFolders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST)
      return false;
    if (end == std::string::npos)
      return true;
  }
}

} // namespace

DiskStore::DiskStore(Settings settings) : settings_(std::move(settings)) {}

DiskStore::~DiskStore() {
  if (root_ >= 0)
    ::close(root_);
}

bool DiskStore::knows(const std::string& program) const {
  return ::access((settings_.folder + "/programs/" + program).c_str(), F_OK) == 0;
}

bool DiskStore::has(const std::string& program, const std::string& name) const {
  return ::access((settings_.folder + "/programs/" + program + "/" + name).c_str(), F_OK) == 0;
}

bool DiskStore::checkRoot(int folder) {
  struct stat status;
  if (::fstat(folder, &status) != 0)
    refusal_ = strerror(errno);
  else if (!isMine(status))
    refusal_ = "the folder belongs to someone else";
  else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    refusal_ = "others may write to the folder";
  return refusal_.empty();
}

/// The folder's descriptor, or -1. Opened once.
int DiskStore::root(bool make) {
  std::lock_guard lock(mutex_);
  if (root_ >= 0 || refused_.load(std::memory_order_relaxed))
    return root_;
  auto open = [&] { return outOfTheWay(::open(settings_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); };
  int folder = open();
  if (folder < 0 && errno == ENOENT && make && makeFolders(settings_.folder))
    folder = open();
  if (folder < 0) {
    if (errno == ENOENT && !make)
      return -1; // there may be one later
    refusal_ = strerror(errno);
  } else if (checkRoot(folder)) {
    root_ = folder;
    return root_;
  } else {
    ::close(folder);
  }
  refused_.store(true, std::memory_order_relaxed);
  return -1;
}

int DiskStore::programsFolder(bool make) {
  int base = root(make);
  if (base < 0)
    return -1;
  if (make && ::mkdirat(base, "programs", 0700) != 0 && errno != EEXIST)
    return -1;
  return openFolder(base, "programs");
}

int DiskStore::programFolder(const std::string& program, bool make) {
  Descriptor programs(programsFolder(make));
  if (!programs)
    return -1;
  if (make && ::mkdirat(*programs, program.c_str(), 0700) != 0 && errno != EEXIST)
    return -1;
  return openFolder(*programs, program.c_str());
}

std::vector<DiskStore::Listed> DiskStore::list(const std::string& program) {
  std::vector<Listed> found;
  Descriptor folder(programFolder(program, false));
  if (!folder)
    return found;
  eachName(*folder, [&](const char* name) {
    struct stat status;
    if (isEntryName(name) && ::fstatat(*folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode))
      found.push_back({name, static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim)});
  });
  std::ranges::sort(found, {}, [](const Listed& each) { return std::pair(each.written, std::string_view(each.name)); });
  return found;
}

bool DiskStore::any(const std::string& program, const std::function<bool(std::string_view)>& wanted) {
  Descriptor folder(programFolder(program, false));
  bool found = false;
  if (folder)
    eachName(*folder, [&](const char* name) { found = found || wanted(name); });
  return found;
}

/// A descriptor, or -1.
int DiskStore::openEntry(const std::string& program, const std::string& name, std::uint64_t& bytes) {
  if (root(false) < 0)
    return -1;
  const std::string path = "programs/" + program + "/" + name;
  // Of the folders between, none can be a link: the user alone writes there.
  Descriptor file(::openat(root(false), path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || ::fstat(*file, &status) != 0 || !S_ISREG(status.st_mode) || !isMine(status) ||
      static_cast<std::uint64_t>(status.st_size) > kLargestEntry)
    return -1;
  bytes = static_cast<std::uint64_t>(status.st_size);
  return file.release();
}

std::unique_ptr<const DiskStore::File> DiskStore::open(const std::string& program, const std::string& name) {
  std::uint64_t size = 0;
  const int file = openEntry(program, name, size);
  return file >= 0 ? std::make_unique<const File>(outOfTheWay(file), size) : nullptr;
}

DiskStore::File::~File() { ::close(descriptor_); }

bool DiskStore::File::read(std::uint64_t offset, void* into, std::size_t bytes) const {
  auto* at = static_cast<char*>(into);
  while (bytes != 0) {
    const ssize_t got = ::pread(descriptor_, at, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    at += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

std::optional<std::string> DiskStore::read(const std::string& program, const std::string& name) {
  std::uint64_t size = 0;
  Descriptor file(openEntry(program, name, size));
  if (!file)
    return std::nullopt;
  std::string bytes(size, '\0');
  if (!File(file.release(), size).read(0, bytes.data(), bytes.size()))
    return std::nullopt;
  return bytes;
}

bool DiskStore::writeFile(int folder, const std::string& name, std::string_view bytes) {
  const std::string temporary = std::string(kTemporary) + std::to_string(::getpid()) + "-" +
                                std::to_string(temporaries_.fetch_add(1, std::memory_order_relaxed));
  Descriptor file(::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file)
    return false;
  bool written = true;
  while (written && !bytes.empty()) {
    ssize_t put = settings_.write ? settings_.write(*file, bytes.data(), bytes.size())
                                  : ::write(*file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    written = put > 0;
    if (written)
      bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  written = written && file.reset() && ::renameat(folder, temporary.c_str(), folder, name.c_str()) == 0;
  if (!written) {
    int error = errno;
    ::unlinkat(folder, temporary.c_str(), 0);
    errno = error;
  }
  return written;
}

bool DiskStore::write(const std::string& program, const std::string& name, std::string_view bytes) {
  if (writesOff_.load(std::memory_order_relaxed))
    return false;
  Descriptor folder(programFolder(program, true));
  if (folder && writeFile(*folder, name, bytes))
    return true;
  const int error = errno;
  if (refused_.load(std::memory_order_relaxed))
    stopWriting(refusal());
  else if (error != ENOENT) // somebody evicted the program between two calls: the next write may succeed
    stopWriting(strerror(error));
  return false;
}

void DiskStore::stopWriting(const std::string& reason) {
  std::lock_guard lock(mutex_);
  writeRefusal_ = reason;
  writesOff_.store(true, std::memory_order_relaxed);
}

void DiskStore::remove(const std::string& program, const std::string& name) {
  if (Descriptor folder(programFolder(program, false)); folder)
    ::unlinkat(*folder, name.c_str(), 0);
}

void DiskStore::touch(const std::string& program) {
  if (Descriptor folder(programFolder(program, false)); folder)
    ::futimens(*folder, nullptr);
}

std::vector<DiskStore::ProgramInfo> DiskStore::programs() {
  std::vector<ProgramInfo> found;
  Descriptor programs(programsFolder(false));
  if (!programs)
    return found;
  eachName(*programs, [&](const char* name) {
    if (!isProgramName(name))
      return;
    ProgramInfo info{.name = name};
    Descriptor folder(openFolder(*programs, name));
    struct stat status;
    if (!folder || ::fstat(*folder, &status) != 0)
      return;
    info.used = status.st_mtim.tv_sec;
    eachName(*folder, [&](const char* entry) {
      if (::fstatat(*folder, entry, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
      if (isLeftOver(entry, status)) {
        ::unlinkat(*folder, entry, 0);
        return;
      }
      info.bytes += static_cast<std::uint64_t>(status.st_size);
      info.entries += isEntryName(entry);
    });
    found.push_back(std::move(info));
  });
  std::ranges::sort(found, {}, [](const ProgramInfo& each) { return std::pair(-each.used, std::string_view(each.name)); });
  return found;
}

std::uint64_t DiskStore::removeProgram(const std::string& program) {
  Descriptor programs(programsFolder(false));
  Descriptor folder(programs ? openFolder(*programs, program.c_str()) : -1);
  if (!folder)
    return 0;
  std::uint64_t removed = 0;
  eachName(*folder, [&](const char* name) {
    if (isEntryName(name) || std::string_view(name).starts_with(kTemporary))
      removed += ::unlinkat(*folder, name, 0) == 0;
  });
  ::unlinkat(*programs, program.c_str(), AT_REMOVEDIR); // not if somebody writes to it again
  return removed;
}

std::uint64_t DiskStore::sweep() {
  std::vector<ProgramInfo> all = programs(); // the last used first
  std::uint64_t bytes = 0, removed = 0;
  for (const ProgramInfo& each : all)
    bytes += each.bytes;
  if (bytes <= settings_.limit)
    return 0;
  const std::uint64_t keep = settings_.limit / 10 * kKeepOf10;
  for (; bytes > keep && all.size() > 1; all.pop_back()) {
    removed += removeProgram(all.back().name);
    bytes -= all.back().bytes;
  }
  if (bytes <= keep)
    return removed;
  for (const Listed& each : list(all.front().name)) {
    if (bytes <= keep)
      break;
    remove(all.front().name, each.name);
    bytes -= std::min(bytes, each.bytes);
    ++removed;
  }
  return removed;
}

Result<std::uint64_t> DiskStore::clear() {
  std::uint64_t removed = 0;
  for (const ProgramInfo& each : programs())
    removed += removeProgram(each.name);
  if (std::string reason = refusal(); !reason.empty())
    return fail(ErrorCode::SystemError, settings_.folder + ": " + reason);
  if (int base = root(false); base >= 0)
    ::unlinkat(base, "programs", AT_REMOVEDIR);
  if (knows(""))
    if (auto left = programs(); !left.empty())
      return fail(ErrorCode::SystemError, settings_.folder + ": cannot remove everything: " + strerror(errno));
  return removed;
}

std::string DiskStore::refusal() const {
  std::lock_guard lock(mutex_);
  return refusal_;
}

std::string DiskStore::writeRefusal() const {
  std::lock_guard lock(mutex_);
  return writeRefusal_;
}

} // namespace kiln::cache
