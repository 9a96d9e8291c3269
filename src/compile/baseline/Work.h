// What Baseline works with, and its callers need not see.
#pragma once

#include <llvm/ADT/StringMap.h>

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "code/CodeSpace.h"
#include "compile/baseline/Baseline.h"
#include "compile/baseline/Compile.h"
#include "compile/baseline/LoopRecord.h"
#include "program/ConstantWriter.h"

namespace kiln::baseline {

/// Code at its place, and what it writes and names. That stays when the version is retired and its code is freed.
struct Baseline::Installed {
  std::unique_ptr<Code> code;
  CodeSpan at;
  CodeSpan profile;            ///< the counts; not part of the version's memory, for they are read to the end
  bool countedOn = false;      ///< the same code, made again, counts on in the same profile
  std::deque<LoopRecord> loops;
};

struct Baseline::Work final : Environment {
  explicit Work(const Parts& parts) : parts(parts) {}

  Result<llvm::APInt> evaluate(const llvm::Constant* constant, const llvm::DataLayout& layout) override {
    ConstantWriter::FunctionAddress stub = [this](std::uint32_t id) { return parts.table.stub(id); };
    return ConstantWriter(layout, parts.map, *source.symbols, stub).evaluate(constant);
  }
  SymbolRef symbolOf(const llvm::GlobalValue* global) override { return (*source.symbols)[global]; }
  const std::string& externalName(std::uint32_t external) override { return parts.map.externals[external].name; }
  std::uint64_t tlsOffset(std::uint32_t variable) override { return parts.map.data[variable].address; }
  const void* threadLocals() override { return parts.threadLocals.get(); }
  std::uintptr_t libraryFunction(const char* name) override {
    auto [known, fresh] = libraryFunctions.try_emplace(name, 0);
    if (fresh || known->second == 0) {
      SymbolRef ref = parts.map.findLocal(name);
      known->second = ref.kind == SymbolRef::Kind::Function ? parts.table.stub(ref.id) : parts.symbols.find(name).value_or(0);
    }
    return known->second;
  }

  const Parts& parts;
  Source source; ///< while compiling
  Workspace workspace;
  llvm::StringMap<std::uintptr_t> libraryFunctions;
  std::deque<Installed> installed;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Installed*> newest; ///< by function and loop
  std::deque<std::vector<StateWord>> recipes;
};

} // namespace kiln::baseline
