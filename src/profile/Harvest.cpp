#include "profile/Harvest.h"

#include <llvm/IR/Function.h>

namespace kiln {

bool Harvest::begin(std::uint32_t function, FunctionProfile& out, std::uint32_t& arguments) {
  out.name = map_.functions[function].name;
  out.entries = table_.record(function).calls();
  auto body = world_.prepared(functionIn(function));
  if (!body)
    return false;
  out.hash = hasher_.hash(**body);
  arguments = static_cast<std::uint32_t>((*body)->arg_size());
  return true;
}

TargetCount Harvest::target(std::uintptr_t address) {
  TargetCount target;
  if (!table_.isStub(address))
    return target;
  std::uint32_t id = table_.idOfStub(address);
  target.name = map_.functions[id].name;
  if (map_.functions[id].ifuncResolved)
    return target;
  if (auto body = world_.prepared(functionIn(id)))
    target.hash = hasher_.hash(**body);
  return target;
}

void Harvest::addTargets(FunctionProfile& out, std::uint32_t number, const ValueCounts& seen) {
  CallProfile profile = callProfile(number, seen, [this](std::uint64_t address) { return target(address); });
  if (!profile.targets.empty() || profile.other)
    out.calls.push_back(std::move(profile));
}

void Harvest::addSizes(FunctionProfile& out, std::uint32_t number, const ValueCounts& seen) {
  MemoryProfile profile = memoryProfile(number, seen);
  if (!profile.sizes.empty() || profile.other)
    out.memory.push_back(std::move(profile));
}

} // namespace kiln
