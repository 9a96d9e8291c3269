// What tells how long calls of one function take: a few instructions that its slot leads to for a while, before its code.
//
// The stub counts the call. The first 64 calls of a window, and every 64-th of the others, go by kiln_timed_call (TimedCall.S),
// which reads the time-stamp counter before and after; the rest go on at once. So a time is that of the whole call, with all
// that it calls, waits for and compiles. A call during which the function got other code is counted as late and not timed.
//
// A window ends after some thousand calls, for what a call costs in it must not depend on when a thread gets to close it: a timed
// call that finds the window spent asks for that (Owner::spent).
//
// Times are summed by the binary logarithm of the call's number in the window, for the first calls of new code
// are the dear ones. Counts are relaxed and lossy, as all counters in code.
//
// Who writes what: `left`, the buckets and `late` generated code and the assembly; everything else whoever holds the mutex of the
// function's record. While the slot leads to the stub, `target` is what the slot would lead to. The stub jumps through `target`
// and keeps its value nowhere, so that code may be retired as if the slot led to it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "code/CodeSpace.h"

namespace kiln::report {

struct CallProbe {
  /// Called in a thread of the program in the middle of its code, also in signal handlers: it must not wait.
  struct Owner {
    virtual void spent() = 0;

  protected:
    ~Owner() = default;
  };
  static constexpr std::int64_t kAtOnce = 64;   ///< calls at a window's beginning that are all timed
  static constexpr std::int64_t kSpent = -1984; ///< what `left` is when a window is: after 2,048 calls
  static constexpr std::size_t kBuckets = 32;

  struct Bucket {
    std::atomic<std::uint64_t> calls{0}, ticks{0};
  };

  // TimedCall.S and the stub know the layout.
  std::atomic<std::int64_t> left{kAtOnce - 1}; ///< until calls are no longer all timed; then below zero
  std::atomic<std::uintptr_t> target{0};
  std::atomic<std::uint64_t> generation{0}; ///< of the target
  std::uintptr_t timed = 0;                 ///< kiln_timed_call
  std::atomic<std::uint64_t> late{0};
  Owner* owner = nullptr;                   ///< null: windows do not end by themselves
  std::array<Bucket, kBuckets> buckets;

  CallProbe();
  /// Calls since the window began.
  std::uint64_t calls() const {
    return static_cast<std::uint64_t>(kAtOnce - 1 - left.load(std::memory_order_relaxed));
  }
  void begin() { left.store(kAtOnce - 1, std::memory_order_relaxed); }
};
static_assert(offsetof(CallProbe, target) == 8 && offsetof(CallProbe, generation) == 16 && offsetof(CallProbe, timed) == 24 &&
              offsetof(CallProbe, late) == 32 && offsetof(CallProbe, buckets) == 48 && sizeof(CallProbe::Bucket) == 16);

/// Makes stubs of probes, which must outlive all calls. They fill pages of their own, far from the program's code (CodeUse::Tools).
/// Not thread-safe.
class StubRoom {
public:
  explicit StubRoom(CodeSpace& space) : space_(space) {}
  /// Fails with CodeSpaceFull; first code of functions keeps its reserve.
  Result<std::uintptr_t> makeStub(CallProbe& probe);

private:
  CodeSpace& space_;
  CodeSpan span_;
  std::size_t used_ = 0;
};

/// What measuring costs on this machine, found by calls of an empty function.
struct ProbeCost {
  double ticksMeasured = 0; ///< that a timed call of nothing seems to take
  double timedNs = 0;       ///< that a timed call costs more than a plain one
  double countedNs = 0;     ///< the same of one that is only counted
};
ProbeCost measureCost(StubRoom& stubs, double ticksPerNs);

/// The time-stamp counter.
inline std::uint64_t ticksNow() { return __builtin_ia32_rdtsc(); }

} // namespace kiln::report
