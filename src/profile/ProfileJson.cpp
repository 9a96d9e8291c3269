// The JSON form; docs/profile.md has the schema.
#include "profile/ProfileFile.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "support/Hash.h"

namespace kiln {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "kiln-profile";

/// Hashes are texts: many readers of JSON keep only 53 bits of a number.
std::string hexText(std::uint64_t value) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 60; shift >= 0; shift -= 4)
    text += kDigits[(value >> shift) & 15];
  return text;
}

/// Over the binary form, so that layout and order of fields do not matter.
std::uint64_t checksumOf(const ProgramProfile& profile) {
  return hashBytes(profileToBinary(profile));
}

/// Symbol names are bytes. JSON text is UTF-8, so names that are not are written in hexadecimal, as `name_hex`.
bool isUtf8(const std::string& text) {
  if (std::ranges::all_of(text, [](char each) { return static_cast<unsigned char>(each) < 0x80; }))
    return true;
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

Json named(const std::string& name) {
  if (isUtf8(name))
    return {{"name", name}};
  std::string hex;
  for (char each : name) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(each) >> 4];
    hex += kDigits[each & 15];
  }
  return {{"name_hex", hex}};
}

const char* stateName(ArgumentState state) {
  switch (state) {
  case ArgumentState::Unseen:
    return "unseen";
  case ArgumentState::Constant:
    return "constant";
  case ArgumentState::Varied:
    return "varied";
  }
  return "?";
}

template <typename Item, typename Make> Json listOf(const std::vector<Item>& items, Make make) {
  Json list = Json::array();
  for (const Item& item : items)
    list.push_back(make(item));
  return list;
}

Json toJson(const TargetCount& target) {
  Json out = named(target.name);
  out["hash"] = hexText(target.hash);
  out["count"] = target.count;
  return out;
}
Json toJson(const SizeCount& size) {
  return {{"size", size.size}, {"count", size.count}};
}
Json toJson(const BranchProfile& branch) {
  return {{"value", branch.number}, {"taken", branch.taken}, {"not_taken", branch.notTaken}};
}
Json toJson(const SwitchProfile& site) {
  return {{"value", site.number}, {"default", site.defaultCount}, {"cases", site.cases}};
}
Json toJson(const LoopProfile& loop) {
  return {{"block", loop.block}, {"back_edges", loop.backEdges}};
}
Json toJson(const CallProfile& call) {
  return {{"value", call.number},
          {"targets", listOf(call.targets, [](const TargetCount& target) { return toJson(target); })},
          {"other", call.other}};
}
Json toJson(const MemoryProfile& site) {
  return {{"value", site.number},
          {"sizes", listOf(site.sizes, [](const SizeCount& size) { return toJson(size); })},
          {"other", site.other}};
}
Json toJson(const ArgumentProfile& argument) {
  Json out = {{"index", argument.index}, {"state", stateName(argument.state)}};
  if (argument.state == ArgumentState::Constant) {
    out["value"] = argument.value;
    out["count"] = argument.count;
  }
  return out;
}
Json toJson(const FunctionProfile& function) {
  auto list = [](const auto& items) { return listOf(items, [](const auto& item) { return toJson(item); }); };
  Json out = named(function.name);
  out["hash"] = hexText(function.hash);
  out["entries"] = function.entries;
  out["branches"] = list(function.branches);
  out["switches"] = list(function.switches);
  out["loops"] = list(function.loops);
  out["indirect_calls"] = list(function.calls);
  out["memory_sizes"] = list(function.memory);
  out["arguments"] = list(function.arguments);
  return out;
}

/// One place a line: short enough to read, long enough to compare two files.
void appendFunction(std::string& out, const Json& function) {
  const char* separator = "{";
  for (const auto& [field, value] : function.items()) {
    out += separator + Json(field).dump() + ": ";
    separator = ",\n   ";
    if (!value.is_array() || value.empty()) {
      out += value.dump();
      continue;
    }
    const char* before = "[\n    ";
    for (const Json& place : value) {
      out += before + place.dump();
      before = ",\n    ";
    }
    out += "]";
  }
  out += "}";
}

