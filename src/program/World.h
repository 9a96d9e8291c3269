// One thread's view of the program in LLVM's terms: a context and lazily read modules.
//
// Every world of a program reads the same bytes, so the n-th function of a module is the same function in each. A
// world belongs to one thread at a time. Bodies are read when first asked for (prepared), verified, freed of debug
// information (or of all but lines: Reading), and brought into the prepared form that all tiers share.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <vector>

#include "kiln/Error.h"
#include "program/BodyCheck.h"
#include "program/DebugLines.h"
#include "program/ModuleReader.h"
#include "program/Source.h"

namespace kiln {

/// How much of the bodies a world reads and how far it checks them.
enum class Reading {
  Whole, ///< all there is but debug information, verified by LLVM: for compiling
  Lines, ///< as Whole, with the instructions' places in the source
  Lean,  ///< what running needs (ModuleReader), checked as far as interpreting needs it (BodyCheck)
};

class World {
public:
  /// Reads the modules' headers: globals and declarations, no bodies. Checks target and data layout.
  static Result<std::unique_ptr<World>> open(std::shared_ptr<const std::vector<Source>> sources,
                                             Reading reading = Reading::Whole);
  ~World();

  llvm::LLVMContext& context() { return *context_; }
  std::size_t moduleCount() const { return modules_.size(); }
  llvm::Module& module(std::size_t index) { return *modules_[index]; }
  const Source& source(std::size_t index) const { return (*sources_)[index]; }
  std::size_t moduleIndexOf(const llvm::Module* module) const;

  /// The function's body, prepared. Reading, checking and preparing happen once. In a world that reads lean it may be that of
  /// the same function in a second copy of the module, which LLVM's reader made: see original().
  Result<llvm::Function*> prepared(llvm::Function& function);
  /// As prepared(), and LLVM's verifier has looked at it: before LLVM's passes do.
  Result<llvm::Function*> verified(llvm::Function& function);
  /// How many bodies LLVM's verifier looked at.
  std::size_t verifiedBodies() const { return verifiedBodies_; }
  /// How many modules and bodies a world that reads lean left to LLVM's reader.
  std::size_t leftToLlvm() const { return leftToLlvm_; }
  /// The global that this one of a second copy stands for; null if it is of none.
  const llvm::GlobalValue* original(const llvm::GlobalValue* global) const { return originals_.lookup(global); }
  /// The other way; null if there is no second copy.
  const llvm::GlobalValue* copyOf(const llvm::GlobalValue* global) const;
  /// Reads all bodies of a module, unprepared, so that each global knows its users.
  Result<void> readAll(std::size_t module);
  /// Reads all of a module and gives it away; the world must read whole, and is left without it. Bodies that were prepared
  /// stay so.
  Result<std::unique_ptr<llvm::Module>> release(std::size_t module);
  /// Gives all functions their attributes, which a world that reads lean leaves for when they are used.
  void completeFunctions();
  /// The `index`-th function of a module in the order of its bitcode.
  llvm::Function& functionAt(std::size_t module, std::size_t index) { return *functions_[module][index]; }
  llvm::GlobalVariable& variableAt(std::size_t module, std::size_t index) { return *variables_[module][index]; }

  /// Names that modules define in ways LLVM has no value for: file-level assembly, and the bounds of named sections. Their
  /// addresses are known only after the layout.
  std::vector<std::string> lateNames() const;

  /// Messages that LLVM gave through the context since the last call (inline assembly errors, ...).
  std::string takeDiagnostics();

  /// LLVM failed inside: never destroy what is left of the context.
  void abandon();

private:
  World() = default;
  Result<void> add(const Source& source);
  Result<std::unique_ptr<llvm::Module>> readByLlvm(const Source& source);
  Result<llvm::Function*> read(llvm::Function& function);
  Result<llvm::Function*> inCopy(llvm::Function& function, std::size_t module);
  Result<void> openCopy(std::size_t module);
  Result<void> verify(const llvm::Function& function);
  Error placed(const llvm::Function& function, const Error& error) const;

  std::shared_ptr<const std::vector<Source>> sources_;
  Reading reading_ = Reading::Whole;
  BodyCheck check_;
  DebugLines lines_;
  std::size_t verifiedBodies_ = 0, leftToLlvm_ = 0;
  std::unique_ptr<llvm::LLVMContext> context_;
  std::vector<std::unique_ptr<llvm::Module>> modules_;
  /// By module; null where LLVM's reader has the module.
  std::vector<std::unique_ptr<ModuleReader>> readers_;
  llvm::DenseMap<const llvm::Function*, std::uint32_t> positions_; ///< of functions in modules that have such a reader
  /// By module: read by LLVM for the bodies that the reader left to it, or null while there are none.
  std::vector<std::unique_ptr<llvm::Module>> copies_;
  llvm::DenseMap<const llvm::GlobalValue*, const llvm::GlobalValue*> originals_; ///< of the copies' globals
  std::vector<std::vector<llvm::Function*>> functions_;
  std::vector<std::vector<llvm::GlobalVariable*>> variables_;
  struct Prepared {
    llvm::Function* body = nullptr;
    bool verified = false; ///< by LLVM
  };
  llvm::DenseMap<const llvm::Function*, Prepared> prepared_;
  std::string diagnostics_;
};

/// Whether a body has at least so many instructions and no jump back in the order of its blocks.
bool isStraight(const llvm::Function& function, std::uint64_t least);

} // namespace kiln
