#include "profile/Profile.h"

#include <algorithm>
#include <set>
#include <iterator>
#include <tuple>

namespace kiln {
namespace {

// What the kinds of places have in common, by overloading: where they are, their order, how two of one place add up.

std::uint32_t placeOf(const LoopProfile& loop) {
  return loop.block;
}
std::uint32_t placeOf(const ArgumentProfile& argument) {
  return argument.index;
}
template <typename Site> std::uint32_t placeOf(const Site& site) {
  return site.number;
}

bool valueBefore(const TargetCount& a, const TargetCount& b) {
  return std::tie(a.name, a.hash, a.function) < std::tie(b.name, b.hash, b.function);
}

/// More frequent first; the rest of the order only makes it the same everywhere.
bool ahead(const SizeCount& a, const SizeCount& b) {
  return a.count != b.count ? a.count > b.count : a.size < b.size;
}
bool ahead(const TargetCount& a, const TargetCount& b) {
  return a.count != b.count ? a.count > b.count : valueBefore(a, b);
}
bool sameValue(const SizeCount& a, const SizeCount& b) {
  return a.size == b.size;
}
bool sameValue(const TargetCount& a, const TargetCount& b) {
  return a.hash == b.hash && a.function == b.function && a.name == b.name;
}
bool valueBefore(const SizeCount& a, const SizeCount& b) {
  return a.size < b.size;
}

void addTo(std::uint64_t& sum, std::uint64_t count) {
  sum = saturatingAdd(sum, count);
}

/// Equal values become one, the most frequent stay, and the counts of the others go to `other`.
template <typename Value> void keepTop(std::vector<Value>& values, std::uint64_t& other) {
  std::ranges::sort(values, [](const Value& a, const Value& b) { return valueBefore(a, b); });
  auto last = values.begin();
  for (auto each = values.begin(); each != values.end(); ++each) {
    if (each == last)
      continue;
    if (sameValue(*last, *each))
      addTo(last->count, each->count);
    else if (++last != each)
      *last = std::move(*each);
  }
  if (last != values.end())
    values.erase(last + 1, values.end());
  std::erase_if(values, [](const Value& value) { return value.count == 0; });
  std::ranges::sort(values, [](const Value& a, const Value& b) { return ahead(a, b); });
  for (std::size_t i = kTopValues; i < values.size(); ++i)
    addTo(other, values[i].count);
  if (values.size() > kTopValues)
    values.erase(values.begin() + kTopValues, values.end());
}

// False: the two cannot be the same place of the same function.
bool addSite(BranchProfile& into, const BranchProfile& from) {
  addTo(into.taken, from.taken);
  addTo(into.notTaken, from.notTaken);
  return true;
}
bool addSite(SwitchProfile& into, const SwitchProfile& from) {
  if (into.cases.size() != from.cases.size())
    return false;
  addTo(into.defaultCount, from.defaultCount);
  for (std::size_t i = 0; i < into.cases.size(); ++i)
    addTo(into.cases[i], from.cases[i]);
  return true;
}
bool addSite(LoopProfile& into, const LoopProfile& from) {
  addTo(into.backEdges, from.backEdges);
  return true;
}
bool addSite(CallProfile& into, const CallProfile& from) {
  into.targets.insert(into.targets.end(), from.targets.begin(), from.targets.end());
  addTo(into.other, from.other);
  return true;
}
bool addSite(MemoryProfile& into, const MemoryProfile& from) {
  into.sizes.insert(into.sizes.end(), from.sizes.begin(), from.sizes.end());
  addTo(into.other, from.other);
  return true;
}
bool addSite(ArgumentProfile& into, const ArgumentProfile& from) {
  meet(into, from);
  return true;
}

template <typename Site> bool addUpPlaces(std::vector<Site>& sites) {
  std::ranges::stable_sort(sites, {}, [](const Site& site) { return placeOf(site); });
  auto last = sites.begin();
  for (auto each = sites.begin(); each != sites.end(); ++each) {
    if (each == last)
      continue;
    if (placeOf(*last) == placeOf(*each)) {
      if (!addSite(*last, *each))
        return false;
    } else if (++last != each) {
      *last = std::move(*each);
    }
  }
  if (last != sites.end())
    sites.erase(last + 1, sites.end());
  return true;
}

/// The lists whose places are instructions; no instruction is in two of them.
bool instructionsHaveOneKind(const FunctionProfile& function) {
  std::vector<std::uint32_t> numbers;
  auto collect = [&](const auto& sites) {
    for (const auto& site : sites)
      numbers.push_back(site.number);
  };
  collect(function.branches);
  collect(function.switches);
  collect(function.calls);
  collect(function.memory);
  std::ranges::sort(numbers);
  return std::ranges::adjacent_find(numbers) == numbers.end();
}

bool normalizeFunction(FunctionProfile& function) {
  bool sound = addUpPlaces(function.branches) && addUpPlaces(function.switches) && addUpPlaces(function.loops) &&
               addUpPlaces(function.calls) && addUpPlaces(function.memory) && addUpPlaces(function.arguments);
  if (!sound)
    return false;
  for (CallProfile& call : function.calls)
    keepTop(call.targets, call.other);
  for (MemoryProfile& site : function.memory)
    keepTop(site.sizes, site.other);
  for (ArgumentProfile& argument : function.arguments) {
    if (argument.state != ArgumentState::Constant)
      argument.value = argument.count = 0;
    else if (argument.count == 0)
      argument.count = 1; // it was seen, and no harvest counts less
  }
  return instructionsHaveOneKind(function);
}

template <typename Site> void append(std::vector<Site>& into, std::vector<Site>& from) {
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void append(FunctionProfile& into, FunctionProfile& from) {
  addTo(into.entries, from.entries);
  append(into.branches, from.branches);
  append(into.switches, from.switches);
  append(into.loops, from.loops);
  append(into.calls, from.calls);
  append(into.memory, from.memory);
  append(into.arguments, from.arguments);
}

bool functionBefore(const FunctionProfile& a, const FunctionProfile& b) {
  return std::tie(a.name, a.hash) < std::tie(b.name, b.hash);
}

// The checks of canonicalDefect().

template <typename Site> std::string orderDefect(const char* list, const std::vector<Site>& sites) {
  for (std::size_t i = 1; i < sites.size(); ++i)
    if (placeOf(sites[i - 1]) >= placeOf(sites[i]))
      return std::string(list) + ": numbers do not rise at " + std::to_string(placeOf(sites[i]));
  return {};
}

template <typename Value>
std::string valuesDefect(const char* list, std::uint32_t number, const std::vector<Value>& values) {
  std::string at = std::string(list) + ": " + std::to_string(number) + ": ";
  if (values.size() > kTopValues)
    return at + "more than " + std::to_string(kTopValues) + " values";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].count == 0)
      return at + "a value was never seen";
    if (i > 0 && !ahead(values[i - 1], values[i]))
      return at + "the most frequent values do not come first";
    for (std::size_t j = 0; j < i; ++j)
      if (sameValue(values[i], values[j]))
        return at + "a value is listed twice";
  }
  return {};
}

