// What baseline code has counted, as a profile.
#include <algorithm>
#include <cstring>
#include <unordered_set>

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
  ArgumentCounts seen;
  memcpy(&seen, memory.rx + site.offset, sizeof seen);
  if (seen.varied)
    out.arguments.push_back({site.value, ArgumentState::Varied, 0, 0});
  else if (seen.calls)
    out.arguments.push_back({site.value, ArgumentState::Constant, seen.value, seen.calls});
}

} // namespace

ProgramProfile Baseline::harvest(const Source& source) {
  ProgramProfile profile;
  Harvest harvest(parts_.map, parts_.table, *source.world);
  std::unordered_set<std::uint32_t> known;
  for (const Installed& installed : work_->installed) {
    if (installed.countedOn)
      continue;
    FunctionProfile& out = profile.functions.emplace_back();
    std::uint32_t arguments = 0;
    if (!harvest.begin(installed.code->function, out, arguments))
      continue;
    if (!known.insert(installed.code->function).second)
      out.entries = 0; // the function's calls, however many versions it has
    for (const CountSite& site : installed.code->counts) {
      const CodeSpan& memory = installed.profile;
      switch (site.kind) {
      case CountSite::Kind::Branch: {
        std::uint64_t taken = countAt(memory, site.offset), notTaken = countAt(memory, site.count);
        if (taken || notTaken)
          out.branches.push_back({site.value - arguments, taken, notTaken});
        break;
      }
      case CountSite::Kind::Loop:
        addLoop(out, site.value, countAt(memory, site.offset));
        break;
      case CountSite::Kind::Switch: addSwitch(out, site.value - arguments, site, memory); break;
      case CountSite::Kind::Target: harvest.addTargets(out, site.value - arguments, valuesAt(memory, site.offset)); break;
      case CountSite::Kind::Size: harvest.addSizes(out, site.value - arguments, valuesAt(memory, site.offset)); break;
      case CountSite::Kind::Argument: addArgument(out, site, memory); break;
      }
    }
  }
  return profile;
}

} // namespace kiln::baseline
