// Code of a whole program: LLVM's O3 pipeline over the linked module and one relocatable object of it.
#pragma once

#include <llvm/IR/Module.h>

#include <string>
#include <vector>

#include "kiln/Export.h"

namespace kiln {

/// How code may refer to what it is linked with.
enum class Placement {
  Fixed,       ///< a static executable, at fixed addresses
  Independent, ///< a position-independent executable
  Shared,      ///< a shared library, or an object for any use
};

/// Lets code use what the CPU has, and no less than what functions ask for themselves. BadOption for a name that LLVM
/// does not know.
Result<void> targetCpu(llvm::Module& module, const std::string& cpu);

/// Optimises by O3 with the profile that is on the module, and emits an object, a section for each function. The module
/// is used up. `emitted`: how many functions are left.
Result<std::vector<char>> compileWhole(llvm::Module& module, Placement placement, bool unwinds, bool profile,
                                       std::uint32_t& emitted);

} // namespace kiln
