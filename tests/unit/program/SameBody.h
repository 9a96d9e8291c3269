// Whether two bodies of different contexts are the same, but for metadata and the names of values.
#pragma once

#include <llvm/IR/Function.h>

#include <string>

namespace kiln {

/// What differs first, in words; empty if nothing does.
std::string firstDifference(llvm::Function& one, llvm::Function& other);
/// The same for what a module says of its globals: types, linkage, places and initial values. Attributes of functions
/// are part of their bodies.
std::string firstDifference(llvm::Module& one, llvm::Module& other);

} // namespace kiln
