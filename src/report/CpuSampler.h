// Where the program's threads spend their time: each has a timer on its own CPU clock, whose signal notes the program counter.
//
// A thread that sleeps is never disturbed, for its clock stands still. Threads are found by looking at the process's list of
// them (discover()), so that nothing is put in the way of their creation; one that lives for less than the time between two looks
// is not seen. The handler takes no lock and calls nothing: it writes into a ring, which drain() empties. Whoever reads a
// sample finds out what lay there.
//
// One sampler samples at a time in a process. The signal is the highest real-time signal with default disposition; a
// program that makes it its own ends the sampling (lost()). Sources: timer_create(2), "SIGEV_THREAD_ID"; the number of
// another thread's clock is made as the C library does in clock_getcpuclockid(3).
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kiln::report {

struct Sample {
  std::uintptr_t programCounter = 0;
  std::uintptr_t op = 0; ///< R12: in a handler of the interpreter, the op
  std::uint32_t weight = 0; ///< periods that went by
};

/// A thread of the process that was seen.
struct SeenThread {
  pid_t number = 0;
  std::string name;
  bool ofRuntime = false;
  bool ended = false;
  std::uint64_t cpuNs = 0; ///< when it was last looked at
};

/// The CPU clock of a thread of this process.
clockid_t clockOf(pid_t thread);

class CpuSampler {
public:
  /// CPU time between two samples of a thread. The kernel looks at such timers at its own ticks, which may be fewer.
  static constexpr std::uint64_t kPeriodNs = 1'000'000;

  CpuSampler() = default;
  ~CpuSampler() { stop(); }
  CpuSampler(const CpuSampler&) = delete;
  CpuSampler& operator=(const CpuSampler&) = delete;

  /// False if another sampler is at work or no signal is free.
  bool start();
  /// No signal comes any more, though one may be on its way.
  void stop();
  /// Nanoseconds that a signal takes from the thread that it comes to. Once, after start(); the thread must not block it.
  double measureCost() const;
  /// Looks for threads that began or ended.
  void discover();
  /// Reads the CPU clocks of the threads that live.
  void readClocks();
  /// Hands on what was noted since the last call.
  void drain(const std::function<void(const Sample&)>& take);
  /// The program took the signal for itself. (Checked by discover().)
  bool lost() const { return lost_; }
  /// Samples that the ring had no room for.
  std::uint64_t missed() const;
  const std::vector<SeenThread>& threads() const { return threads_; }

  /// In the child of fork(): no timer is there.
  void forget();

private:
  void* makeTimer(pid_t thread) const;

  bool running_ = false, lost_ = false;
  int signal_ = 0;
  std::vector<SeenThread> threads_;
  std::map<pid_t, void*> timers_; ///< of threads that live; null: it has none
};

} // namespace kiln::report
