// Gives back the memory of versions that calls no longer reach.
//
// A version is superseded when the slot leads elsewhere. It stays selectable, so that a demotion costs a store, until
// enough superseded code has gathered. Then a *round* follows:
//
//   1. Superseded versions are retired: under their record's mutex, nobody can publish them again. Not those that an
//      OSR entry names, nor *lasting* ones.
//   2. All threads are looked at (code/ThreadScan.h): who may still be inside what.
//   3. What nobody is inside of is freed: its unwind section withdrawn, its code overwritten with traps, its spans
//      released. The rest waits for the next round. When a thread could not be judged, everything waits.
//
// Why one look is enough: after step 1 no thread can get such an address anew, so who was seen without it stays without
// it. Code and constants count alike: a tail call may hand a pointer to a constant on.
//
// The same look tells which objects of the unwinder can be freed, that it may read for a moment after it gave them
// back.
//
// Rounds run in compile threads, or in a thread that asks (an engine without compile threads, a full code space). They
// are never waited for: while one runs, or when the last was in vain, too short ago, and nothing promises more, round()
// does nothing.
//
// Locks: a record's mutex, then `list_`; `round_` before both. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "code/CodeSpace.h"
#include "code/ThreadScan.h"
#include "code/UnwindRegistry.h"
#include "function/FunctionRecord.h"

namespace kiln {

class Retirement {
public:
  /// Who is inside: scanThreads(), or a test's own.
  using Look = std::function<ScanResult(std::span<const AddressSpan>, const CallerMark&)>;
  struct Settings {
    std::size_t startAt = 0; ///< bytes of superseded code that make a round worth while; 0: none is ever freed
    Look look;
    /// Told of code that is about to be freed, by its address.
    std::function<void(std::uintptr_t)> gone = {};
  };
  struct Counts {
    std::uint64_t supersededBytes = 0; ///< calls go elsewhere, no round came by yet
    std::uint64_t waitingBytes = 0;    ///< retired; some thread may be inside
    std::uint64_t freedBytes = 0;
    std::uint64_t versionsRetired = 0, versionsFreed = 0;
    std::uint64_t rounds = 0;
    std::map<std::string, std::uint64_t, std::less<>> postponed; ///< rounds that freed nothing for this reason
    std::string off;                                             ///< why nothing is freed any more
  };

  Retirement(CodeSpace& space, UnwindRegistry& unwind, Settings settings);

  /// After a change of a record's versions or of the published one. Under the record's mutex.
  void note(FunctionRecord& record);
  /// Nothing is freed from now on: the program does what makes looks incomplete.
  void turnOff(std::string_view reason);

  /// Whether a round is worth while.
  bool due() const;
  /// Looks, and frees what it can; the bytes freed. With `now`, also when it is too short ago that one was in vain.
  std::size_t round(bool now = false);

  Counts counts() const;
  /// Held around fork(), so that no round is under way in the child.
  std::mutex& forkLock() { return round_; }

private:
  struct Retired {
    std::vector<CodeSpan> memory;
    void* unwindSection = nullptr;
    std::uintptr_t unwindCode = 0;
    std::size_t bytes = 0;
  };

  [[gnu::noinline]] std::size_t roundFrom(const CallerMark& caller);
  ScanResult look(std::span<void* const> objects, const CallerMark& caller);
  void retireListed();
  void retire(FunctionRecord& record);
  static bool superseded(const FunctionRecord& record, const Version& version);
  /// Whether a round may free something that the last one did not.
  bool promising() const;
  void postpone(std::string_view reason);
  std::size_t release(std::vector<Retired> gone);

  CodeSpace& space_;
  UnwindRegistry& unwind_;
  const Settings settings_;
  std::atomic<bool> off_{false};
  std::atomic<bool> obstructed_{false}; ///< the last round could not judge every thread: the next would hardly either
  std::atomic<std::uint64_t> supersededBytes_{0}, waitingBytes_{0}, notBefore_{0};

  std::mutex round_;             ///< held by the thread that makes a round
  std::vector<Retired> waiting_; ///< under round_
  unsigned inVain_ = 0;          ///< under round_; rounds in a row that freed nothing

  mutable std::mutex list_;
  std::vector<FunctionRecord*> listed_; ///< under list_; records with superseded versions
  Counts counts_;                       ///< under list_
};

} // namespace kiln
