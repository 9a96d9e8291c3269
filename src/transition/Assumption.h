// What the top tier's code took for granted, guard by guard: what became of each guess, and when code is made anew.
//
// An *assumption* is a sentence about one place of one function ("this branch never goes there"). A *guard* is code
// that checks it: a *site* is one guard in one version. There are two kinds: those that *exit* to the interpreter when
// they fail (transition/Resume.h), and those that have the general code beside them and only count.
//
// Generated code sees of a site its *cell*, 16 bytes in the program's data. Cells are made when the version is
// installed, so that an artifact holds no addresses: it names the array of its cells by kGuardsSymbol, and lists what
// each is for.
//   - A guard that counts: on failure `dec cell.left`, and once that is negative a call of kGuardSpentSymbol with the
//   cell.
//   - A guard that exits calls kExitSymbol with the cell and the state at each failure, and then what that returns.
//
// Past a limit of failures the assumption is *dropped*, for all functions whose compile begins from then on, and the
// host is asked to rebuild the *root*, the function whose version holds the site. After kRebuilds rebuilds (one, if its
// code is large) a root is compiled without any assumption.
//
// failed() and spent() run in any thread of the program, in signal handlers too: they take no lock and do not allocate.
// holds(), install() and the rest: any thread, under an inner lock. Sites and cells live as long as the program: a
// thread may still be inside code that was replaced.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace kiln {

enum class AssumptionKind : std::uint8_t {
  NeverTaken,      ///< a branch or switch never goes this way
  CallTarget,      ///< an indirect call always goes to this function
  ConstantArgument ///< an argument always has this value
};
inline constexpr std::size_t kAssumptionKinds = 3;
/// In statistics and traces: "branch", "target", "argument".
std::string_view assumptionName(AssumptionKind kind);

struct Assumption {
  AssumptionKind kind = AssumptionKind::NeverTaken;
  std::uint32_t function = 0; ///< of the program: whose prepared body `place` is in, inlined or not
  std::uint32_t place = 0;    ///< value number of the branch or call (transition/FrameState.h), or the argument's index
  std::uint64_t value = 0;    ///< number of the successor, number of the target function, or the argument's bits
  auto operator<=>(const Assumption&) const = default;
};

/// What an artifact says of one of its cells.
struct GuardInfo {
  Assumption assumption;
  bool exits = false;      ///< resumes the interpreter at assumption.place
  bool forced = false;     ///< put there for --exit-at, not because anything was assumed: never dropped
  std::uint32_t words = 0; ///< of the state, if it exits; word 0 is the place
  std::uint64_t limit = 0; ///< failures until the assumption is dropped; 0: Assumptions::Limits::failures
};

struct GuardSite;

/// What generated code refers to. `left` comes first.
struct GuardCell {
  std::atomic<std::int64_t> left{0}; ///< failures until the runtime is called; guards that count only
  GuardSite* site = nullptr;
};
static_assert(sizeof(GuardCell) == 16);

struct KnownAssumption {
  Assumption assumption;
  std::atomic<bool> dropped{false};
};

struct GuardSite {
  KnownAssumption* known = nullptr;
  GuardCell* cell = nullptr;
  std::uint32_t root = 0;    ///< the function whose code holds the guard
  std::uint32_t loop = 0;    ///< its continuation, or kNoLoop
  std::uintptr_t resume = 0; ///< of a site that exits: T (state*)
  std::uintptr_t code = 0;   ///< entry of the version
  bool exits = false, forced = false;
  std::uint32_t words = 0; ///< as in GuardInfo
  std::int64_t limit = 0;
  std::atomic<std::uint64_t> exited{0}; ///< failures; of a site that counts, those of earlier fillings of the cell
  std::atomic<std::uint64_t> lingered{0}; ///< what long activations after it weigh beyond `exited`
  std::atomic<std::uint32_t> told{0};   ///< lines of trace

  const Assumption& assumption() const { return known->assumption; }
  std::uint64_t failures() const;
};

inline constexpr std::string_view kGuardsSymbol = "kiln.guards";          ///< GuardCell[], of this artifact
inline constexpr std::string_view kGuardSpentSymbol = "kiln.guard.spent"; ///< void (GuardCell*), preserve_all
inline constexpr std::string_view kExitSymbol = "kiln.exit";              ///< void* (GuardCell*, state*)
inline constexpr std::string_view kExitCountSymbol = "kiln.exit.count"; ///< std::int64_t: forced guards until one fails

