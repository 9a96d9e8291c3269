// What the baseline compiler asks of the program around a function.
#pragma once

#include <llvm/ADT/APInt.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

#include <string>

#include "kiln/Error.h"
#include "program/Symbols.h"

namespace kiln::baseline {

/// What compiling needs of the program. The implementation is Baseline.
class Environment {
public:
  virtual ~Environment() = default;
  /// The bits of a scalar constant, with run-time addresses in it.
  virtual Result<llvm::APInt> evaluate(const llvm::Constant* constant, const llvm::DataLayout& layout) = 0;
  virtual SymbolRef symbolOf(const llvm::GlobalValue* global) = 0;
  virtual const std::string& externalName(std::uint32_t external) = 0;
  /// Offset of a thread-local variable in its block, and the program's ThreadLocals.
  virtual std::uint64_t tlsOffset(std::uint32_t variable) = 0;
  virtual const void* threadLocals() = 0;
  /// A function by name as LLVM's own calls find it: the program's, else the process's; 0 if there is none.
  virtual std::uintptr_t libraryFunction(const char* name) = 0;
  /// Whether calls so far already had several values in an argument of the program's function: there is nothing to record.
  virtual bool argumentVaries(std::uint32_t function, std::uint32_t argument) { return false; }
};

} // namespace kiln::baseline