/// Thrown and caught in this file: the first defect ends the reading, wherever it is.
struct Defect {
  std::string what;
};

/// One value of the text and where it is, for messages.
class Node {
public:
  Node(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  [[noreturn]] void refuse(const std::string& what) const { throw Defect{(path_.empty() ? "" : path_ + ": ") + what}; }

  /// An object with exactly these fields.
  void expectFields(std::initializer_list<const char*> fields) const {
    if (!json_.is_object())
      refuse("not an object");
    for (const auto& [key, value] : json_.items())
      if (std::ranges::none_of(fields, [&](const char* field) { return key == field; }))
        refuse("unknown field '" + printable(key) + "'");
    for (const char* field : fields)
      if (!json_.contains(field))
        refuse("the field '" + std::string(field) + "' is missing");
  }
  bool has(const char* field) const { return json_.is_object() && json_.contains(field); }
  Node operator[](const char* field) const {
    if (!has(field))
      refuse("the field '" + std::string(field) + "' is missing");
    return {json_.at(field), path_.empty() ? field : path_ + "." + field};
  }
  std::uint64_t number(std::uint64_t limit = UINT64_MAX) const {
    if (!json_.is_number_unsigned() || json_.get<std::uint64_t>() > limit)
      refuse("not a number from 0 to " + std::to_string(limit));
    return json_.get<std::uint64_t>();
  }
  std::uint32_t place() const { return static_cast<std::uint32_t>(number(UINT32_MAX)); }
  const std::string& text() const {
    if (!json_.is_string())
      refuse("not a text");
    return json_.get_ref<const std::string&>();
  }
  std::uint64_t hash() const {
    std::uint64_t value = 0;
    const std::string& digits = text();
    if (digits.size() > 2)
      std::from_chars(digits.data() + 2, digits.data() + digits.size(), value, 16);
    if (digits != hexText(value))
      refuse("not 0x and 16 hexadecimal digits");
    return value;
  }
  std::string bytes() const {
    const std::string& digits = text();
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      unsigned value = 0;
      auto [end, error] = std::from_chars(digits.data() + i, digits.data() + std::min(i + 2, digits.size()), value, 16);
      if (error != std::errc() || end != digits.data() + i + 2)
        refuse("not pairs of hexadecimal digits");
      out.push_back(static_cast<char>(value));
    }
    return out;
  }
  template <typename Read> auto list(Read read) const {
    if (!json_.is_array())
      refuse("not an array");
    std::vector<decltype(read(*this))> out;
    for (const Json& item : json_)
      out.push_back(read(Node(item, path_ + "[" + std::to_string(out.size()) + "]")));
    return out;
  }

private:
  static std::string printable(std::string key) { return key.size() <= 40 ? key : key.substr(0, 40) + "..."; }
  const Json& json_;
  std::string path_;
};

/// The field that holds the name of a function or target.
const char* nameField(const Node& node) {
  return node.has("name_hex") ? "name_hex" : "name";
}
std::string nameOf(const Node& node) {
  return node.has("name_hex") ? node["name_hex"].bytes() : node["name"].text();
}

