#include "report/CpuSampler.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "code/ThreadView.h"
#include "support/Clock.h"
#include "support/RuntimeMarks.h"

namespace kiln::report {
namespace {

/// Samples between two calls of drain(): those of 100 threads in 40 ms.
constexpr std::size_t kRing = 4096;

struct Entry {
  std::atomic<std::uint64_t> turn{0}; ///< the round of the ring that the entry is of, from 1; written last
  Sample sample;
};

// For the handler, which can be told nothing.
struct Ring {
  std::array<Entry, kRing> entries;
  std::atomic<std::uint64_t> written{0}, read{0}, missed{0};
};
constinit std::atomic<CpuSampler*> owner{nullptr};
Ring ring;

void onTimer(int, siginfo_t* information, void* context) {
  if (information->si_code != SI_TIMER)
    return;
  const int saved = errno;
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  std::uint64_t at = ring.written.load(std::memory_order_relaxed);
  do {
    if (at - ring.read.load(std::memory_order_acquire) >= kRing) {
      ring.missed.fetch_add(1, std::memory_order_relaxed);
      errno = saved;
      return;
    }
  } while (!ring.written.compare_exchange_weak(at, at + 1, std::memory_order_relaxed));
  Entry& entry = ring.entries[at % kRing];
  const int overrun = std::max(information->si_overrun, 0);
  entry.sample = {static_cast<std::uintptr_t>(registers[REG_RIP]), static_cast<std::uintptr_t>(registers[REG_R12]),
                  1 + static_cast<std::uint32_t>(overrun)};
  entry.turn.store(at / kRing + 1, std::memory_order_release);
  errno = saved;
}

bool isOurs(int signal) {
  struct sigaction current{};
  return sigaction(signal, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) && current.sa_sigaction == onTimer;
}

/// The signal to sample with, or 0.
int takeSignal() {
  for (int candidate = SIGRTMAX; candidate >= SIGRTMIN; --candidate) {
    struct sigaction current{};
    if (isOurs(candidate)) // of an earlier sampler
      return candidate;
    if (sigaction(candidate, nullptr, &current) != 0 || (current.sa_flags & SA_SIGINFO) || current.sa_handler != SIG_DFL)
      continue;
    struct sigaction ours{};
    ours.sa_sigaction = onTimer;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&ours.sa_mask);
    if (sigaction(candidate, &ours, nullptr) == 0)
      return candidate;
  }
  return 0;
}

std::string nameOf(pid_t thread) {
  char path[64], name[32];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = file < 0 ? 0 : read(file, name, sizeof name);
  if (file >= 0)
    close(file);
  std::string out(name, got > 0 ? static_cast<std::size_t>(got) : 0);
  if (!out.empty() && out.back() == '\n')
    out.pop_back();
  return out;
}

} // namespace

clockid_t clockOf(pid_t thread) {
  constexpr unsigned kPerThread = 4, kScheduled = 2;
  return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | kPerThread | kScheduled);
}

bool CpuSampler::start() {
  CpuSampler* none = nullptr;
  if (!owner.compare_exchange_strong(none, this))
    return false;
  signal_ = takeSignal();
  running_ = signal_ != 0;
  if (!running_)
    owner.store(nullptr);
  return running_;
}

double CpuSampler::measureCost() const {
  constexpr int kSignals = 16; // some microseconds each
  auto nanoseconds = [](auto&& each) {
    const std::uint64_t start = nowNanoseconds();
    for (int i = 0; i < kSignals; ++i)
      each();
    return static_cast<double>(nowNanoseconds() - start) / kSignals;
  };
  const pid_t process = getpid(), self = gettid();
  const double call = nanoseconds([&] { tgkill(process, self, 0); });
  return std::max(0.0, nanoseconds([&] { tgkill(process, self, signal_); }) - call);
}

void CpuSampler::stop() {
  for (auto& [thread, timer] : timers_)
    if (timer)
      timer_delete(timer);
  timers_.clear();
  if (running_)
    owner.store(nullptr);
  running_ = false;
  // The disposition stays: a signal may be on its way.
}

void* CpuSampler::makeTimer(pid_t thread) const {
  if (!running_ || lost_)
    return nullptr;
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal_;
  event._sigev_un._tid = thread;
  timer_t timer = nullptr;
  if (timer_create(clockOf(thread), &event, &timer) != 0)
    return nullptr;
  constexpr timespec period{0, static_cast<long>(kPeriodNs)};
  const itimerspec setting{period, period};
  if (timer_settime(timer, 0, &setting, nullptr) == 0)
    return timer;
  timer_delete(timer);
  return nullptr;
}

void CpuSampler::discover() {
  if (running_ && !lost_ && !isOurs(signal_)) {
    lost_ = true;
    for (auto& [thread, timer] : timers_)
      if (timer) {
        timer_delete(timer);
        timer = nullptr;
      }
  }
  std::vector<pid_t> now = listThreads();
  if (now.empty())
    return;
  std::sort(now.begin(), now.end());
  for (pid_t number : now)
    if (!timers_.contains(number)) {
      const bool runtime = isRuntimeThread(number);
      threads_.push_back({number, nameOf(number), runtime, false, 0});
      timers_[number] = runtime ? nullptr : makeTimer(number);
    }
  for (auto each = timers_.begin(); each != timers_.end();) {
    if (std::binary_search(now.begin(), now.end(), each->first)) {
      ++each;
      continue;
    }
    if (each->second)
      timer_delete(each->second);
    for (SeenThread& thread : threads_)
      if (thread.number == each->first)
        thread.ended = true;
    each = timers_.erase(each);
  }
}

void CpuSampler::readClocks() {
  for (SeenThread& thread : threads_) {
    timespec time{};
    if (!thread.ended && clock_gettime(clockOf(thread.number), &time) == 0)
      thread.cpuNs = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
    // A thread that began a moment ago had not said yet what it is.
    thread.ofRuntime |= !thread.ended && isRuntimeThread(thread.number);
  }
}

void CpuSampler::drain(const std::function<void(const Sample&)>& take) {
  if (!running_)
    return;
  for (std::uint64_t at = ring.read.load(std::memory_order_relaxed); at != ring.written.load(std::memory_order_relaxed); ++at) {
    const Entry& entry = ring.entries[at % kRing];
    if (entry.turn.load(std::memory_order_acquire) != at / kRing + 1)
      break; // being written
    take(entry.sample);
    ring.read.store(at + 1, std::memory_order_release);
  }
}

std::uint64_t CpuSampler::missed() const { return ring.missed.load(std::memory_order_relaxed); }

void CpuSampler::forget() {
  timers_.clear();
  if (running_)
    owner.store(nullptr);
  running_ = false;
}

} // namespace kiln::report
