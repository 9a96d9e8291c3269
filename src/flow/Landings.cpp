#include "flow/Landings.h"

#include <llvm/IR/Constants.h>

namespace kiln::flow {

std::uint32_t LandingTypes::indexOf(std::uintptr_t address) {
  auto [known, fresh] = indices_.try_emplace(address, static_cast<std::uint32_t>(addresses_.size()));
  if (fresh)
    addresses_.push_back(address);
  return known->second;
}

InvokeSite siteOf(const llvm::LandingPadInst& pad, llvm::function_ref<std::uint32_t(const llvm::Constant*)> indexOf) {
  InvokeSite site;
  site.cleanup = pad.isCleanup();
  for (unsigned i = 0; i < pad.getNumClauses(); ++i) {
    const llvm::Constant* types = pad.getClause(i);
    LandingClause& clause = site.clauses.emplace_back();
    if (pad.isCatch(i)) {
      clause.types.push_back(indexOf(types));
      continue;
    }
    clause.kind = LandingClause::Kind::Filter;
    for (unsigned j = 0; j < types->getType()->getArrayNumElements(); ++j)
      clause.types.push_back(indexOf(types->getAggregateElement(j)));
  }
  return site;
}

} // namespace kiln::flow
