// What phis get on the edges into their blocks.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Instructions.h>

namespace kiln::flow {

/// Of one function.
class PhiEdges {
public:
  /// What the phi gets from a block. A block that many edges come to would have all of them searched for each.
  const llvm::Value* incoming(const llvm::PHINode& phi, const llvm::BasicBlock* from);

private:
  /// Of blocks with many edges: each predecessor's index in the first phi that was asked for.
  llvm::DenseMap<const llvm::BasicBlock*, llvm::DenseMap<const llvm::BasicBlock*, unsigned>> indices_;
};

} // namespace kiln::flow
