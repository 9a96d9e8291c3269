// The first half of an export: from the program's files to one module in LLVM's terms.
//
// Each file's bodies are read, verified and prepared (program/Prepare.h) while they still stand in their own module,
// and hashed then: a profile finds functions by the content hash of that form, in which other functions and variables
// have the names that the file gives them. The linked module has them under other names if they were local, so each
// body carries its number (kNumberAttribute) across the linking, by which its hash is found again. LLVM's linker moves
// bodies as they are; value numbers hold until a pass runs.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/Prototypes.h"
#include "kiln/Error.h"
#include "program/World.h"

namespace kiln {

/// What a function was in its own file.
struct Origin {
  std::string name;
  std::string file;
  std::uint64_t hash = 0; ///< of the prepared body
};

/// The whole program. The world owns the context and outlives the module.
struct Assembled {
  std::unique_ptr<World> world;
  std::unique_ptr<llvm::Module> module;
  std::vector<Origin> origins; ///< by number
  Prototypes prototypes;       ///< what debug information said of functions, if it was asked for

  /// LLVM failed inside: what it left half done is never taken apart.
  void abandon();
  /// Of a function of the module; null if it is none of the program's.
  const Origin* originOf(const llvm::Function& function) const;
};

/// Reads the files and links them by name. `prototypes`: keep what their debug information says of C types. LlvmFatal
/// may be thrown, after which abandon() is all that may be done with `into`.
Result<void> assemble(const std::vector<std::string>& files, bool prototypes, Assembled& into);

} // namespace kiln
