// What Kiln knows about one function of the program.
//
// A record lives as long as its program. Who writes what:
//   id, name                 the loading thread, before any call
//   published tier           the installer, release; readers acquire
//   pendingTier              set by whoever queues a request, cleared by whoever ends it; relaxed
//   recording                whoever decides to record, or asks for better code; relaxed
//   counters (in the range)  generated code, without atomics: lossy on purpose; C++ reads them relaxed
//   versions                 under `mutex`
//   refused tiers            set by the compile that was refused, never cleared; relaxed
//   OSR entries              prepended under `mutex`, release; running activations read them without a lock
#pragma once

#include <atomic>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "code/CodeSpace.h"
#include "code/LineTable.h"
#include "kiln/Ladder.h"

namespace kiln {

/// The two budgets of a function, counted down to below zero by its code. They lie in the address range.
struct Counters {
  std::atomic<std::int64_t> calls;
  std::atomic<std::int64_t> loops;
};
static_assert(sizeof(Counters) == 16);

/// A budget that is never spent in practice.
inline constexpr std::int64_t kUnbounded = std::int64_t{1} << 62;

/// Nanoseconds that one compile spent by phase.
struct CompileTimes {
  std::uint64_t prepare = 0; ///< reading the bitcode, cleaning up, gathering callees
  std::uint64_t passes = 0;
  std::uint64_t codegen = 0;
  std::uint64_t link = 0;
  std::uint64_t total() const { return prepare + passes + codegen + link; }
};

/// In place of a loop's number: the function as a whole.
inline constexpr std::uint32_t kNoLoop = ~std::uint32_t{0};

/// Code of one function at one tier, installed. With a loop it is a continuation: calls never go to it.
///
/// A version is *published* while the slot leads to it, *superseded* when calls go elsewhere but may come back to it
/// (demotion, a hold), and *retired* once its code was given up to be freed (function/Retirement.h). Of a retired version the
/// times are kept, for statistics; there is one of each tier at most.
struct Version {
  Tier tier = Tier::O0;
  std::uint32_t loop = kNoLoop; ///< number of the header's block
  bool counts = false;
  bool records = false; ///< a profile
  std::uintptr_t entry = 0;
  std::uint64_t codeBytes = 0;
  CompileTimes times;
  std::uint64_t publishedAt = 0; ///< nanoseconds since the engine was made
  std::uint64_t callsBefore = 0; ///< calls counted when it was published
  std::vector<CodeSpan> memory;
  /// Of the code's first span; null: not known. Shared, for versions are copied.
  std::shared_ptr<const LineTable> lines;
  void* unwindSection = nullptr;
  std::uintptr_t unwindCode = 0; ///< where the code begins that the section describes
  /// Addresses of this code may be where no look at the threads finds them: it is never retired.
  bool lasting = false;
  bool retired = false;
  bool withdrawn = false; ///< an assumption of it failed too often: never selected again
  bool cached = false; ///< found in the cache, not compiled in this run

  bool callable() const { return loop == kNoLoop && !retired; }
  bool selectable() const { return callable() && !withdrawn; }
  std::size_t memoryBytes() const {
    std::size_t bytes = 0;
    for (const CodeSpan& span : memory)
      bytes += span.size;
    return bytes;
  }
};

/// What is left of retired versions that were not the last of their tier.
struct ForgottenVersions {
  std::uint64_t versions = 0, codeBytes = 0, compileNs = 0;
};

/// What is known of the continuation of one tier at one loop header. Never changed; lives as long as the record.
struct OsrEntry {
  std::uint32_t loop = 0;
  Tier tier = Tier::O0;
  std::uintptr_t address = 0; ///< 0: there is none, and none is asked for again
  const OsrEntry* next = nullptr;
};

/// Whether baseline code of a function records a profile: there is a stage for it on the ladder.
enum class Recording : unsigned char { Ahead, On, Done };

/// A set of tiers is a word with a bit for each.
constexpr std::uint32_t tierBit(Tier tier) { return std::uint32_t{1} << static_cast<unsigned>(tier); }

/// Bytes of baseline code from which on a compile by LLVM takes about half a second: a virtual machine's loop, a parser's.
inline constexpr std::uint64_t kLargeFunction = 16384;

class FunctionRecord {
public:
  static constexpr int kNone = -1;

  std::uint32_t id = 0;
  std::string name;
  Counters* counters = nullptr;

  /// The tier whose code the slot leads to, or kNone before the first compile.
  std::atomic<int> publishedTier{kNone};
  /// The tier asked for and not finished, or kNone.
  std::atomic<int> pendingTier{kNone};
  std::atomic<Recording> recording{Recording::Ahead};
  /// Its baseline code has kLargeFunction bytes or more.
  std::atomic<bool> large{false};
  /// Calls go to a definition of another program, for good: no version is published any more. Set under mutex. Activations that run may still
  /// move into continuations.
  std::atomic<bool> replaced{false};
  /// While set, only promote() moves the function.
  std::atomic<bool> held{false};
  /// Set once a failed compile was put in the statistics, so that it is reported once.
  std::atomic<std::uint32_t> failures{0};

  std::mutex mutex;
  std::vector<Version> versions;
  std::uintptr_t publishedEntry = 0; ///< under mutex; the slot's version, 0 before the first
  // Of function/Retirement.h, under mutex.
  ForgottenVersions forgotten;
  std::size_t supersededBytes = 0; ///< what a round would retire
  bool retirementListed = false;   ///< a round will come by
  std::string lastFailure; ///< under mutex
  /// Activations that moved into a continuation.
  std::atomic<std::uint64_t> osrTransfers{0};

