#include "code/ThreadScan.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <memory>
#include <mutex>
#include <new>

#include "code/ThreadView.h"
#include "support/Clock.h"
#include "support/RuntimeMarks.h"
#include "support/SignalBlock.h"

// Stacks are read word by word, whatever lies there.
#define KILN_READS_STACKS __attribute__((no_sanitize("address", "thread", "undefined")))

namespace kiln {
namespace {

constexpr std::uintptr_t kRedZone = 128;
constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);

constexpr std::string_view kNoAnswer = "a thread that computes does not answer";
constexpr std::string_view kAlternate = "a thread is on an alternate signal stack";
constexpr std::string_view kForeign = "a thread is on a stack that is not its own";
constexpr std::string_view kCompiling = "a thread compiles";
constexpr std::string_view kChild = "a child made by vfork runs in this memory";
constexpr std::string_view kNoSignal = "no real-time signal is free";
constexpr std::string_view kUnknown = "the system does not tell what a thread does";
constexpr std::string_view kOther = "another look at the threads is under way";

/// What a thread that was asked says of itself.
enum class Answer : std::uint32_t { Waiting, Clean, Alternate, Foreign, Unknown };

/// A question and its answer, one word: a handler that comes late, for a signal of an earlier look, answers only the
/// question that it saw.
class Asked {
public:
  bool free() const { return word_.load(std::memory_order_relaxed) == 0; }
  void ask(pid_t thread) { word_.store(pack(thread, Answer::Waiting), std::memory_order_release); }
  void drop() { word_.store(0, std::memory_order_release); }
  Answer answer() const { return static_cast<Answer>(word_.load(std::memory_order_acquire) & 0xff); }
  bool waitsFor(pid_t thread) const { return word_.load(std::memory_order_acquire) == pack(thread, Answer::Waiting); }
  void reply(pid_t thread, Answer answer) {
    std::uint64_t question = pack(thread, Answer::Waiting);
    word_.compare_exchange_strong(question, pack(thread, answer), std::memory_order_acq_rel);
  }

private:
  static std::uint64_t pack(pid_t thread, Answer answer) {
    return static_cast<std::uint64_t>(thread) << 8 | static_cast<std::uint64_t>(answer);
  }
  std::atomic<std::uint64_t> word_{0};
};

/// What a look shares with the handlers it calls for.
class Board {
public:
  explicit Board(std::span<const AddressSpan> spans)
      : set_(spans), count_(spans.size()), inside_(new std::atomic<bool>[spans.size()]()) {}

  void mark(std::uintptr_t word) {
    if (std::size_t at = set_.find(word); at != SpanSet::npos)
      inside_[at].store(true, std::memory_order_relaxed);
  }
  KILN_READS_STACKS void markAll(std::uintptr_t from, std::uintptr_t to) {
    for (from &= ~(kWord - 1); from + kWord <= to; from += kWord)
      mark(*reinterpret_cast<const std::uintptr_t*>(from));
  }
  bool inside(std::size_t span) const { return inside_[span].load(std::memory_order_relaxed); }

  /// Reads the list anew. Handlers may still be using the old one, which stays until the look ends.
  bool readMappings();
  /// Null if the address is in none of those that were last read.
  const Mapping* mapping(std::uintptr_t address) const {
    return newest_.load(std::memory_order_acquire)->find(address);
  }

  /// The calling thread, interrupted or asking itself, with that stack pointer. Registers are the caller's to mark.
  Answer markOwnStack(std::uintptr_t stackPointer, const stack_t& alternate);

