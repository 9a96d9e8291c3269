// What the names of a replaceable program mean at present, and what a redefinition makes of them (docs/replacing.md).
//
// A redefinition becomes a program of its own, whose open names are found in the old one first. plan() turns the
// modules that were given into that program's:
//   - a function that the old program has and that differs stays, under the name NAME.kiln.N; what the module says of
//     NAME, calls of itself included, means the old program's function: its address, through which all calls go;
//   - a function that does not differ, and a variable that the old program has, become declarations: they are the old
//   program's;
//   - all else is new.
// It refuses what callers of the old definition could not live with: another type or calling convention, attributes
// that say how values are passed and are not the same, promises to callers (that it does not throw, writes no memory,
// ...) that the old definition made and the new one does not, and demands on arguments that the old one did not make.
//
// "Differs" is by content: body, attributes, and what only its module knows that it uses. Functions that share a
// variable of their module are replaced together, so that they go on sharing it.
//
// One thread at a time. Modules are kept with the types and attributes of what they define, without bodies.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"
#include "program/Source.h"

namespace kiln {

class Ledger {
public:
  /// One definition.
  struct Known {
    const llvm::GlobalValue* value = nullptr;
    std::uint64_t hash = 0;
    std::string aliasee; ///< of an alias: the name that it stands for
  };
  /// A module with a context of its own, so that names of types stay as they are.
  struct Kept {
    std::unique_ptr<llvm::LLVMContext> context;
    std::unique_ptr<llvm::Module> module;
  };
  struct Plan {
    std::vector<Source> sources;
    struct Body {
      std::string name, symbol;
    };
    std::vector<Body> replaced;
    std::vector<std::string> added, unchanged;
    std::vector<std::string> open; ///< names that the sources leave open
    // For commit().
    std::map<std::string, Known, std::less<>> definitions;
    std::vector<Kept> kept;
  };

  /// Reads all of a program's modules.
  static Result<std::unique_ptr<Ledger>> read(std::span<const Source> sources);
  /// `only`: the one function to replace. `number`: N above. Fails with BadReplacement, Unsupported, UnknownEntry,
  /// BadBitcode, VerifierFailed or CompileFailed, and changes nothing.
  Result<Plan> plan(std::span<const Source> input, std::optional<std::string_view> only, unsigned number) const;
  /// The plan was carried out.
  void commit(Plan&& plan);

private:
  std::map<std::string, Known, std::less<>> known_;
  std::vector<Kept> kept_;
};

/// Why `now` cannot stand where `old` stood; nothing if it can.
std::optional<std::string> misfit(const llvm::Function& old, const llvm::Function& now);

} // namespace kiln
