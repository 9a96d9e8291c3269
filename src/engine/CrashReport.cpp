#include "engine/CrashReport.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "diag/CodeMap.h"
#include "diag/FrameWalk.h"
#include "interp/Interpreter.h"

namespace kiln {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
constexpr std::size_t kStackBytes = std::size_t{128} << 10;
/// Of a stack that overflowed the innermost frames tell the story. Between two of a program there are up to six of the
/// runtime.
constexpr std::size_t kMostFrames = 64, kMostSteps = 1024;

struct Slot {
  std::atomic<const void*> owner{nullptr};
  std::atomic<const CodeMap*> code{nullptr};
  std::atomic<const interp::Interpreter*> interpreter{nullptr};
};

constinit std::atomic<CrashHandler> report{nullptr};
constinit std::atomic<bool> reporting{false};
constinit Slot sources[64];
constinit void* stackBase = nullptr; ///< written before any handler is there

const CodeMap::Entry* findCode(std::uintptr_t address) {
  for (const Slot& slot : sources)
    if (const CodeMap* map = slot.code.load(std::memory_order_acquire))
      if (const CodeMap::Entry* entry = map->find(address))
        return entry;
  return nullptr;
}

const void* findTable(std::uintptr_t address) {
  const CodeMap::Entry* entry = findCode(address);
  return entry ? entry->unwindSection : nullptr;
}

CrashFrame describe(std::uintptr_t address, std::uintptr_t inside) {
  CrashFrame frame;
  frame.address = address;
  if (const CodeMap::Entry* entry = findCode(inside)) {
    frame.function = entry->function;
    frame.tier = entry->tier;
    frame.isLoop = entry->isLoop;
    const auto offset = static_cast<std::uint32_t>(inside - entry->begin);
    if (const LineTable::Row* row = entry->lines ? entry->lines->at(offset) : nullptr; row && row->line != 0) {
      frame.file = entry->lines->files[row->file].c_str();
      frame.line = row->line;
    }
  }
  return frame;
}

/// The function whose activation a frame of the interpreter executes: one of its handlers, whose op is in R12 or,
/// across calls of other handlers, in the frame.
const char* interpretedIn(const FrameWalk& walk, std::uintptr_t r12) {
  constexpr std::uintptr_t kSaved = 16, kWords = 6; // return address and frame pointer, and what may lie below them
  for (const Slot& slot : sources) {
    const interp::Interpreter* interpreter = slot.interpreter.load(std::memory_order_acquire);
    if (!interpreter)
      continue;
    auto named = [&](std::uintptr_t op) { return interpreter->functionExecuting(op, walk.functionLeft()); };
    for (std::uintptr_t i = 1; i <= kWords; ++i) {
      std::uintptr_t word = 0;
      if (walk.read(walk.frameLeft() - kSaved - 8 * i, word))
        if (const char* name = named(word))
          return name;
    }
    if (const char* name = named(r12))
      return name;
  }
  return nullptr;
}

/// The frames of programs, and the innermost of all.
std::size_t walkFrames(const ucontext_t& context, CrashFrame (&frames)[kMostFrames]) {
  FrameWalk walk(context, findTable);
  std::size_t count = 0;
  std::size_t steps = 0;
  for (bool more = true; more && count < kMostFrames && steps < kMostSteps; ++steps) {
    CrashFrame& frame = frames[count];
    frame = describe(walk.address(), walk.inside());
    const std::uintptr_t r12 = walk.reg(12);
    more = walk.up();
    if (!frame.function && walk.functionLeft() != 0)
      frame.function = interpretedIn(walk, r12);
    count += frame.function || steps == 0;
  }
  return count;
}

void die(int signal, siginfo_t* information) {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  // With what the kernel said, for the core file; a process may send itself anything.
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), signal, information) != 0)
    syscall(SYS_tgkill, getpid(), gettid(), signal);
}

void onCrash(int signal, siginfo_t* information, void* context) {
  const int saved = errno;
  // One report: other threads that crash meanwhile, and a crash in here, die at once.
  if (!reporting.exchange(true)) {
    CrashFrame frames[kMostFrames];
    const std::size_t count = walkFrames(*static_cast<const ucontext_t*>(context), frames);
    if (CrashHandler handler = report.load())
      handler(signal, frames, count);
  }
  die(signal, information);
  errno = saved;
}

struct sigaction ourAction() {
  struct sigaction action{};
  action.sa_sigaction = onCrash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return action;
}

bool isOurs(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == onCrash;
}

bool isReported(int signal) {
  if (!report.load(std::memory_order_relaxed))
    return false;
  for (int each : kSignals)
    if (each == signal)
      return true;
  return false;
}

stack_t ourStack() {
  stack_t stack{};
  stack.ss_sp = stackBase;
  stack.ss_size = kStackBytes;
  return stack;
}

/// For this thread, unless it has a stack.
void giveStack() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return; // an overflow then goes without a report
  stackBase = memory;
  stack_t before{};
  const stack_t ours = ourStack();
  if (sigaltstack(nullptr, &before) == 0 && (before.ss_flags & SS_DISABLE))
    sigaltstack(&ours, nullptr);
}

} // namespace

void enableCrashReports(CrashHandler handler) {
  static std::once_flag once;
  std::call_once(once, [&] {
    giveStack();
    report.store(handler);
    for (int signal : kSignals) {
      struct sigaction before{};
      const struct sigaction ours = ourAction();
      if (sigaction(signal, nullptr, &before) == 0 && !(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_DFL)
        sigaction(signal, &ours, nullptr);
    }
  });
}

void addCrashSource(const void* owner, CrashSource source) {
  for (Slot& slot : sources) {
    const void* none = nullptr;
    if (slot.owner.compare_exchange_strong(none, owner)) {
      slot.interpreter.store(source.interpreter, std::memory_order_release);
      slot.code.store(source.code, std::memory_order_release);
      return;
    }
  }
}

void removeCrashSource(const void* owner) {
  for (Slot& slot : sources)
    if (slot.owner.load() == owner) {
      slot.code.store(nullptr);
      slot.interpreter.store(nullptr);
      slot.owner.store(nullptr);
    }
}

int changeAction(int signal, const struct sigaction* action, struct sigaction* old) {
  if (!isReported(signal))
    return sigaction(signal, action, old);
  struct sigaction before{};
  const struct sigaction ours = ourAction();
  const bool standard = action && action->sa_handler == SIG_DFL;
  const int result = sigaction(signal, standard ? &ours : action, &before);
  if (result == 0 && old)
    *old = isOurs(before) ? (struct sigaction){} : before;
  return result;
}

sighandler_t afterHandlerChange(int signal, sighandler_t before, sighandler_t now) {
  if (!isReported(signal) || before == SIG_ERR)
    return before;
  if (now == SIG_DFL) {
    const struct sigaction ours = ourAction();
    sigaction(signal, &ours, nullptr);
  }
  return before == reinterpret_cast<sighandler_t>(reinterpret_cast<void*>(onCrash)) ? SIG_DFL : before;
}

int changeAlternateStack(const stack_t* stack, stack_t* old) {
  if (!stackBase)
    return sigaltstack(stack, old);
  stack_t before{};
  if (int failed = sigaltstack(stack, &before))
    return failed;
  const bool wasOurs = before.ss_sp == stackBase;
  if (old) {
    *old = before;
    if (wasOurs)
      *old = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  }
  return 0;
}

} // namespace kiln
