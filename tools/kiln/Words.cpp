#include "Words.h"

#include "kiln/Ladder.h"

namespace kiln::cli {
namespace {

using Form = ValueKind::Form;

std::vector<std::string> texts(std::span<const std::string_view> words, std::string_view behind = {}) {
  std::vector<std::string> all;
  for (std::string_view word : words)
    all.push_back(std::string(word) + std::string(behind));
  return all;
}

std::vector<std::string> tiers() {
  std::vector<std::string> all;
  for (Tier tier : kAllTiers)
    all.emplace_back(tierName(tier));
  return all;
}

std::vector<std::string> presetNames() {
  std::vector<std::string> all;
  for (const Preset& preset : presets())
    all.emplace_back(preset.name);
  return all;
}

} // namespace

ValueKind valueKind(std::string_view command, std::string_view value) {
  const bool modules = command == "kiln run" || command == "kiln pack" || command == "kiln inspect" || command == "kiln export";
  if (value == "TIER")
    return {Form::Words, tiers()};
  if (value == "PRESET" || value == "LADDER")
    return {Form::Words, presetNames()};
  if (value == "WHEN")
    return {Form::Words, texts(kWhen)};
  if (value == "LIST")
    return {Form::List, texts(kRecorders)};
  if (value == "COLD")
    return {Form::Words, texts(kColdCode)};
  if (value == "FORMAT")
    return {Form::Words, texts(kFormats)};
  if (value == "LEVEL")
    return {Form::Words, texts(kLevels)};
  if (value == "CPU")
    return {Form::Words, texts(kCpus)};
  if (value == "KIND:FUNCTION[@TIER]")
    return {Form::Start, texts(kDumps, ":")};
  if (value == "PLACE")
    return {Form::Folder, {"off", "redis://"}};
  if (value == "FOLDER")
    return {Form::Folder, {}};
  if (value == "LIB")
    return {Form::File, {".so"}};
  if (value == "FILE.h")
    return {Form::File, {".h"}};
  if (value == "<FILE>" || value == "<IN>") { // operands
    if (modules)
      return {Form::File, {".bc", ".ll", ".llbc"}};
    if (command == "kiln unpack")
      return {Form::File, {".llbc"}};
    return {Form::File, {}};
  }
  if (value == "FILE")
    return {Form::File, {}};
  return {};
}

} // namespace kiln::cli
