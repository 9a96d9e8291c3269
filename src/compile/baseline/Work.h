// What Baseline works with, and its callers need not see.
#pragma once

#include <llvm/ADT/StringMap.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "code/CodeSpace.h"
#include "compile/baseline/Baseline.h"
#include "compile/baseline/Compile.h"
#include "compile/baseline/LoopRecord.h"

namespace kiln::baseline {

/// Code at its place, and what it writes and names. That stays when the version is retired and its code is freed.
struct Baseline::Installed {
  std::unique_ptr<Code> code;
  CodeSpan at;
  CodeSpan profile;            ///< the counts; not part of the version's memory, for they are read to the end
  std::unique_ptr<LoopRecord[]> loops; ///< as Code::loops
  const Installed* before = nullptr; ///< of the same function, with counts of its own
};

struct Baseline::Work final : Environment {
  Work(const Parts& parts, const Host& host)
      : Environment(parts.map, parts.threadLocals, [&parts](std::uint32_t id) { return parts.table.stub(id); }), parts(parts),
        host(host), counted(new std::atomic<const Installed*>[parts.map.functions.size()]()) {}

  std::uintptr_t libraryFunction(const char* name) override {
    auto [known, fresh] = libraryFunctions.try_emplace(name, 0);
    if (fresh || known->second == 0) {
      SymbolRef ref = parts.map.findLocal(name);
      known->second = ref.kind == SymbolRef::Kind::Function ? parts.table.stub(ref.id) : parts.symbols.find(name).value_or(0);
    }
    return known->second;
  }

  bool argumentVaries(std::uint32_t function, std::uint32_t argument) override {
    return host.argumentVaries && host.argumentVaries(function, argument);
  }

  const Parts& parts;
  const Host& host;
  Workspace workspace;
  llvm::StringMap<std::uintptr_t> libraryFunctions;
  std::deque<Installed> installed;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Installed*> newest; ///< by function and loop
  /// By function: the newest code with counts of its own, release. Read by any thread: what hangs here never changes.
  std::unique_ptr<std::atomic<const Installed*>[]> counted;
  std::deque<std::vector<StateWord>> recipes;
};

} // namespace kiln::baseline
