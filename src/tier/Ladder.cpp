#include "kiln/Ladder.h"

#include <charconv>

namespace kiln {

std::string_view tierName(Tier tier) {
  switch (tier) {
  case Tier::Interpreter: return "interpreter";
  case Tier::Baseline: return "baseline";
  case Tier::O0: return "O0";
  case Tier::O1: return "O1";
  case Tier::O2: return "O2";
  case Tier::O3: return "O3";
  }
  return "?";
}

std::optional<Tier> parseTier(std::string_view name) {
  for (Tier tier : kAllTiers)
    if (tierName(tier) == name)
      return tier;
  return std::nullopt;
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> table = {
      {"default", "interpreter>1000,baseline@10,O2@2000,O3@20000", "starts at once and climbs for programs of seconds"},
      {"development", "interpreter,baseline@2,O2@10,O3@100", "climbs early, to meet optimised code soon"},
      {"production", "interpreter>1000,baseline@20,O2@1000,O3@10000", "optimises only what has proved hot"},
      {"classic", "interpreter,O0@10,O1@100,O2@1000,O3@10000", "every level of LLVM in turn"},
  };
  return table;
}

Ladder Ladder::standard() { return *parse(presets().front().ladder); }

const Rung* Ladder::above(Tier tier) const {
  for (const Rung& rung : rungs)
    if (rung.tier > tier)
      return &rung;
  return nullptr;
}

std::string Ladder::text() const {
  std::string out;
  for (const Rung& rung : rungs) {
    if (!out.empty())
      out += ',';
    out += tierName(rung.tier);
    if (&rung == &rungs.front()) {
      if (straight != 0)
        out += '>' + std::to_string(straight);
      continue;
    }
    out += '@' + std::to_string(rung.calls);
    if (rung.loops != rung.calls * kLoopsPerCall)
      out += ':' + std::to_string(rung.loops);
  }
  return out;
}

namespace {

/// A ladder error with the text and a mark under the part from `at` of `length` characters.
std::unexpected<Error> badPart(std::string_view text, std::size_t at, std::size_t length,
                               std::string_view why) {
  std::string message = "bad ladder: " + std::string(why) + "\n  " + std::string(text) + "\n  " +
                        std::string(at, ' ') + '^';
  if (length > 1)
    message += std::string(length - 1, '~');
  return fail(ErrorCode::BadLadder, std::move(message));
}

std::optional<std::uint64_t> parseCount(std::string_view digits) {
  std::uint64_t value = 0;
  auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size() || value == 0 ||
      value > (std::uint64_t{1} << 48))
    return std::nullopt;
  return value;
}

} // namespace

Result<Ladder> Ladder::parse(std::string_view text) {
  for (const Preset& preset : presets())
    if (preset.name == text)
      return parse(preset.ladder);
  if (text.empty())
    return fail(ErrorCode::BadLadder, "bad ladder: the text is empty; try \"interpreter,baseline@10,O2@2000,O3@20000\"");

  Ladder ladder;
  std::size_t at = 0;
  while (at <= text.size()) {
    std::size_t end = std::min(text.find(',', at), text.size());
    std::string_view part = text.substr(at, end - at);
    if (part.empty())
      return badPart(text, at, 1, "a tier is missing here");
    std::size_t mark = part.find('@');
    std::size_t sizeMark = ladder.rungs.empty() ? part.find('>') : std::string_view::npos;
    std::string_view name = part.substr(0, std::min(mark, sizeMark));
    std::optional<Tier> tier = parseTier(name);
    if (!tier)
      return badPart(text, at, name.size(),
                     "'" + std::string(name) + "' is not a tier (interpreter, baseline, O0, O1, O2, O3) or a preset");
    Rung rung{*tier, 0, 0};
    if (ladder.rungs.empty()) {
      if (mark != std::string_view::npos)
        return badPart(text, at + mark, part.size() - mark,
                       "the first tier starts at the first call and takes no threshold");
      if (sizeMark != std::string_view::npos) {
        std::string_view digits = part.substr(sizeMark + 1);
        std::optional<std::uint64_t> straight = parseCount(digits);
        if (!straight)
          return badPart(text, at + sizeMark + 1, std::max<std::size_t>(digits.size(), 1),
                         "the number of instructions must be a whole number from 1 to 2^48");
        if (end == text.size())
          return badPart(text, at + sizeMark, part.size() - sizeMark, "there is no second tier for the other functions");
        ladder.straight = *straight;
      }
    } else {
      if (mark == std::string_view::npos)
        return badPart(text, at, part.size(), "a threshold is missing: write TIER@CALLS");
      std::string_view counts = part.substr(mark + 1);
      std::size_t colon = counts.find(':');
      std::optional<std::uint64_t> calls = parseCount(counts.substr(0, colon));
      if (!calls)
        return badPart(text, at + mark + 1, std::max<std::size_t>(counts.substr(0, colon).size(), 1),
                       "the number of calls must be a whole number from 1 to 2^48");
      rung.calls = *calls;
      rung.loops = *calls * kLoopsPerCall;
      if (colon != std::string_view::npos) {
        std::optional<std::uint64_t> loops = parseCount(counts.substr(colon + 1));
        if (!loops)
          return badPart(text, at + mark + 2 + colon,
                         std::max<std::size_t>(counts.size() - colon - 1, 1),
                         "the number of loop back-edges must be a whole number from 1 to 2^48");
        rung.loops = *loops;
      }
      const Rung& below = ladder.rungs.back();
      if (rung.tier <= below.tier)
        return badPart(text, at, name.size(), "each tier must be higher than the one before");
      if (rung.calls <= below.calls || rung.loops <= below.loops)
        return badPart(text, at + mark + 1, counts.size(),
                       "each threshold must be higher than the one before");
    }
    ladder.rungs.push_back(rung);
    if (end == text.size())
      break;
    at = end + 1;
  }
  return ladder;
}

} // namespace kiln
