#include "Panel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace kiln::cli {
namespace {

void writeAll(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t done = write(STDERR_FILENO, text.data() + at, text.size() - at);
    if (done <= 0 && errno != EINTR)
      return;
    at += done > 0 ? static_cast<std::size_t>(done) : 0;
  }
}

std::string at(unsigned row) { return "\x1b[" + std::to_string(row) + ";1H"; }

/// The part of the text that fits into so many columns. A character of several bytes counts as one column.
std::string cut(const std::string& text, unsigned columns) {
  unsigned used = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end)
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && used++ == columns)
      break;
  return text.substr(0, end);
}

constexpr const char* kSave = "\x1b""7";
constexpr const char* kRestore = "\x1b""8";
constexpr const char* kWholeScreen = "\x1b[r";
constexpr const char* kClearLine = "\x1b[2K";
constexpr const char* kClearBelow = "\x1b[J";

} // namespace

std::unique_ptr<Panel> Panel::open(unsigned lines) {
  if (!isatty(STDERR_FILENO))
    return nullptr;
  std::unique_ptr<Panel> panel(new Panel(lines));
  if (!panel->readSize() || panel->rows_ < 2 * lines)
    return nullptr;
  panel->startGuardian();
  panel->reserve();
  return panel;
}

bool Panel::readSize() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
    return false;
  const bool changed = rows_ != size.ws_row || columns_ != size.ws_col;
  rows_ = size.ws_row;
  columns_ = size.ws_col;
  return changed;
}

/// The cursor stays in its line, which moves up if it was to be the panel's. Setting a region moves the cursor.
void Panel::reserve() {
  std::string text;
  if (!reserved_)
    text = std::string(lines_, '\n') + "\x1b[" + std::to_string(lines_) + "A";
  text += kSave;
  text += "\x1b[1;" + std::to_string(rows_ - lines_) + "r" + kRestore;
  writeAll(text);
  reserved_ = true;
}

void Panel::show(const std::vector<std::string>& lines) {
  if (!reserved_)
    return;
  if (readSize() && rows_ >= 2 * lines_)
    reserve();
  if (rows_ < 2 * lines_)
    return; // too small for now
  std::string text = kSave;
  for (unsigned i = 0; i < lines_; ++i)
    text += at(rows_ - lines_ + 1 + i) + kClearLine + (i < lines.size() ? cut(lines[i], columns_) : "");
  writeAll(text + kRestore);
}

void Panel::close() {
  if (!reserved_)
    return;
  readSize();
  std::string text = std::string(kSave) + kWholeScreen;
  for (unsigned i = 0; i < lines_ && i < rows_; ++i)
    text += at(rows_ - i) + kClearLine;
  writeAll(text + kRestore);
  reserved_ = false;
  if (closed_)
    closed_->store(true);
}

/// Twice forked, so that it is no child that the program could wait for. Without the system calls that it needs there is none.
void Panel::startGuardian() {
  void* shared = mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return;
  auto* closed = new (shared) std::atomic<bool>(false);
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (watched < 0)
    return;
  const pid_t between = fork();
  if (between == 0) {
    if (fork() != 0)
      _exit(0);
    for (int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGTTOU, SIGPIPE})
      ::signal(signal, SIG_IGN);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO); // whoever waits for the end of the program's output does not wait for this process
    dup2(nothing, STDOUT_FILENO);
    pollfd end{watched, POLLIN, 0};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    if (!closed->load())
      writeAll(std::string(kSave) + kWholeScreen + kRestore + kClearBelow);
    _exit(0);
  }
  int status = 0;
  if (between > 0)
    waitpid(between, &status, 0);
  ::close(watched);
  closed_ = closed;
}

void showProgress(const std::string& text) {
  if (isatty(STDERR_FILENO))
    writeAll(std::string("\r\x1b[K") + text);
}

} // namespace kiln::cli
