// Landing pads: their clauses, and the types that these name.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "code/Lsda.h"

namespace kiln::flow {

/// The types that a function names, each once: addresses of type descriptions, 0 for `catch (...)`. A type's selector
/// is 1 more than its index.
class LandingTypes {
public:
  std::uint32_t indexOf(std::uintptr_t address);
  const std::vector<std::uintptr_t>& addresses() const { return addresses_; }

private:
  std::vector<std::uintptr_t> addresses_;
  llvm::DenseMap<std::uintptr_t, std::uint32_t> indices_;
};

/// The clauses of a landing pad; `indexOf` tells the index of a type.
InvokeSite siteOf(const llvm::LandingPadInst& pad, llvm::function_ref<std::uint32_t(const llvm::Constant*)> indexOf);

} // namespace kiln::flow
