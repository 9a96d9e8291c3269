#include "profile/Harvest.h"

#include <llvm/IR/Function.h>

namespace kiln {

bool Harvest::begin(std::uint32_t function, FunctionProfile& out) {
  out.name = map_.functions[function].name;
  out.entries = table_.record(function).calls();
  auto body = world_.prepared(functionIn(function));
  if (!body)
    return false;
  out.hash = hasher_.hash(**body);
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

} // namespace kiln