  /// Under mutex. Drops the retired versions before the one at `index`, which is retired, of the same tier. How many.
  std::size_t forgetOlder(std::size_t index) {
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < index - dropped;) {
      const Version& old = versions[i];
      if (!old.retired || old.tier != versions[index - dropped].tier) {
        ++i;
        continue;
      }
      ++forgotten.versions;
      forgotten.codeBytes += old.codeBytes;
      forgotten.compileNs += old.times.total();
      versions.erase(versions.begin() + static_cast<std::ptrdiff_t>(i));
      ++dropped;
    }
    return dropped;
  }

  /// Tiers that refused the function, a bit each: it is promoted past them.
  std::uint32_t refusedTiers() const { return refusedTiers_.load(std::memory_order_relaxed); }
  bool refusedBy(Tier tier) const { return (refusedTiers() & tierBit(tier)) != 0; }
  void setRefusedBy(Tier tier) { refusedTiers_.fetch_or(tierBit(tier), std::memory_order_relaxed); }

  /// The continuation of a tier at a loop header, or what became of it; null if none was made. Any thread, in signal
  /// handlers too.
  const OsrEntry* osrEntry(std::uint32_t loop, Tier tier) const {
    const OsrEntry* entry = osrEntries_.load(std::memory_order_acquire);
    while (entry && (entry->loop != loop || entry->tier != tier))
      entry = entry->next;
    return entry;
  }
  /// Whether activations may still be told to move into this version's code.
  bool osrInto(const Version& version) const {
    for (const OsrEntry* entry = osrEntries_.load(std::memory_order_acquire); entry; entry = entry->next)
      for (const CodeSpan& span : version.memory)
        if (entry->address - reinterpret_cast<std::uintptr_t>(span.rx) < span.size)
          return true;
    return false;
  }
  /// Whether any loop has a continuation of that tier.
  bool hasContinuation(Tier tier) const {
    const OsrEntry* entry = osrEntries_.load(std::memory_order_acquire);
    while (entry && (entry->tier != tier || !entry->address))
      entry = entry->next;
    return entry != nullptr;
  }
  /// Under mutex. A later entry of the same loop and tier hides the earlier one.
  void addOsrEntry(std::uint32_t loop, Tier tier, std::uintptr_t address) {
    osrStore_.push_front({loop, tier, address, osrEntries_.load(std::memory_order_relaxed)});
    osrEntries_.store(&osrStore_.front(), std::memory_order_release);
  }

  std::uint64_t calls() const { return counted(callsDone_, armedCalls_, counters->calls); }
  std::uint64_t loops() const { return counted(loopsDone_, armedLoops_, counters->loops); }

  /// Those of them that went to tiers that record the profile. Any thread.
  std::uint64_t callsRecorded() const {
    const std::uint64_t all = calls(), since = unrecordedSince_.load(std::memory_order_relaxed);
    const std::uint64_t without =
        unrecorded_.load(std::memory_order_relaxed) + (since != kRecording && all > since ? all - since : 0);
    return all > without ? all - without : 0;
  }
  /// Under mutex: whether calls from now on go to a tier that records.
  void setRecording(bool recording) {
    const std::uint64_t since = unrecordedSince_.load(std::memory_order_relaxed);
    if (recording == (since == kRecording))
      return;
    if (recording)
      unrecorded_.fetch_add(calls() - since, std::memory_order_relaxed);
    unrecordedSince_.store(recording ? kRecording : calls(), std::memory_order_relaxed);
  }

  /// Sets both budgets; what the old ones had counted is kept.
  void arm(std::int64_t calls, std::int64_t loops) {
    callsDone_.store(this->calls(), std::memory_order_relaxed);
    loopsDone_.store(this->loops(), std::memory_order_relaxed);
    armedCalls_.store(calls, std::memory_order_relaxed);
    armedLoops_.store(loops, std::memory_order_relaxed);
    counters->calls.store(calls, std::memory_order_relaxed);
    counters->loops.store(loops, std::memory_order_relaxed);
  }

  /// Lets the loops' budget be spent after so many more at most. Not before the first version.
  void hurryLoops(std::int64_t loops) {
    const std::int64_t left = counters->loops.load(std::memory_order_relaxed);
    if (left > loops && publishedTier.load(std::memory_order_relaxed) != kNone)
      arm(counters->calls.load(std::memory_order_relaxed), loops);
  }

private:
  static std::uint64_t counted(const std::atomic<std::uint64_t>& done, const std::atomic<std::int64_t>& armed,
                               const std::atomic<std::int64_t>& left) {
    std::int64_t since = armed.load(std::memory_order_relaxed) - left.load(std::memory_order_relaxed);
    // A thread that was counting when an unbounded budget was set may have put what was left of the old one in its place.
    const bool lost = since < 0 || since > kUnbounded / 2;
    return done.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(lost ? 0 : since);
  }
  std::atomic<std::uint32_t> refusedTiers_{0};
  std::atomic<const OsrEntry*> osrEntries_{nullptr};
  std::forward_list<OsrEntry> osrStore_; ///< under mutex; most functions have none
  static constexpr std::uint64_t kRecording = ~std::uint64_t{0};
  std::atomic<std::uint64_t> unrecorded_{0}, unrecordedSince_{kRecording}; ///< calls; written under mutex
  std::atomic<std::uint64_t> callsDone_{0}, loopsDone_{0};
  std::atomic<std::int64_t> armedCalls_{0}, armedLoops_{0};
};

} // namespace kiln