std::string functionDefect(const FunctionProfile& function) {
  for (std::string defect :
       {orderDefect("branches", function.branches), orderDefect("switches", function.switches),
        orderDefect("loops", function.loops), orderDefect("indirect_calls", function.calls),
        orderDefect("memory_sizes", function.memory), orderDefect("arguments", function.arguments)})
    if (!defect.empty())
      return defect;
  for (const CallProfile& call : function.calls)
    if (std::string defect = valuesDefect("indirect_calls", call.number, call.targets); !defect.empty())
      return defect;
  for (const MemoryProfile& site : function.memory)
    if (std::string defect = valuesDefect("memory_sizes", site.number, site.sizes); !defect.empty())
      return defect;
  for (const ArgumentProfile& argument : function.arguments) {
    bool constant = argument.state == ArgumentState::Constant;
    if (constant != (argument.count != 0) || (!constant && argument.value != 0))
      return "arguments: " + std::to_string(argument.index) + ": value and count do not fit the state";
  }
  if (!instructionsHaveOneKind(function))
    return "one value number is in two lists";
  return {};
}

} // namespace

std::uint64_t saturatingAdd(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void meet(ArgumentProfile& into, const ArgumentProfile& from) {
  if (from.state == ArgumentState::Unseen || into.state == ArgumentState::Varied)
    return;
  if (into.state == ArgumentState::Unseen) {
    into.state = from.state;
    into.value = from.value;
    into.count = from.count;
  } else if (from.state == ArgumentState::Constant && from.value == into.value) {
    addTo(into.count, from.count);
  } else {
    into.state = ArgumentState::Varied;
    into.value = into.count = 0;
  }
}

MemoryProfile memoryProfile(std::uint32_t number, const ValueCounts& recorded) {
  ValueCounts stable = recorded.snapshot();
  MemoryProfile site{.number = number, .sizes = {}, .other = stable.other};
  for (unsigned i = 0; i < kTopValues; ++i)
    site.sizes.push_back({stable.value[i], stable.count[i]});
  keepTop(site.sizes, site.other);
  return site;
}

CallProfile callProfile(std::uint32_t number, const ValueCounts& recorded, const NameTarget& nameTarget) {
  ValueCounts stable = recorded.snapshot();
  CallProfile site{.number = number, .targets = {}, .other = stable.other};
  for (unsigned i = 0; i < kTopValues; ++i) {
    if (stable.count[i] == 0)
      continue;
    site.targets.push_back(nameTarget(stable.value[i]));
    site.targets.back().count = stable.count[i];
  }
  keepTop(site.targets, site.other);
  return site;
}

void addMemory(FunctionProfile& into, std::uint32_t number, const ValueCounts& recorded) {
  MemoryProfile site = memoryProfile(number, recorded);
  if (!site.sizes.empty() || site.other)
    into.memory.push_back(std::move(site));
}

void addCall(FunctionProfile& into, std::uint32_t number, const ValueCounts& recorded, const NameTarget& nameTarget) {
  CallProfile site = callProfile(number, recorded, nameTarget);
  if (!site.targets.empty() || site.other)
    into.calls.push_back(std::move(site));
}

const FunctionProfile* ProgramProfile::find(std::string_view name, std::uint64_t hash) const {
  auto key = [](const FunctionProfile& function) { return std::pair(std::string_view(function.name), function.hash); };
  auto found = std::ranges::lower_bound(functions, std::pair(name, hash), {}, key);
  return found != functions.end() && key(*found) == std::pair(name, hash) ? &*found : nullptr;
}

Result<void> normalize(ProgramProfile& profile) {
  auto& functions = profile.functions;
  std::ranges::stable_sort(functions, functionBefore);
  auto last = functions.begin();
  for (auto each = functions.begin(); each != functions.end(); ++each) {
    if (each == last)
      continue;
    if (last->hash == each->hash && last->name == each->name)
      append(*last, *each);
    else if (++last != each)
      *last = std::move(*each);
  }
  if (last != functions.end())
    functions.erase(last + 1, functions.end());
  for (FunctionProfile& function : functions)
    if (!normalizeFunction(function))
      return fail(ErrorCode::BadProfile, "function '" + function.name +
                                             "': the profiles contradict each other: the same content hash, but not "
                                             "the same branches, switches or calls");
  return {};
}

Result<ProgramProfile> mergeProfiles(std::vector<ProgramProfile> profiles) {
  ProgramProfile all;
  for (ProgramProfile& profile : profiles)
    append(all.functions, profile.functions);
  if (auto sound = normalize(all); !sound)
    return std::unexpected(sound.error());
  return all;
}

void scaleCounts(FunctionProfile& profile, std::uint64_t factor, std::uint64_t divisor) {
  auto scale = [=](std::uint64_t& count) {
    __extension__ using Wide = unsigned __int128;
    Wide scaled = Wide{count} * factor / divisor;
    if (count)
      count = scaled > UINT64_MAX ? UINT64_MAX : std::max<std::uint64_t>(static_cast<std::uint64_t>(scaled), 1);
  };
  scale(profile.entries);
  for (BranchProfile& branch : profile.branches) {
    scale(branch.taken);
    scale(branch.notTaken);
  }
  for (SwitchProfile& each : profile.switches) {
    scale(each.defaultCount);
    std::ranges::for_each(each.cases, scale);
  }
  for (LoopProfile& loop : profile.loops)
    scale(loop.backEdges);
  for (CallProfile& call : profile.calls) {
    scale(call.other);
    for (TargetCount& target : call.targets)
      scale(target.count);
  }
  for (MemoryProfile& site : profile.memory) {
    scale(site.other);
    for (SizeCount& size : site.sizes)
      scale(size.count);
  }
  for (ArgumentProfile& argument : profile.arguments)
    scale(argument.count);
}

void addCounts(CountSummary& summary, const FunctionProfile& profile) {
  summary.addFunction(profile.entries);
  for (const BranchProfile& branch : profile.branches) {
    summary.add(branch.taken);
    summary.add(branch.notTaken);
  }
  for (const SwitchProfile& each : profile.switches) {
    summary.add(each.defaultCount);
    for (std::uint64_t count : each.cases)
      summary.add(count);
  }
}

void addTier(ProgramProfile& into, ProgramProfile more) {
  std::set<std::pair<std::uint64_t, std::string>> known;
  for (const FunctionProfile& function : into.functions)
    known.emplace(function.hash, function.name);
  for (FunctionProfile& function : more.functions)
    if (known.contains({function.hash, function.name}))
      function.entries = 0;
  append(into.functions, more.functions);
}

std::string canonicalDefect(const ProgramProfile& profile) {
  const FunctionProfile* before = nullptr;
  for (const FunctionProfile& function : profile.functions) {
    std::string at = "function '" + function.name + "': ";
    if (before && !functionBefore(*before, function))
      return at + "functions are not in order of name and hash";
    before = &function;
    if (std::string defect = functionDefect(function); !defect.empty())
      return at + defect;
  }
  return {};
}

} // namespace kiln
