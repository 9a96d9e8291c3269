// What baseline code has counted, as a profile.
#include <algorithm>
#include <cstddef>

#include "compile/baseline/Baseline.h"
#include "compile/baseline/Work.h"
#include "profile/Harvest.h"

namespace kiln::baseline {
namespace {

std::uint64_t countAt(const CodeSpan& memory, std::uint32_t offset) {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(memory.rx + offset), __ATOMIC_RELAXED);
}
ValueCounts valuesAt(const CodeSpan& memory, std::uint32_t offset) {
  return reinterpret_cast<const ValueCounts*>(memory.rx + offset)->snapshot();
}

void addSwitch(FunctionProfile& out, std::uint32_t number, const CountSite& site, const CodeSpan& memory) {
  SwitchProfile profile;
  profile.number = number;
  profile.defaultCount = countAt(memory, site.offset);
  std::uint64_t any = profile.defaultCount;
  for (std::uint32_t i = 1; i <= site.count; ++i) {
    profile.cases.push_back(countAt(memory, site.offset + 8 * i));
    any |= profile.cases.back();
  }
  if (any)
    out.switches.push_back(std::move(profile));
}

/// A loop may have several ways back, each with a count.
void addLoop(FunctionProfile& out, std::uint32_t block, std::uint64_t count) {
  if (count == 0)
    return;
  auto known = std::find_if(out.loops.begin(), out.loops.end(), [&](const LoopProfile& loop) { return loop.block == block; });
  if (known == out.loops.end())
    out.loops.push_back({block, count});
  else
    known->backEdges += count;
}

void addArgument(FunctionProfile& out, const CountSite& site, const CodeSpan& memory) {
  auto field = [&](std::size_t offset) { return countAt(memory, site.offset + static_cast<std::uint32_t>(offset)); };
  std::uint64_t calls = field(offsetof(ArgumentCounts, calls));
  if (field(offsetof(ArgumentCounts, varied)))
    out.arguments.push_back({site.value, ArgumentState::Varied, 0, 0});
  else if (calls)
    out.arguments.push_back({site.value, ArgumentState::Constant, field(offsetof(ArgumentCounts, value)), calls});
}

} // namespace

void Baseline::readCounts(const Installed& installed, FunctionProfile& into, const CountReading& reading) {
  const CodeSpan& memory = installed.profile;
  for (const CountSite& site : installed.code->counts) {
    const std::uint32_t number = site.value - installed.code->firstInstruction; // of an instruction
    if (!reading.targets && site.kind != CountSite::Kind::Branch && site.kind != CountSite::Kind::Switch)
      continue;
    switch (site.kind) {
    case CountSite::Kind::Branch: {
      std::uint64_t taken = countAt(memory, site.offset), notTaken = countAt(memory, site.count);
      if (taken || notTaken)
        into.branches.push_back({number, taken, notTaken});
      break;
    }
    case CountSite::Kind::Loop:
      addLoop(into, site.value, countAt(memory, site.offset));
      break;
    case CountSite::Kind::Switch: addSwitch(into, number, site, memory); break;
    case CountSite::Kind::Target: addCall(into, number, valuesAt(memory, site.offset), *reading.targets); break;
    case CountSite::Kind::Size: addMemory(into, number, valuesAt(memory, site.offset)); break;
    case CountSite::Kind::Argument: addArgument(into, site, memory); break;
    }
  }
}

bool Baseline::readCounts(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const {
  const Installed* newest = work_->counted[function].load(std::memory_order_acquire);
  for (const Installed* each = newest; each; each = each->before)
    readCounts(*each, into, reading);
  return newest != nullptr;
}

ProgramProfile Baseline::harvest(const Source& source) {
  ProgramProfile profile;
  Harvest harvest(parts_.map, parts_.table, *source.world);
  const NameTarget targets = harvest.targets();
  for (std::uint32_t id = 0; id < parts_.map.functions.size(); ++id) {
    if (!work_->counted[id].load(std::memory_order_relaxed))
      continue;
    FunctionProfile& out = profile.functions.emplace_back();
    if (harvest.begin(id, out))
      readCounts(id, out, {&targets});
  }
  return profile;
}

} // namespace kiln::baseline
