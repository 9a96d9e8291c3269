// Moves functions between tiers: asks the policy when a budget is spent, queues requests, publishes versions.
//
// A manager belongs to one program. How code is made is the `compile` callback's business; the manager knows no compiler.
// onBudgetSpent() may run in a signal handler of the program, on top of any of its code: it takes no lock that it would
// wait for and does not allocate.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <string>

#include "compile/CompileQueue.h"
#include "function/FunctionTable.h"
#include "kiln/Observer.h"
#include "tier/TierPolicy.h"

namespace kiln {

class TierManager {
public:
  struct Settings {
    Ladder ladder;
    Observer* observer = nullptr;
    std::string program;           ///< for events
    std::uint64_t startedAt = 0;   ///< nowNanoseconds() of the engine's start
    bool countAll = false;         ///< count at every tier
    bool countNone = false;
    bool synchronous = false;      ///< requests are compiled before they return; those for baseline mostly are anyway
    bool osr = false;              ///< activations may move into continuations
    /// Where functions in baseline begin to record; zeros: no such stage.
    RecordingStart recordAt;
    /// Makes baseline code that records and publishes it. False if that cannot be done right now.
    std::function<bool(FunctionRecord&)> record;
    /// Makes the interpreter's entry at a loop for activations that go down to it, if that can be done now.
    std::function<void(FunctionRecord&, std::uint32_t loop)> enterInterpreter;
    /// Whether a thread that had these signals blocked may be in a signal handler of the program. Without it, none is.
    std::function<bool(const sigset_t&)> mayBeInHandler;
    /// Told of every change of a record's versions, under its mutex.
    std::function<void(FunctionRecord&)> versionsChanged;
  };
  /// How a request for a function, or for its continuation at a loop, reaches a compiler: queues it, or compiles at once.
  /// Must be safe where onBudgetSpent() is.
  using Request = std::function<PushResult(FunctionRecord&, Tier, std::uint32_t loop)>;

  TierManager(FunctionTable& table, Settings settings, Request request);

  void onBudgetSpent(FunctionRecord& record);
  /// The same, asked by an activation of code of the tier `running` at the header of a loop, whose budget it has spent.
  /// `records`: that code records a profile. The address to continue at, or 0 to go on as before.
  std::uintptr_t onLoopBudgetSpent(FunctionRecord& record, std::uint32_t loop, Tier running, bool records = true);

  /// Ends a hold: the function counts on from here, so that it is asked for again even if what ended the hold fails.
  void release(FunctionRecord& record);

  /// What a request for that tier is best answered with, now that its turn has come: while it waited, the function may have
  /// reached a higher rung.
  Tier tierByNow(const FunctionRecord& record, Tier asked) const;

  /// Whether code of this tier counts.
  bool counts(Tier tier) const;
  Tier bottom() const { return settings_.ladder.bottom(); }
  const Ladder& ladder() const { return settings_.ladder; }

  /// Adds a version to the record. Calls go to it if it is better than what is there, or if `force`.
  void publish(FunctionRecord& record, Version version, std::string_view reason, bool force = false);
  /// Makes calls go to a version that exists; with `onlyUp`, as publish() would: not under a hold and not to a lower tier.
  /// False if there is no version of that tier.
  bool select(FunctionRecord& record, Tier tier, std::string_view reason, bool onlyUp = false);
  void reportFailure(FunctionRecord& record, Tier tier, const Error& error);
  /// The tier declines the function: it is not asked again, and the function waits for the next rung where it is.
  void refuse(FunctionRecord& record, Tier tier, std::string_view reason);

  /// Adds a continuation to the record, for activations that reach its loop. `unasked`: none of them waits for it, so that
  /// they are made to look soon.
  void publishLoop(FunctionRecord& record, Version version, std::string_view reason, bool unasked = false);
  /// Code that assumes what is not true: calls go to its successor of the same tier, if that is there, or to the best version
  /// below its tier, and activations do not move into it any more. `loop`: of a continuation. The next version of its tier
  /// takes its place.
  void withdraw(FunctionRecord& record, std::uint32_t loop, std::uintptr_t entry, std::string_view reason);
  /// From now on calls go to `target`, whatever is compiled of the function; what its activations run stays.
  void replace(FunctionRecord& record, std::uintptr_t target);
  /// There will be no continuation of this tier at this loop; it is not asked for again. The function's own thresholds stay.
  void refuseLoop(FunctionRecord& record, Tier tier, std::uint32_t loop, std::string_view reason);
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

private:
  void versionsChanged(FunctionRecord& record) const {
    if (settings_.versionsChanged)
      settings_.versionsChanged(record);
  }
  TierSnapshot snapshot(const FunctionRecord& record) const;
  TierSnapshot snapshot(const FunctionRecord& record, Tier current) const; ///< as if its code were of that tier
  void activate(FunctionRecord& record, const Version& version, std::string_view reason);
  void startRecording(FunctionRecord& record);
  /// Where an activation goes on that a demotion takes down; 0 if it stays.
  std::uintptr_t goDown(FunctionRecord& record, std::uint32_t loop, Tier running);
  void stopRecording(FunctionRecord& record);
  void carryOut(FunctionRecord& record, const TierSnapshot& now, const TierDecision& decision);
  /// Makes a request; what became of it is told, and decides how soon it is asked for again.
  void ask(FunctionRecord& record, const TierSnapshot& now, Tier tier, std::uint32_t loop, std::string_view reason);
  struct Detail {
    std::uint32_t loop = kNoLoop;
    std::uint64_t compileNs = 0;
  };
  void notify(TierEvent::Kind kind, const FunctionRecord& record, int from, Tier to, std::string_view reason,
              Detail detail);

  FunctionTable& table_;
  const Settings settings_;
  Request request_;
  std::atomic<std::uint64_t> failures_{0};
};

} // namespace kiln
