// Events for those who watch a program climb.
//
// Idea: the compilation events that HotSpot logs (-XX:+PrintCompilation) and .NET's runtime traces, as calls instead
// of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kiln/Api.h"
#include "kiln/Ladder.h"

namespace kiln {

/// One decision about one function. The views are valid during the call only.
struct TierEvent {
  /// What happened.
  enum class Kind : std::uint8_t {
    Requested, ///< a compile was asked for
    Published, ///< calls now go to the new tier
    Demoted,   ///< calls now go to a lower tier
    Failed,    ///< a compile failed; the function stays where it was
    Dropped,   ///< the queue was full; the budget brings the request back
    Exited,    ///< a guard failed and the interpreter goes on; `reason` tells which and with what values
    LoopPublished, ///< activations that reach the header of `loop` move into new code there; calls go where they went
    /// Calls now go to another definition (Program::replace()), whose symbol `reason` is; counts are of the old one. `from`: where
    /// that was; `to`: the ladder's bottom. Told by the thread that replaces.
    Replaced,
  };
  Kind kind = Kind::Requested;   ///< what happened
  std::string_view program;      ///< the name of its first file or buffer
  std::string_view function;     ///< its symbol
  std::optional<Tier> from;      ///< none before the first compile
  Tier to = Tier::O0;            ///< where it goes, or was to go
  /// For Requested, LoopPublished, Failed and Dropped: the event is of a continuation at the loop whose header is the block
  /// of this number, not of the function as a whole.
  std::optional<std::uint32_t> loop;
  std::string_view reason;       ///< "first call", "calls", "loops", "asked", ..., or an error's text
  std::uint64_t calls = 0;       ///< counted so far
  std::uint64_t loops = 0;       ///< back-edges counted so far
  std::uint64_t nanoseconds = 0; ///< since the engine was made
  std::uint64_t compileNanoseconds = 0; ///< for Published and LoopPublished: what the version cost
};

/// "request", "publish", "demote", "failed", "dropped", "exit", "loop" or "replace": in traces and reports.
KILN_API std::string_view eventName(TierEvent::Kind kind);

/// Receives events. Called from the program's threads, in the middle of its code (also inside its signal handlers), and
/// from compile threads, at the same time: implementations are thread-safe, quick, neither throw nor call into Kiln.
class Observer {
public:
  virtual ~Observer() = default;
  /// The event, whose views are valid until this returns.
  virtual void onTierEvent(const TierEvent& event) = 0;
};

} // namespace kiln
