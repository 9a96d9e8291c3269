// What making code of a function asks of the program around it: what constants and symbols of its IR are at run time.
#pragma once

#include <llvm/ADT/APInt.h>

#include <cstdint>
#include <memory>
#include <string>

#include "kiln/Error.h"
#include "program/ConstantWriter.h"
#include "program/ProgramMap.h"
#include "program/ThreadLocals.h"

namespace kiln {

/// Refers to what it is made of. One thread at a time.
class ProgramView {
public:
  /// `stubs` gives the addresses of functions as the program sees them.
  ProgramView(const ProgramMap& map, const std::unique_ptr<ThreadLocals>& threadLocals,
              ConstantWriter::FunctionAddress stubs)
      : map_(map), threadLocals_(threadLocals), stubs_(std::move(stubs)) {}

  /// The symbols of the world whose IR is at hand.
  void see(const WorldSymbols& symbols) { symbols_ = &symbols; }

  /// The bits of a scalar constant, with run-time addresses in it.
  Result<llvm::APInt> evaluate(const llvm::Constant* constant, const llvm::DataLayout& layout) const {
    return ConstantWriter(layout, map_, *symbols_, stubs_).evaluate(constant);
  }
  /// Whether these bits would be others in another process.
  bool hasAddress(const llvm::Constant* constant, const llvm::APInt& bits, const llvm::DataLayout& layout) const {
    return ConstantWriter(layout, map_, *symbols_, stubs_).hasAddress(constant, bits);
  }
  SymbolRef symbolOf(const llvm::GlobalValue* global) const { return (*symbols_)[global]; }
  std::uintptr_t externalAddress(std::uint32_t external) const { return map_.externals[external].address; }
  const std::string& externalName(std::uint32_t external) const { return map_.externals[external].name; }
  /// Offset of a thread-local variable in its block, and the program's ThreadLocals.
  std::uint64_t tlsOffset(std::uint32_t variable) const { return map_.data[variable].address; }
  const void* threadLocals() const { return threadLocals_.get(); }

private:
  const ProgramMap& map_;
  const std::unique_ptr<ThreadLocals>& threadLocals_;
  const ConstantWriter::FunctionAddress stubs_;
  const WorldSymbols* symbols_ = nullptr;
};

} // namespace kiln