class Assumptions {
public:
  /// An exit costs as much as some thousand instructions, a counted failure next to nothing; both are rare if the guess
  /// was good. 64 exits are below a millisecond.
  static constexpr std::uint64_t kFailures = 64;
  /// A root that failed so often is in a program that changes its mind.
  static constexpr std::uint32_t kRebuilds = 3;
  /// Failures that an exit counts as whose activation goes on for a thousand rounds of a loop and more. Such an activation ends in
  /// slower code, perhaps after seconds.
  static constexpr std::uint64_t kLingering = 16;
  /// From so many bytes of code on, a root is rebuilt kLargeRebuilds times at most: it takes LLVM a fifth of a second and more.
  static constexpr std::uint64_t kLargeCode = 8192;
  static constexpr std::uint32_t kLargeRebuilds = 1;
  struct Limits {
    std::uint64_t failures = 0; ///< of every guard; 0: its own limit, or kFailures
    std::uint32_t rebuilds = kRebuilds;
  };
  enum class Answer {
    Asked,    ///< calls of the site's root go to code without the assumption, and a rebuild is on its way
    Busy,     ///< not now: the next failure asks again
    Pointless ///< the code of the site was replaced already
  };
  /// Asks for a rebuild of the site's root. Called where failed() may be.
  using Rebuild = std::function<Answer(const GuardSite&)>;

  Assumptions(std::size_t functions, Limits limits, Rebuild rebuild);

  /// For compilers: whether code may take this for granted.
  bool holds(const Assumption& assumption) const;
  /// Whether code of this root may take anything for granted.
  bool allowed(std::uint32_t root) const;

  /// Makes the sites of a version that is about to be published; `cells` are its own, one for each guard. The caller
  /// sets the sites' `resume` and `code`. Afterwards the root may ask for a rebuild again. `codeBytes` are the version's.
  std::vector<GuardSite*> install(std::uint32_t root, std::uint32_t loop, std::span<const GuardInfo> guards,
                                  GuardCell* cells, std::uint64_t codeBytes = 0);
  /// The version asked for is not coming; a later failure may ask again.
  void gaveUp(std::uint32_t root) { roots_[root].asked.store(false, std::memory_order_relaxed); }

  /// A guard that exits has failed.
  void failed(GuardSite& site);
  /// An activation of the function loops on in the interpreter, where an exit may have brought it. If so, that exit was a dear
  /// one, and weighs as kLingering.
  void lingers(std::uint32_t function);
  /// A guard that counts has spent its cell.
  void spent(GuardCell& cell);

  struct Counts {
    std::uint64_t failures[kAssumptionKinds] = {}, exits[kAssumptionKinds] = {}, forced = 0;
    std::uint64_t dropped[kAssumptionKinds] = {};
    std::uint64_t rebuilds = 0, sites = 0, leftAlone = 0; ///< leftAlone: roots past their rebuilds
  };
  Counts counts() const;
  /// All sites ever made, oldest first.
  void visit(const std::function<void(const GuardSite&)>& visitor) const;
  std::mutex& forkLock() { return mutex_; }

private:
  struct Root {
    std::atomic<std::uint32_t> rebuilds{0};
    std::atomic<bool> asked{false}, large{false};
    std::atomic<GuardSite*> lastExit{nullptr}; ///< of a guard in this function's body, wherever that was inlined
  };
  void drop(GuardSite& site);

  const std::size_t functions_;
  const Limits limits_;
  const Rebuild rebuild_;
  std::unique_ptr<Root[]> roots_;
  mutable std::mutex mutex_;
  std::map<Assumption, std::unique_ptr<KnownAssumption>> known_; ///< under mutex_
  std::deque<GuardSite> sites_;                                  ///< likewise
};

/// What a compile may guess, and how it may check that.
struct Speculation {
  const Assumptions* assumptions = nullptr;
  bool everywhere = false; ///< forced guards at branches and calls (--exit-at)
  std::uint64_t constantAfter = 0; ///< not 0: any argument that had one value so often (--constant-after)
  /// Guesses are made for the tests' sake.
  bool forced() const { return everywhere || constantAfter != 0; }
  /// Whether the interpreter can resume activations of the function, as far as is known.
  std::function<bool(std::uint32_t function)> resumable;
};

} // namespace kiln
