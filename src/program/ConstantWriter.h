// What constants of the program are at run time: their bits, with addresses in place of symbols.
#pragma once

#include <llvm/ADT/APInt.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kiln/Error.h"
#include "program/ProgramMap.h"

namespace kiln {

/// Where addresses are in what was written.
struct Relocation {
  std::byte* at = nullptr;
  SymbolRef to; ///< with the distance from it
};
struct Relocations {
  std::vector<Relocation> places;
  bool complete = true; ///< no other number depends on where something is; distances between variables do not
};

/// Uses the program's symbols; thread-safe as far as they are constant. Errors are Unsupported.
class ConstantWriter {
public:
  using FunctionAddress = std::function<std::uintptr_t(std::uint32_t)>;

  ConstantWriter(const llvm::DataLayout& layout, const ProgramMap& map, const WorldSymbols& symbols,
                 const FunctionAddress& functions)
      : layout_(layout), map_(map), symbols_(symbols), functions_(functions) {}

  /// From now on words that are addresses are noted here, and not written.
  void noteAddresses(Relocations& into) { relocations_ = &into; }

  /// The bytes of a constant in the layout of the target, which is that of this machine. `at` is zeroed memory.
  Result<void> write(const llvm::Constant* constant, std::byte* at);
  /// The bits of a constant that is no vector, array or struct.
  Result<llvm::APInt> evaluate(const llvm::Constant* constant);
  /// Whether these bits of it depend on where something is. Variables keep their distances from each other.
  bool hasAddress(const llvm::Constant* constant, const llvm::APInt& value);

private:
  bool note(const llvm::Constant* constant, std::byte* at);
  Result<llvm::APInt> evaluateExpression(const llvm::ConstantExpr* expression);
  Result<std::uintptr_t> addressOf(const llvm::GlobalValue* global);
  Result<void> writeVector(const llvm::Constant* constant, std::byte* at);
  void store(const llvm::APInt& value, std::uint64_t bytes, std::byte* at);

  const llvm::DataLayout& layout_;
  const ProgramMap& map_;
  const WorldSymbols& symbols_;
  const FunctionAddress& functions_;
  Relocations* relocations_ = nullptr;
  bool elsewhere_ = false; ///< as if everything lay elsewhere
};

} // namespace kiln