BranchProfile readBranch(const Node& node) {
  node.expectFields({"value", "taken", "not_taken"});
  return {node["value"].place(), node["taken"].number(), node["not_taken"].number()};
}
SwitchProfile readSwitch(const Node& node) {
  node.expectFields({"value", "default", "cases"});
  return {node["value"].place(), node["default"].number(),
          node["cases"].list([](const Node& count) { return count.number(); })};
}
LoopProfile readLoop(const Node& node) {
  node.expectFields({"block", "back_edges"});
  return {node["block"].place(), node["back_edges"].number()};
}
TargetCount readTarget(const Node& node) {
  node.expectFields({nameField(node), "hash", "count"});
  return {nameOf(node), node["hash"].hash(), node["count"].number()};
}
CallProfile readCall(const Node& node) {
  node.expectFields({"value", "targets", "other"});
  return {node["value"].place(), node["targets"].list(readTarget), node["other"].number()};
}
SizeCount readSize(const Node& node) {
  node.expectFields({"size", "count"});
  return {node["size"].number(), node["count"].number()};
}
MemoryProfile readMemory(const Node& node) {
  node.expectFields({"value", "sizes", "other"});
  return {node["value"].place(), node["sizes"].list(readSize), node["other"].number()};
}
ArgumentProfile readArgument(const Node& node) {
  ArgumentProfile argument;
  const std::string& state = node["state"].text();
  if (state == stateName(ArgumentState::Constant)) {
    node.expectFields({"index", "state", "value", "count"});
    argument.state = ArgumentState::Constant;
    argument.value = node["value"].number();
    argument.count = node["count"].number();
  } else {
    node.expectFields({"index", "state"});
    if (state == stateName(ArgumentState::Varied))
      argument.state = ArgumentState::Varied;
    else if (state != stateName(ArgumentState::Unseen))
      node["state"].refuse("not unseen, constant or varied");
  }
  argument.index = node["index"].place();
  return argument;
}
FunctionProfile readFunction(const Node& node) {
  node.expectFields({nameField(node), "hash", "entries", "branches", "switches", "loops", "indirect_calls",
                     "memory_sizes", "arguments"});
  FunctionProfile function;
  function.name = nameOf(node);
  function.hash = node["hash"].hash();
  function.entries = node["entries"].number();
  function.branches = node["branches"].list(readBranch);
  function.switches = node["switches"].list(readSwitch);
  function.loops = node["loops"].list(readLoop);
  function.calls = node["indirect_calls"].list(readCall);
  function.memory = node["memory_sizes"].list(readMemory);
  function.arguments = node["arguments"].list(readArgument);
  return function;
}

ProgramProfile readProgram(const Node& root) {
  // What it is before what is wrong with it.
  if (!root.has("schema") || root["schema"].text() != kSchema)
    root.refuse("not a profile: the field 'schema' is not \"" + std::string(kSchema) + "\"");
  if (std::uint64_t version = root["schema_version"].number(); version != kProfileVersion)
    root.refuse("version " + std::to_string(version) + " of the format; this Kiln reads version " +
                std::to_string(kProfileVersion));
  root.expectFields({"schema", "schema_version", "checksum", "functions"});
  ProgramProfile profile;
  profile.functions = root["functions"].list(readFunction);
  if (std::string defect = canonicalDefect(profile); !defect.empty())
    root.refuse(defect);
  if (root["checksum"].hash() != checksumOf(profile))
    root.refuse("changed: the checksum is not that of the contents");
  return profile;
}

} // namespace

std::string profileToJson(const ProgramProfile& profile) {
  std::string out = "{\n \"schema\": " + Json(kSchema).dump() +
                    ",\n \"schema_version\": " + std::to_string(kProfileVersion) +
                    ",\n \"checksum\": " + Json(hexText(checksumOf(profile))).dump() + ",\n \"functions\": [";
  const char* separator = "\n  ";
  for (const FunctionProfile& function : profile.functions) {
    out += separator;
    appendFunction(out, toJson(function));
    separator = ",\n  ";
  }
  return out + "\n ]\n}\n";
}

Result<ProgramProfile> profileFromJson(std::string_view text) {
  try {
    Json json = Json::parse(text);
    return readProgram(Node(json, ""));
  } catch (const Defect& defect) {
    return fail(ErrorCode::BadProfile, defect.what);
  } catch (const Json::parse_error& error) {
    // The library's text begins with its own name and number of the error.
    std::string what = error.what();
    std::size_t start = what.find("] ");
    return fail(ErrorCode::BadProfile,
                "not a profile, or truncated: " + (start == std::string::npos ? what : what.substr(start + 2)));
  } catch (const Json::exception& error) {
    return fail(ErrorCode::BadProfile, error.what());
  }
}

} // namespace kiln