  static constexpr std::size_t kAsked = 64;
  std::array<Asked, kAsked> asked;

private:
  SpanSet set_;
  std::deque<Mappings> mappings_;
  std::atomic<const Mappings*> newest_{nullptr};
  std::size_t count_;
  std::unique_ptr<std::atomic<bool>[]> inside_;
};

bool Board::readMappings() {
  constexpr std::size_t kMost = 10; // threads that start all the time are no reason to read for ever
  auto read = mappings_.size() < kMost ? Mappings::read() : std::nullopt;
  if (!read)
    return false;
  mappings_.push_back(std::move(*read));
  newest_.store(&mappings_.back(), std::memory_order_release);
  return true;
}

Answer Board::markOwnStack(std::uintptr_t stackPointer, const stack_t& alternate) {
  if (!(alternate.ss_flags & SS_DISABLE) &&
      stackPointer - reinterpret_cast<std::uintptr_t>(alternate.ss_sp) < alternate.ss_size)
    return Answer::Alternate;
  const Mapping* at = mapping(stackPointer);
  if (!at)
    return Answer::Unknown; // newer than the list
  auto block = static_cast<std::uintptr_t>(pthread_self());
  bool below = block > stackPointer && block < at->end;
  if (!at->mainStack && !below)
    return Answer::Foreign;
  markAll(std::max(stackPointer - kRedZone, at->begin), at->mainStack ? at->end : block);
  return Answer::Clean;
}

// The one look of the process, for handlers that can be told nothing. A signal may be delivered long after it was sent.
std::atomic<Board*> gBoard{nullptr};
std::atomic<int> gHandlers{0}; ///< that may be reading the board
std::atomic<int> gSignal{0};
std::mutex gLook;

void onLook(int, siginfo_t*, void* context) {
  int saved = errno;
  gHandlers.fetch_add(1, std::memory_order_seq_cst);
  if (Board* board = gBoard.load(std::memory_order_seq_cst)) {
    auto& interrupted = *static_cast<ucontext_t*>(context);
    pid_t self = gettid();
    for (Asked& asked : board->asked) {
      if (!asked.waitsFor(self))
        continue;
      for (greg_t value : interrupted.uc_mcontext.gregs)
        board->mark(static_cast<std::uintptr_t>(value));
      auto stackPointer = static_cast<std::uintptr_t>(interrupted.uc_mcontext.gregs[REG_RSP]);
      asked.reply(self, board->markOwnStack(stackPointer, interrupted.uc_stack));
      break;
    }
  }
  gHandlers.fetch_sub(1, std::memory_order_seq_cst);
  errno = saved;
}

/// The signal to ask with, or 0.
int lookSignal() {
  struct sigaction current{};
  if (int known = gSignal.load(std::memory_order_relaxed))
    if (sigaction(known, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) && current.sa_sigaction == onLook)
      return known;
  gSignal.store(0, std::memory_order_relaxed);
  for (int candidate = SIGRTMAX; candidate >= SIGRTMIN; --candidate) {
    if (sigaction(candidate, nullptr, &current) != 0 || (current.sa_flags & SA_SIGINFO) ||
        current.sa_handler != SIG_DFL)
      continue;
    struct sigaction ours{};
    ours.sa_sigaction = onLook;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&ours.sa_mask);
    if (sigaction(candidate, &ours, nullptr) != 0)
      continue;
    gSignal.store(candidate, std::memory_order_relaxed);
    return candidate;
  }
  return 0;
}

/// One look: goes round the threads until each was judged, or the patience ends.
class Scan {
public:
  Scan(Board& board, const CallerMark& caller, const ScanSettings& settings)
      : board_(board), caller_(caller), settings_(settings) {}
  ScanResult run();

private:
  struct Thread {
    pid_t number = 0;
    bool judged = false;
    unsigned running = 0; ///< views in a row in which it ran, with no sleep between
    std::uint64_t sleeps = 0;
    Asked* asked = nullptr;
    std::string_view obstacle = {};
  };
  void judgeSelf();
  void judge(Thread& thread);
  void judgeAsleep(Thread& thread, const ThreadView& view);
  void take(Thread& thread, Answer answer);
  void readAnswer(Thread& thread);
  void ask(Thread& thread, const ThreadView& view);
  void addThreads();
  std::string_view markStack(pid_t thread, const ThreadView& view);

  Board& board_;
  const CallerMark& caller_;
  const ScanSettings& settings_;
  std::vector<Thread> threads_;
  bool foreign_ = false;
};

