// Lines of what LLVM's tiers compile.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/Function.h>

#include <memory>

#include "code/LineTable.h"

namespace kiln {

/// Behind code generation: the lines of the function's code in the object, from the beginning of its section; null if it has no
/// debug information.
std::shared_ptr<const LineTable> linesOf(const llvm::Function& function, llvm::ArrayRef<char> object);

} // namespace kiln
