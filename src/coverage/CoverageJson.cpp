// The file's format: docs/coverage.md.
#include <nlohmann/json.hpp>

#include <charconv>

#include "coverage/Coverage.h"

namespace kiln {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kSchema = "kiln-coverage";

/// Thrown and caught in this file only: what nlohmann's own exceptions do not say.
struct Bad {
  std::string what;
};

std::string hex(std::uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::uint64_t parseHex(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (!text.starts_with("0x") || std::from_chars(text.data() + 2, end, value, 16).ptr != end || text.size() != 18)
    throw Bad{"'" + text + "' is not a hash"};
  return value;
}

template <typename Number> Number number(const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<Number>::max())
    throw Bad{"a number is negative, too large or none: " + value.dump(-1, ' ', true, Json::error_handler_t::replace)};
  return value.get<Number>();
}

const Json& array(const Json& value) {
  if (!value.is_array())
    throw Bad{"a list is missing"};
  return value;
}

Json toJson(const BlockCoverage& block) {
  Json out{{"count", block.count}, {"instructions", block.instructions}};
  if (!block.reachable)
    out["unreachable"] = true;
  Json lines = Json::array();
  for (SourceLine line : block.lines)
    lines.push_back({line.file, line.line});
  out["lines"] = std::move(lines);
  return out;
}

SourceLine lineFrom(const Json& value, std::size_t files) {
  if (array(value).size() != 2)
    throw Bad{"a line is not a pair"};
  SourceLine line{number<std::uint32_t>(value[0]), number<std::uint32_t>(value[1])};
  if (line.file >= files)
    throw Bad{"a line names source file " + std::to_string(line.file) + " of " + std::to_string(files)};
  return line;
}

BlockCoverage blockFrom(const Json& value, std::size_t files) {
  BlockCoverage block;
  block.count = number<std::uint64_t>(value.at("count"));
  block.instructions = number<std::uint32_t>(value.at("instructions"));
  block.reachable = !value.value("unreachable", false);
  for (const Json& line : array(value.at("lines")))
    block.lines.push_back(lineFrom(line, files));
  return block;
}

Json toJson(const FunctionCoverage& function) {
  Json out{{"name", function.name}};
  if (function.place)
    out["place"] = {function.place->file, function.place->line};
  if (function.bytes)
    out["bytes"] = *function.bytes;
  out["blocks"] = Json::array();
  for (const BlockCoverage& block : function.blocks)
    out["blocks"].push_back(toJson(block));
  return out;
}

FunctionCoverage functionFrom(const Json& value, std::size_t files) {
  FunctionCoverage function{value.at("name").get<std::string>()};
  if (value.contains("place"))
    function.place = lineFrom(value["place"], files);
  if (value.contains("bytes"))
    function.bytes = number<std::uint64_t>(value["bytes"]);
  for (const Json& block : array(value.at("blocks")))
    function.blocks.push_back(blockFrom(block, files));
  return function;
}

ModuleCoverage moduleFrom(const Json& value) {
  ModuleCoverage module{value.at("name").get<std::string>(), parseHex(value.at("hash").get<std::string>())};
  for (const Json& file : array(value.at("files")))
    module.files.push_back(file.get<std::string>());
  for (const Json& function : array(value.at("functions")))
    module.functions.push_back(functionFrom(function, module.files.size()));
  return module;
}

} // namespace

std::string coverageToJson(const ProgramCoverage& coverage) {
  Json out{{"schema", kSchema}, {"schema_version", kCoverageVersion}, {"runs", coverage.runs}};
  out["modules"] = Json::array();
  for (const ModuleCoverage& module : coverage.modules) {
    Json each{{"name", module.name}, {"hash", hex(module.hash)}, {"files", module.files}};
    each["functions"] = Json::array();
    for (const FunctionCoverage& function : module.functions)
      each["functions"].push_back(toJson(function));
    out["modules"].push_back(std::move(each));
  }
  // Names are bytes: what is no UTF-8 is replaced.
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ProgramCoverage> coverageFromJson(std::string_view text) {
  try {
    const Json in = Json::parse(text);
    if (!in.is_object() || in.value("schema", "") != kSchema)
      throw Bad{"this is not a coverage file"};
    if (auto version = number<std::uint64_t>(in.at("schema_version")); version != kCoverageVersion)
      throw Bad{"its schema has version " + std::to_string(version) + "; this Kiln reads " +
                std::to_string(kCoverageVersion)};
    ProgramCoverage coverage;
    coverage.runs = number<std::uint64_t>(in.at("runs"));
    for (const Json& module : array(in.at("modules")))
      coverage.modules.push_back(moduleFrom(module));
    return coverage;
  } catch (const Bad& bad) {
    return fail(ErrorCode::BadCoverage, bad.what);
  } catch (const Json::exception& bad) {
    return fail(ErrorCode::BadCoverage, bad.what());
  }
}

} // namespace kiln
