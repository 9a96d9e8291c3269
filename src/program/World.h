// One thread's view of the program in LLVM's terms: a context and lazily read modules.
//
// Every world of a program reads the same bytes, so the n-th function of a module is the same function in each. A
// world belongs to one thread at a time. Bodies are read when first asked for (prepared), verified, freed of debug
// information, and brought into the prepared form that all tiers share.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <vector>

#include "kiln/Error.h"
#include "program/BodyCheck.h"
#include "program/LeanBitcode.h"
#include "program/Source.h"

namespace kiln {

/// How much of the bodies a world reads and how far it checks them.
enum class Reading {
  Whole, ///< all there is, verified by LLVM: for compiling
  Lean,  ///< without what only optimisers use (LeanBitcode), checked as far as interpreting needs it (BodyCheck)
};

class World {
public:
  /// Reads the modules' headers: globals and declarations, no bodies. Checks target and data layout. Of the worlds that
  /// read lean, one at a time may use `sources`.
  static Result<std::unique_ptr<World>> open(std::shared_ptr<const std::vector<Source>> sources,
                                             Reading reading = Reading::Whole);
  ~World();

  llvm::LLVMContext& context() { return *context_; }
  std::size_t moduleCount() const { return modules_.size(); }
  llvm::Module& module(std::size_t index) { return *modules_[index]; }
  const Source& source(std::size_t index) const { return (*sources_)[index]; }
  std::size_t moduleIndexOf(const llvm::Module* module) const;

  /// The function's body, prepared. Reading, checking and preparing happen once.
  Result<llvm::Function*> prepared(llvm::Function& function);
  /// As prepared(), and LLVM's verifier has looked at it: before LLVM's passes do.
  Result<llvm::Function*> verified(llvm::Function& function);
  /// How many bodies LLVM's verifier looked at.
  std::size_t verifiedBodies() const { return verifiedBodies_; }
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
  Result<void> read(llvm::Function& function);
  Result<void> verify(const llvm::Function& function);
  Error placed(const llvm::Function& function, const Error& error) const;

  std::shared_ptr<const std::vector<Source>> sources_;
  std::vector<std::unique_ptr<LeanBitcode>> lean_; ///< by module; empty in a world that reads whole
  llvm::DenseMap<const llvm::Function*, std::uint32_t> positions_; ///< in their modules; as lean_
  BodyCheck check_;
  std::size_t verifiedBodies_ = 0;
  std::unique_ptr<llvm::LLVMContext> context_;
  std::vector<std::unique_ptr<llvm::Module>> modules_;
  std::vector<std::vector<llvm::Function*>> functions_;
  std::vector<std::vector<llvm::GlobalVariable*>> variables_;
  llvm::DenseMap<const llvm::Function*, bool> prepared_; ///< and whether LLVM verified it
  std::string diagnostics_;
};

} // namespace kiln
