#include "Reload.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace kiln::cli {
namespace {

struct Watcher {
  std::string file, name;
  int events;
  Program* program;
};

/// A line at a time, in one write: the program may write there too.
void tell(const std::string& line) {
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

std::string listed(const std::vector<std::string>& names, const char* what) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? std::string(what) + " " : std::string(", ")) + name;
  return text;
}

void reload(const Watcher& watcher) {
  ProgramInput input = ProgramInput::file(watcher.file);
  input.replaceable = true; // read as a whole: the file may change again
  auto done = watcher.program->replace(input);
  const std::string start = "kiln: reload " + watcher.file + ": ";
  if (!done) {
    std::string message = done.error().message;
    std::replace(message.begin(), message.end(), '\n', ' ');
    return tell(start + "refused, nothing changed: " + message + " [" + std::string(errorCodeName(done.error().code)) +
                "]\n");
  }
  std::string text = listed(done->replaced, "replaced");
  if (std::string added = listed(done->added, "added"); !added.empty())
    text += (text.empty() ? "" : "; ") + added;
  tell(start + (text.empty() ? "nothing changed" : text) + "\n");
}

/// Whether one of the events is of the file.
bool concerns(const char* bytes, std::size_t size, const std::string& name) {
  bool found = false;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event event;
    memcpy(&event, bytes + at, sizeof event);
    const char* changed = bytes + at + sizeof event;
    found |= (event.mask & IN_Q_OVERFLOW) != 0 || (event.len != 0 && name == changed);
    at += sizeof event + event.len;
  }
  return found;
}

void* run(void* given) {
  const std::unique_ptr<Watcher> watcher(static_cast<Watcher*>(given));
  char bytes[16 * (sizeof(inotify_event) + NAME_MAX + 1)];
  for (;;) {
    const ssize_t size = read(watcher->events, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return nullptr;
    if (concerns(bytes, static_cast<std::size_t>(size), watcher->name))
      reload(*watcher);
  }
}

} // namespace

Result<Reload> Reload::watch(const std::string& file) {
  if (access(file.c_str(), R_OK) != 0)
    return fail(ErrorCode::FileNotFound, file + ": " + strerror(errno));
  Reload made;
  made.file_ = file;
  const std::size_t slash = file.rfind('/');
  made.name_ = slash == std::string::npos ? file : file.substr(slash + 1);
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, std::max<std::size_t>(slash, 1));
  made.events_ = inotify_init1(IN_CLOEXEC);
  if (made.events_ < 0 || inotify_add_watch(made.events_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
    return fail(ErrorCode::SystemError, "cannot watch " + folder + ": " + strerror(errno));
  return made;
}

Result<void> Reload::start(Program& program) {
  auto watcher = std::make_unique<Watcher>(Watcher{file_, name_, events_, &program});
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int problem = pthread_create(&thread, nullptr, run, watcher.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (problem != 0)
    return fail(ErrorCode::SystemError, std::string("cannot start a thread: ") + strerror(problem));
  (void)watcher.release();
  pthread_detach(thread);
  return {};
}

} // namespace kiln::cli
