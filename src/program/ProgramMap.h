// What a program consists of, after its modules were linked by name.
//
// Modules are not merged: merging reads every body. Instead each symbol of each module is mapped to what it means in the
// whole program (SymbolRef); functions and variables get numbers. Rules are those of an ELF static link: a strong
// definition wins over common and weak ones, two strong ones are an error, common ones take the larger size, the first of
// several weak ones wins, an alias is its aliasee, an undefined weak symbol is null.
//
// Life-cycle: build() on the loading thread, from the first world; constant afterwards, so that any thread reads it.
// Other worlds of the same program find their symbols by position (moduleRefs).
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringMap.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/Error.h"
#include "program/HostSymbols.h"
#include "program/Symbols.h"
#include "program/World.h"
#include "support/Bytes.h"

namespace kiln {

struct FunctionInfo {
  std::string name;
  std::uint32_t module = 0; ///< where its body is
  std::uint32_t index = 0;  ///< position among that module's functions
  bool internal = false;
  bool ifuncResolved = false; ///< no body: the slot holds what an ifunc's resolver chose
  bool replaceable = false;   ///< another definition may take its place: no code but its own is built on its body
};

struct DataInfo {
  std::string name;
  std::uint32_t module = 0;
  std::uint32_t index = 0; ///< position among that module's variables
  std::uint64_t size = 0;
  std::uint64_t alignment = 1;
  bool constant = false;
  bool isTls = false;
  std::string section;       ///< the section that the source names, or empty
  std::uintptr_t address = 0; ///< in the image; for Tls the offset in the thread's block
};

struct ExternalInfo {
  std::string name;
  std::uintptr_t address = 0;
  bool isTls = false;
};

struct IFuncInfo {
  std::uint32_t function = 0; ///< the number that calls go to
  std::uint32_t resolver = 0; ///< the function that chooses
};

class ProgramMap {
public:
  /// Fails with DuplicateSymbol, UnresolvedSymbol (all of them, with the functions that need them) or Unsupported.
  static Result<ProgramMap> build(World& world, HostSymbols& host);

  /// As bytes, for a later load of the same files by the same Kiln. Without addresses.
  void store(ByteWriter& out) const;
  /// The map as it was stored, with the addresses that externals have now. Nothing if the bytes are none, or `host` has not what
  /// it had: then the modules have to be asked.
  static std::optional<ProgramMap> restore(ByteReader& in, HostSymbols& host);

  std::vector<FunctionInfo> functions;
  std::vector<DataInfo> data;
  std::vector<ExternalInfo> externals;
  std::vector<IFuncInfo> ifuncs;
  /// Functions to call before main and at exit, in order.
  std::vector<std::uint32_t> constructors, destructors;

  /// Whether a world has the globals that this was built from. Two readers may make different things of damaged bytes.
  bool fits(World& world) const;
  /// The definition that the name stands for, seen from outside its module. None if there is none.
  SymbolRef find(std::string_view name) const;
  /// Sets the address of an external that is only known after the layout; nothing if no module names it.
  void setExternal(std::string_view name, std::uintptr_t address);
  /// As find(), also among the names that are local to a module; the first such.
  SymbolRef findLocal(std::string_view name) const;
  /// The constant of the program that has an address which no other variable ends at; ~0 if there is none.
  std::uint32_t constantAt(std::uintptr_t address) const;
  /// Whether a module names this symbol from outside the program.
  bool usesExternal(std::string_view name) const;

private:
  friend class MapBuilder;
  friend class WorldSymbols;
  struct ModuleRefs {
    std::vector<SymbolRef> functions, variables, aliases, ifuncs;
  };
  std::vector<ModuleRefs> modules_;
  llvm::StringMap<SymbolRef> byName_;
  /// Names that modules leave open and nothing defined: weak ones, and those that only copies for inlining use.
  std::vector<std::string> absent_;
};

/// Tells the number of a global for each world; made once per world.
class WorldSymbols {
public:
  WorldSymbols(World& world, const ProgramMap& map);
  SymbolRef operator[](const llvm::GlobalValue* global) const {
    auto at = refs_.find(global);
    return at != refs_.end() ? at->second : refs_.lookup(world_.original(global));
  }

private:
  const World& world_;
  llvm::DenseMap<const llvm::GlobalValue*, SymbolRef> refs_;
};

} // namespace kiln