void Scan::addThreads() {
  for (pid_t number : listThreads()) {
    bool known =
        std::any_of(threads_.begin(), threads_.end(), [&](const Thread& each) { return each.number == number; });
    if (known)
      continue;
    threads_.push_back({.number = number, .judged = isRuntimeThread(number)});
  }
}

void Scan::judgeSelf() {
  auto self =
      std::find_if(threads_.begin(), threads_.end(), [](const Thread& each) { return each.number == gettid(); });
  if (self == threads_.end() || self->judged)
    return;
  for (greg_t value : caller_.registers.uc_mcontext.gregs)
    board_.mark(static_cast<std::uintptr_t>(value));
  stack_t alternate{};
  sigaltstack(nullptr, &alternate);
  take(*self, board_.markOwnStack(caller_.stackPointer(), alternate));
}

void Scan::take(Thread& thread, Answer answer) {
  switch (answer) {
  case Answer::Waiting:
    break;
  case Answer::Clean:
    thread.judged = true;
    break;
  case Answer::Alternate:
    thread.obstacle = kAlternate;
    break;
  case Answer::Unknown:
    thread.obstacle = kUnknown;
    board_.readMappings();
    break;
  case Answer::Foreign:
    thread.obstacle = kForeign;
    foreign_ = true;
    break;
  }
}

/// The stack of a thread that sleeps, upwards to its end. Another thread may unmap it meanwhile. Returns an obstacle,
/// or nothing.
std::string_view Scan::markStack(pid_t thread, const ThreadView& view) {
  const Mapping* mapping = board_.mapping(view.stackPointer);
  if (!mapping && board_.readMappings())
    mapping = board_.mapping(view.stackPointer);
  if (!mapping || !knowsControlBlocks())
    return kUnknown;
  if (isRuntimeStack(view.stackPointer))
    return kCompiling;
  std::array<std::uintptr_t, 2048> part;
  for (std::uintptr_t at = (view.stackPointer - kRedZone) & ~(kWord - 1); at < mapping->end;) {
    std::size_t wanted = std::min(sizeof part, mapping->end - at);
    std::size_t got = readOwnMemory(at, std::as_writable_bytes(std::span(part)).first(wanted)) / kWord;
    if (got == 0)
      return kUnknown;
    for (std::size_t i = 0; i < got; ++i, at += kWord) {
      if (part[i] == at && at > view.stackPointer && isControlBlock(at, thread))
        return {};
      board_.mark(part[i]);
    }
  }
  if (mapping->mainStack && thread == getpid())
    return {};
  return settings_.alternateStacks ? kAlternate : kForeign;
}

void Scan::judgeAsleep(Thread& thread, const ThreadView& view) {
  if (view.call == SYS_vfork || view.call == SYS_clone || view.call == SYS_clone3) {
    thread.obstacle = kChild;
    return;
  }
  board_.mark(view.programCounter);
  for (std::uintptr_t argument : view.arguments)
    board_.mark(argument);
  std::string_view obstacle = markStack(thread.number, view);
  if (!view.sameSleep(viewThread(thread.number))) {
    thread.obstacle = kUnknown; // what was read was moving
    return;
  }
  thread.obstacle = obstacle;
  thread.judged = obstacle.empty();
  foreign_ |= obstacle == kForeign;
}

void Scan::readAnswer(Thread& thread) {
  Answer answer = thread.asked->answer();
  if (answer == Answer::Waiting)
    return;
  take(thread, answer);
  thread.asked->drop();
  thread.asked = nullptr;
  thread.running = 0;
}

void Scan::ask(Thread& thread, const ThreadView& view) {
  int signal = lookSignal();
  if (!signal) {
    thread.obstacle = kNoSignal;
    return;
  }
  if (view.blockedSignals >> (signal - 1) & 1)
    return;
  auto place = std::find_if(board_.asked.begin(), board_.asked.end(), [](const Asked& each) { return each.free(); });
  if (place == board_.asked.end())
    return; // next time round
  place->ask(thread.number);
  if (tgkill(getpid(), thread.number, signal) == 0)
    thread.asked = &*place;
  else
    place->drop();
}

