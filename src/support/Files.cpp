#include "support/Files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kiln {
namespace {

/// A file descriptor, closed at the end.
class File {
public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool isOpen() const { return descriptor_ >= 0; }
  int operator*() const { return descriptor_; }
  /// False with errno: some file systems report only now that nothing was kept.
  bool close() {
    int descriptor = descriptor_;
    descriptor_ = -1;
    return ::close(descriptor) == 0;
  }

private:
  int descriptor_;
};

std::unexpected<Error> systemError(ErrorCode code, const std::string& path) {
  return fail(code, path + ": " + strerror(errno));
}

} // namespace

Result<std::string> readFile(const std::string& path, std::uint64_t most, ErrorCode tooLarge) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.isOpen())
    return systemError(ErrorCode::FileNotFound, path);
  std::string bytes;
  constexpr std::size_t kChunk = 1 << 16;
  for (;;) {
    std::size_t size = bytes.size();
    if (size > most)
      return fail(tooLarge, path + ": larger than " + std::to_string(most) + " bytes");
    bytes.resize(size + kChunk);
    ssize_t got = ::read(*file, bytes.data() + size, kChunk);
    bytes.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0)
      return bytes;
    if (got < 0 && errno != EINTR)
      return systemError(ErrorCode::FileNotFound, path);
  }
}

Result<FileStart> readFileStart(const std::string& path, std::size_t most) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file.isOpen() || ::fstat(*file, &status) != 0)
    return systemError(ErrorCode::FileNotFound, path);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::FileNotFound, path + ": is not a regular file");
  FileStart start{std::string(most, '\0'), static_cast<std::uint64_t>(status.st_size)};
  ssize_t got = ::pread(*file, start.bytes.data(), most, 0);
  if (got < 0)
    return systemError(ErrorCode::FileNotFound, path);
  start.bytes.resize(static_cast<std::size_t>(got));
  return start;
}

namespace {

bool writeAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(put > 0 ? put : 0));
  }
  return true;
}

Result<void> writeDirectly(const std::string& path, std::string_view bytes) {
  File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.isOpen() || !writeAll(*file, bytes) || !file.close())
    return systemError(ErrorCode::SystemError, path);
  return {};
}

/// open() instead of mkstemp(): the file gets the rights that the process gives its files.
Result<void> writeBesideAndRename(const std::string& path, std::string_view bytes) {
  std::string temporary;
  int descriptor = -1;
  for (unsigned attempt = 0; descriptor < 0; ++attempt) {
    temporary = path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && (errno != EEXIST || attempt == 100))
      return systemError(ErrorCode::SystemError, path);
  }
  File file(descriptor);
  if (writeAll(*file, bytes) && file.close() && ::rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  auto error = systemError(ErrorCode::SystemError, path);
  ::unlink(temporary.c_str());
  return error;
}

} // namespace

Result<void> writeFile(const std::string& path, std::string_view bytes) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return writeBesideAndRename(path, bytes);
  if (!S_ISREG(status.st_mode))
    return writeDirectly(path, bytes);
  // A symbolic link stays one: what it leads to is replaced.
  char target[PATH_MAX];
  return writeBesideAndRename(::realpath(path.c_str(), target) ? target : path, bytes);
}

} // namespace kiln
