#include "engine/RunProfile.h"

#include <algorithm>
#include <utility>

namespace kiln {
namespace {

constexpr unsigned kSummaryUses = 16;

/// 0 is no function of the program, as among hashes.
std::uint64_t numberAsHash(std::uint32_t function) { return function == kNoFunction ? 0 : std::uint64_t{function} + 1; }

} // namespace

RunProfile::RunProfile(const Parts& parts, ProgramProfile earlier) : parts_(parts) { setEarlier(std::move(earlier)); }

void RunProfile::setEarlier(ProgramProfile profile, bool numbered) {
  auto made = std::make_shared<Earlier>();
  made->profile = std::move(profile);
  made->numbered = numbered;
  const auto& functions = parts_.map.functions;
  if (!made->profile.functions.empty() && !numbered)
    for (std::uint32_t id = 0; id < functions.size(); ++id)
      made->named.emplace(functions[id].name, id);
  std::lock_guard lock(mutex_);
  earlier_ = std::move(made);
  uses_ = 0; // the summary is of another profile
}

ProgramProfile RunProfile::numberedProfile() const {
  ProgramProfile all;
  for (std::uint32_t id = 0; id < parts_.map.functions.size(); ++id) {
    auto profile = recorded(id);
    if (!profile)
      continue;
    profile->name = parts_.map.functions[id].name;
    profile->hash = numberAsHash(id);
    for (CallProfile& call : profile->calls)
      for (TargetCount& target : call.targets)
        target.hash = numberAsHash(std::exchange(target.function, kNoFunction));
    all.functions.push_back(std::move(*profile));
  }
  return all;
}

bool RunProfile::read(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const {
  into.branches.clear();
  into.switches.clear();
  bool seen = parts_.interpreter.readCounts(function, into, reading);
  seen |= parts_.baseline.readCounts(function, into, reading);
  if (!seen)
    return false;
  const FunctionRecord& record = parts_.table.record(function);
  into.entries = record.callsRecorded();
  if (const std::uint64_t calls = record.calls(); into.entries != 0 && calls > into.entries)
    scaleCounts(into, calls, into.entries);
  return true;
}

std::optional<FunctionProfile> RunProfile::recorded(std::uint32_t function) const {
  const NameTarget targets = [this](std::uint64_t address) {
    TargetCount target;
    if (parts_.table.isStub(address)) {
      target.function = parts_.table.idOfStub(address);
      target.name = parts_.map.functions[target.function].name;
    }
    return target;
  };
  FunctionProfile profile;
  return read(function, profile, {&targets}) ? std::optional(std::move(profile)) : std::nullopt;
}

void RunProfile::number(TargetCount& target, const Earlier& earlier, const HashOf& hashOf) const {
  if (earlier.numbered) {
    if (target.hash != 0 && target.hash <= parts_.map.functions.size())
      target.function = static_cast<std::uint32_t>(target.hash - 1);
    target.hash = 0;
    return;
  }
  auto [at, end] = earlier.named.equal_range(target.name);
  if (at == end)
    return;
  const bool ambiguous = std::next(at) != end;
  for (; at != end; ++at)
    if (!ambiguous || hashOf(at->second) == target.hash)
      target.function = at->second;
  target.hash = 0; // as what this run records of it
}

std::optional<FunctionProfile> RunProfile::known(std::uint32_t function, const HashOf& hashOf) const {
  const std::string& name = parts_.map.functions[function].name;
  const std::shared_ptr<const Earlier> before = earlier();
  const ProgramProfile& known = before->profile;
  auto named = std::ranges::lower_bound(known.functions, name, {}, &FunctionProfile::name);
  if (named == known.functions.end() || named->name != name)
    return std::nullopt;
  const FunctionProfile* found = known.find(name, before->numbered ? numberAsHash(function) : hashOf(function));
  if (!found)
    return std::nullopt;
  FunctionProfile profile = *found;
  for (CallProfile& call : profile.calls)
    for (TargetCount& target : call.targets)
      number(target, *before, hashOf);
  return profile;
}

/// Numbers that happen to be addresses are named as well: what they are the compiler knows.
void RunProfile::resolve(ArgumentProfile& argument) const {
  if (argument.state != ArgumentState::Constant)
    return;
  if (parts_.table.isStub(argument.value)) {
    argument.function = parts_.table.idOfStub(argument.value);
    return;
  }
  const std::uint32_t id = parts_.map.constantAt(argument.value);
  if (id == kNoFunction)
    return;
  argument.variable = id;
  argument.offset = argument.value - parts_.map.data[id].address;
}

std::optional<FunctionProfile> RunProfile::functionProfile(std::uint32_t function, const HashOf& hashOf) const {
  ProgramProfile both;
  auto now = recorded(function), before = known(function, hashOf);
  if (before && now)
    before->arguments.clear(); // addresses of another run would only say that they vary
  for (auto* each : {&now, &before})
    if (*each) {
      (*each)->name = parts_.map.functions[function].name;
      (*each)->hash = 0;
      both.functions.push_back(std::move(**each));
    }
  if (both.functions.empty() || !normalize(both))
    return std::nullopt;
  if (now)
    for (ArgumentProfile& argument : both.functions.front().arguments)
      resolve(argument);
  return std::move(both.functions.front());
}

/// All counts of a program are many to read for each function that is compiled, and percentiles change slowly.
CountSummary RunProfile::summary() const {
  std::lock_guard lock(mutex_);
  if (uses_++ % kSummaryUses != 0)
    return summary_;
  summary_ = {};
  for (const FunctionProfile& function : earlier_->profile.functions)
    addCounts(summary_, function);
  FunctionProfile profile;
  for (std::uint32_t id = 0; id < parts_.map.functions.size(); ++id)
    if (read(id, profile, {}))
      addCounts(summary_, profile);
  return summary_;
}

} // namespace kiln