void Scan::judge(Thread& thread) {
  if (thread.asked) {
    readAnswer(thread);
    if (thread.judged)
      return;
  }
  ThreadView view = viewThread(thread.number);
  if (view.state == ThreadView::State::Gone) {
    thread.judged = true;
    return;
  }
  if (thread.asked)
    return; // the signal is on its way
  if (view.state == ThreadView::State::Asleep) {
    thread.running = 0;
    judgeAsleep(thread, view);
    return;
  }
  if (thread.obstacle != kAlternate) // it said so itself
    thread.obstacle = view.state == ThreadView::State::Unknown ? kUnknown : kNoAnswer;
  if (view.sleeps != thread.sleeps)
    thread.running = 0;
  thread.sleeps = view.sleeps;
  constexpr unsigned kSeenRunning = 3;
  if (++thread.running >= kSeenRunning)
    ask(thread, view);
}

ScanResult Scan::run() {
  ScanResult result;
  // Twice, for a listing can miss one while others end. Those that start later are no matter: a program that has no
  // address of the code as data cannot give one to a new thread.
  addThreads();
  addThreads();
  if (threads_.empty()) {
    result.obstacle = kUnknown;
    return result;
  }
  judgeSelf();
  const std::uint64_t end = nowNanoseconds() + std::uint64_t{settings_.milliseconds} * 1'000'000;
  long pause = 20'000;
  pid_t self = gettid();
  while (!foreign_) {
    bool open = false;
    for (Thread& thread : threads_) {
      if (!thread.judged && thread.number != self)
        judge(thread);
      open |= !thread.judged;
    }
    if (!open || nowNanoseconds() >= end)
      break;
    timespec wait{0, pause};
    nanosleep(&wait, nullptr);
    pause = std::min(pause * 2, 1'000'000L);
  }
  for (const Thread& thread : threads_)
    if (!thread.judged)
      result.obstacle = thread.obstacle.empty() ? kNoAnswer : thread.obstacle;
  result.foreignStack = foreign_;
  if (foreign_)
    result.obstacle = kForeign;
  return result;
}

} // namespace

SpanSet::SpanSet(std::span<const AddressSpan> spans) : pages_(kMask + 1) {
  places_.reserve(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    places_.push_back({spans[i], i});
    for (std::uintptr_t page = spans[i].begin >> 12; page <= (spans[i].end - 1) >> 12; ++page)
      pages_[(page ^ (page >> 16)) & kMask] = true;
  }
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.span.begin < b.span.begin; });
}

std::size_t SpanSet::search(std::uintptr_t word) const {
  auto after = std::upper_bound(places_.begin(), places_.end(), word,
                                [](std::uintptr_t value, const Place& each) { return value < each.span.begin; });
  if (after == places_.begin())
    return npos;
  const Place& at = *std::prev(after);
  return word < at.span.end ? at.index : npos;
}

ScanResult scanThreads(std::span<const AddressSpan> spans, const CallerMark& caller, const ScanSettings& settings) {
  ScanResult result;
  result.inside.resize(spans.size(), true);
  SignalBlock block; // no handler of the program on top of the lock
  std::unique_lock lock(gLook, std::try_to_lock);
  if (!lock) {
    result.obstacle = kOther;
    return result;
  }
  Board board(spans);
  if (!board.readMappings()) {
    result.obstacle = kUnknown;
    return result;
  }
  gBoard.store(&board, std::memory_order_seq_cst);
  ScanResult looked = Scan(board, caller, settings).run();
  gBoard.store(nullptr, std::memory_order_seq_cst);
  while (gHandlers.load(std::memory_order_seq_cst) != 0)
    sched_yield();
  result.obstacle = looked.obstacle;
  result.foreignStack = looked.foreignStack;
  for (std::size_t i = 0; i < spans.size(); ++i)
    result.inside[i] = board.inside(i);
  return result;
}

void forgetThreadScans() {
  gBoard.store(nullptr, std::memory_order_seq_cst);
  gHandlers.store(0, std::memory_order_seq_cst);
  new (&gLook) std::mutex;
}

} // namespace kiln
