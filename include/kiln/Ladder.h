// Tiers and ladders: which compilers a function goes through, and when. A ladder is data.
//
// Thread-safety: plain values and functions without state: any thread. Idea: tiers by counted calls and loop
// iterations, as the virtual machines of Java (HotSpot's levels) and JavaScript have them; thresholds are data here,
// and a policy without state decides (docs/tiers.md, docs/adr/0022-fixed-thresholds.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// A tier is one way of running a function. Higher enumerators give better code and cost more.
enum class Tier : std::uint8_t { Interpreter = 0, Baseline = 1, O0 = 2, O1 = 3, O2 = 4, O3 = 5 };

/// In rising order.
inline constexpr std::array kAllTiers = {Tier::Interpreter, Tier::Baseline, Tier::O0, Tier::O1, Tier::O2, Tier::O3};
/// How many there are.
inline constexpr std::size_t kTierCount = kAllTiers.size();

/// "interpreter", "baseline", "O0" and so on.
KILN_API std::string_view tierName(Tier tier);
/// The tier of that name; nothing if there is none.
KILN_API std::optional<Tier> parseTier(std::string_view name);

/// One step of a ladder: `tier` is entered after `calls` calls or `loops` loop back-edges, both counted
/// since the function's first call.
struct Rung {
  Tier tier = Tier::O0;    ///< that is entered
  std::uint64_t calls = 0; ///< after so many calls
  std::uint64_t loops = 0; ///< or so many back-edges

  /// All fields are equal.
  bool operator==(const Rung&) const = default;
};

/// Back-edges that weigh as much as one call when a rung names only calls.
inline constexpr std::uint64_t kLoopsPerCall = 100;

/// The steps a function can climb, lowest first. The first rung has no threshold; tiers and thresholds
/// strictly rise. A ladder of one rung is a fixed tier: nothing is counted.
struct Ladder {
  std::vector<Rung> rungs; ///< never empty in a ladder that is used
  /// If not 0, only long functions without a loop start at the first rung: those of at least so many instructions (of
  /// LLVM IR, prepared). They mostly run once. All others start at the second rung, whose code costs them little.
  std::uint64_t straight = 0;

  /// Parses "O0,O2@500,O3@5000" or "O0,O2@500:20000" (calls:loops) or "interpreter>1000,baseline@10" (`straight`), or a
  /// preset's name.
  /// The error shows the text with a mark under the bad part.
  KILN_API static Result<Ladder> parse(std::string_view text);
  /// Of one tier.
  static Ladder fixed(Tier tier) { return Ladder{{Rung{tier, 0, 0}}}; }
  /// The preset `default`.
  KILN_API static Ladder standard();

  /// Where functions start.
  Tier bottom() const { return rungs.front().tier; }
  /// The last tier.
  Tier top() const { return rungs.back().tier; }
  /// The first rung above `tier`, or nullptr at the top.
  KILN_API const Rung* above(Tier tier) const;
  /// As parse() takes it.
  KILN_API std::string text() const;

  /// All fields are equal.
  bool operator==(const Ladder&) const = default;
};

/// A named ladder.
struct Preset {
  std::string_view name;    ///< what Ladder::parse() and `--preset` take
  std::string_view ladder;  ///< as Ladder::parse() takes it
  std::string_view purpose; ///< what it is for, in a few words
};

/// default, development, production, classic.
KILN_API const std::vector<Preset>& presets();

} // namespace kiln
