#include "flow/PhiEdges.h"

namespace kiln::flow {

const llvm::Value* PhiEdges::incoming(const llvm::PHINode& phi, const llvm::BasicBlock* from) {
  constexpr unsigned kFewEdges = 8;
  if (phi.getNumIncomingValues() <= kFewEdges)
    return phi.getIncomingValueForBlock(from);
  auto [edges, fresh] = indices_.try_emplace(phi.getParent());
  if (fresh)
    for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
      edges->second[phi.getIncomingBlock(i)] = i;
  unsigned index = edges->second.lookup(from);
  // The phis of a block mostly list its edges in one order.
  return phi.getIncomingBlock(index) == from ? phi.getIncomingValue(index) : phi.getIncomingValueForBlock(from);
}

} // namespace kiln::flow
