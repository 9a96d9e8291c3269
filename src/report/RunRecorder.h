// Records a run for its report: how long calls take over a function's life, where threads spend their time, what was decided.
//
// Three sources, each with its own page: CallProbe.h (times of calls), CpuSampler.h (self time), EventLog.h (decisions). A thread
// of the recorder's own, `kiln-report`, opens and closes the probes' windows and empties the sampler's ring. Every
// window costs the program some nanoseconds a call while it is open, and more behind it where calls are many: a processor that has seen
// a call go to two places predicts it worse for the next million (kRelearnNs). So:
//   - a function has one from each change of its code on, of 2,048 calls or ten milliseconds: that is where the steps are (some
//   milliseconds later where calls are many and the code is to stay);
//   - later ones come at growing distances, by half of the time since the change, to a quarter of a second at most;
//   - none is opened while those so far took more than half a hundredth of the time (kProbeShare). The first of a change always is.
//
// Calls of tiers that count are known. The last tier does not count: there the calls in windows are, and those between
// are taken to have come at the mean of both windows' rates, by the program's CPU time, for it may wait or be kept waiting; the
// report calls such numbers estimates.
//
// Who may do what: entryChanged() by whoever changes a record's versions, under the record's mutex; addCode() and removeCode() by
// whoever installs; everything else by the loading thread, or by whoever makes the report. Locks: `work_`, then a record's mutex,
// then the inner ones. The child of a fork records nothing: its slots are put right, and it makes no report.
#pragma once

#include <pthread.h>
#include <time.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "function/FunctionTable.h"
#include "report/CallProbe.h"
#include "report/CpuSampler.h"
#include "report/EventLog.h"

namespace kiln::report {

/// Calls that were timed together.
struct CostPoint {
  std::uint64_t calls = 0;  ///< of the function before these
  std::uint64_t span = 0;   ///< calls that these stand for
  std::uint64_t timed = 0, ticks = 0;
  std::uint64_t beganNs = 0, atNs = 0; ///< the window, since the engine was made
  std::uint32_t change = 0; ///< which code of the function, from 0
  Tier tier = Tier::O0;
};

struct RecordedFunction {
  std::vector<CostPoint> points;
  std::uint64_t measured = 0;  ///< calls of code that does not count, in windows
  std::uint64_t estimated = 0; ///< the same between windows
  std::array<std::uint64_t, kTierCount> samples{};
};

struct Recorded {
  std::map<std::uint32_t, RecordedFunction> functions; ///< by number
  std::vector<LoggedEvent> events;
  std::vector<SeenThread> threads;
  std::uint64_t eventsDropped = 0;
  std::uint64_t samples = 0, librarySamples = 0, runtimeSamples = 0, samplesMissed = 0; ///< `samples` are all
  std::uint64_t signals = 0; ///< that brought them: one may stand for several periods
  bool sampling = false, samplerLost = false;
  std::uint64_t programCpuNs = 0, processCpuNs = 0, recorderCpuNs = 0; ///< the first without threads of the runtime
  double ticksPerNs = 0;
  bool invariantTicks = false;
  ProbeCost cost;
  double sampleNs = 0; ///< that one costs
  std::uint64_t timedCalls = 0, countedCalls = 0, lateCalls = 0, windows = 0, probes = 0;
  double relearnNs = 0; ///< what windows cost when they were over
};

class RunRecorder {
public:
  struct Settings {
    std::function<bool(Tier)> counts; ///< whether code of the tier counts calls
    Tier top = Tier::O3;              ///< the last tier
    std::uint64_t startedAt = 0;      ///< nowNanoseconds() of the engine's start
    Observer* observer = nullptr;     ///< hears all events too
    std::vector<bool> timeable;       ///< by function: it takes no arguments on the stack
    std::uintptr_t rangeBegin = 0, rangeEnd = 0; ///< where generated code is
  };
  /// The functions' slots are still as they were made.
  RunRecorder(FunctionTable& table, CodeSpace& space, Settings settings);
  ~RunRecorder();
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  /// Begins to measure; the process then has one more thread.
  void start();
  /// Ends that thread. What was recorded stays.
  void stop();

  Observer& observer() { return log_; }
  /// Calls of the function may go to other code now.
  void entryChanged(FunctionRecord& record);
  /// What a slot of that value leads to in the end.
  std::uintptr_t behind(std::uint32_t function, std::uintptr_t slot) const;
  /// Code, or ops, of a function are there.
  void addCode(std::uintptr_t begin, std::uintptr_t end, std::uint32_t function, Tier tier);
  void removeCode(std::uintptr_t begin);

  /// All that was recorded so far. Not in the child of a fork.
  Recorded recorded();
  /// Samples in the function's code so far.
  std::uint64_t samplesOf(std::uint32_t function);
  bool orphaned() const { return orphaned_; }
  bool timeable(std::uint32_t function) const { return settings_.timeable[function]; }

  void prepareFork();
  void parentAfterFork();
  void childAfterFork();

private:
  struct Track;
  struct Piece {
    std::uintptr_t end = 0;
    std::uint32_t function = 0;
    Tier tier = Tier::O0;
  };
  static void* enter(void* self);
  void run();
  void look(std::uint64_t now);
  Track* makeTrack(FunctionRecord& record);
  void open(Track& track, std::uint64_t now);
  void close(Track& track, std::uint64_t now);
  void closeSpent(Track& track);
  void harvest(Track& track, std::uint64_t calls, std::uint64_t now);
  /// Nanoseconds that windows may still take.
  double room(std::uint64_t now) const;
  /// CPU time of the process without Kiln's own threads. Async-signal-safe.
  std::uint64_t programCpu() const;
  /// Calls per nanosecond of it while the window was open.
  double rateOf(const Track& track, std::uint64_t calls, std::uint64_t cpu, std::uint64_t now) const;
  void noteRuntimeThreads();
  void take(const Sample& sample);
  const Piece* pieceAt(std::uintptr_t address) const;
  void measure();

  FunctionTable& table_;
  const Settings settings_;
  EventLog log_;
  std::unique_ptr<std::atomic<Track*>[]> tracks_; ///< by function
  std::uint64_t beganNs_ = 0, beganTicks_ = 0;
  ProbeCost cost_;
  double sampleNs_ = 0;
  std::atomic<bool> orphaned_{false};

  std::mutex list_; ///< guards store_ and stubs_
  StubRoom stubs_;
  std::vector<std::unique_ptr<Track>> store_;
  std::mutex pieceLock_; ///< guards pieces_ and what sums_ has of samples
  std::map<std::uintptr_t, Piece> pieces_;

  std::mutex work_; ///< what follows
  CpuSampler sampler_;
  Recorded sums_; ///< samples only
  unsigned looks_ = 0;
  std::size_t next_ = 0; ///< whose turn it is to have a window, of store_
  std::atomic<std::uint64_t> windows_{0}, busyWindows_{0};
  std::atomic<std::uint64_t> timedCalls_{0}, countedCalls_{0};
  /// Clocks of Kiln's threads; further ones are few, and count as the program's here. 0: none.
  std::array<std::atomic<clockid_t>, 16> runtimeClocks_{};
  std::atomic<std::uint64_t> clocksChanged_{0}; ///< when, last

  std::mutex thread_; ///< guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false, started_ = false, sampling_ = false;
  pthread_t handle_{};
};

} // namespace kiln::report
