#include "Modes.h"

#include <charconv>

namespace kiln::fuzz {
namespace {

struct Named {
  std::string_view name;
  std::string_view text;
};
// Without compile threads a run can be repeated exactly; "race" is for what happens while others compile.
constexpr Named kNamed[] = {
    {"baseline4", "baseline/registers=4"},
    {"osr1", "interpreter/osr=1"},
    {"osr2", "interpreter/osr=2"},
    {"osr7", "interpreter/osr=7"},
    {"moves1", "interpreter,baseline@1,O3@2/osr=1"},
    {"moves2", "interpreter,baseline@1,O3@2/osr=2"},
    {"moves7", "baseline,O2@1/osr=7"},
    {"climb1", "interpreter,baseline@1,O2@2,O3@3"},
    {"climb2", "interpreter,baseline@2:2,O2@4:8,O3@8:16"},
    {"loops", "interpreter,baseline@1000:1,O2@2000:5"},
    {"short", "interpreter,O0@1,O2@2"},
    {"spilled", "interpreter,baseline@1:1,O2@3:3/registers=4"},
    {"classic", "O0,O2@1,O3@2"},
    {"race", "interpreter,baseline@1,O2@2,O3@3/threads=2"},
    {"counted", "O2/counting=on"},
    {"counting", "baseline/counting=on"},
    {"bare", "interpreter/profiling=off"},
    {"exit1", "interpreter,O3@1/exit=1"},
    {"exit7", "O3/exit=7"},
    {"exits", "interpreter,baseline@1,O3@2/osr=7/exit=3"},
    {"exitrace", "interpreter,baseline@1,O2@2,O3@3/exit=5/threads=2"},
    {"constants", "interpreter,baseline@2:2,O3@3:20/constant=1"},
};

Result<void> set(Options& options, std::string_view key, std::string_view value) {
  std::uint64_t number = 0;
  bool isNumber = std::from_chars(value.begin(), value.end(), number).ptr == value.end() && !value.empty();
  bool isSwitch = value == "on" || value == "off";
  if (key == "osr" && isNumber) {
    options.osr = number != 0;
    options.osrAt = number;
  } else if (key == "exit" && isNumber) {
    options.exitAt = number;
  } else if (key == "constant" && isNumber) {
    options.constantAfter = number;
  } else if (key == "registers" && isNumber) {
    options.baselineRegisters = static_cast<unsigned>(number);
  } else if (key == "threads" && isNumber) {
    options.compileThreads = static_cast<unsigned>(number);
  } else if (key == "counting" && isSwitch) {
    options.counting = value == "on" ? Counting::On : Counting::Off;
  } else if (key == "profiling" && isSwitch) {
    options.profiling = value == "on" ? Profiling::On : Profiling::Off;
  } else {
    return fail(ErrorCode::BadOption,
                "'" + std::string(key) + "=" + std::string(value) +
                    "' is no setting of a mode; there are osr, exit, constant, threads, registers, counting and profiling");
  }
  return {};
}

} // namespace

Result<Mode> parseMode(std::string_view text) {
  Mode mode;
  mode.name = text;
  for (const Named& named : kNamed)
    if (named.name == text)
      text = named.text;
  std::size_t slash = text.find('/');
  auto ladder = Ladder::parse(text.substr(0, slash));
  if (!ladder)
    return std::unexpected(ladder.error());
  mode.options.ladder = std::move(*ladder);
  mode.options.compileThreads = 0;
  while (slash != std::string_view::npos) {
    text.remove_prefix(slash + 1);
    slash = text.find('/');
    std::string_view setting = text.substr(0, slash);
    std::size_t equals = setting.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : setting.substr(equals + 1);
    if (auto done = set(mode.options, setting.substr(0, equals), value); !done)
      return std::unexpected(done.error());
  }
  return mode;
}

std::vector<Mode> allModes() {
  std::vector<Mode> modes;
  for (Tier tier : kAllTiers)
    if (auto mode = parseMode(tierName(tier)))
      modes.push_back(std::move(*mode));
  for (const Named& named : kNamed)
    if (auto mode = parseMode(named.name))
      modes.push_back(std::move(*mode));
  return modes;
}

} // namespace kiln::fuzz
