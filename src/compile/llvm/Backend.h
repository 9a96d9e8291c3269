// LLVM's pass pipelines and code generators, one of each per tier, made when first used and used again.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "kiln/Error.h"
#include "kiln/Ladder.h"

namespace llvm {
class Module;
class PassBuilder;
class PipelineTuningOptions;
}

namespace kiln {

/// What clang asks for at the tier's level.
llvm::PipelineTuningOptions tuningFor(Tier tier);
/// What LLVM's default pipelines have for an instrumented profile that they read themselves, at the places nearest to theirs:
/// indirect calls before the inliner, which then sees the guessed callees; sizes before the last simplifications, which take
/// the copies of known size apart.
void addProfilePasses(llvm::PassBuilder& builder);

/// One compiler's LLVM machinery. Not thread-safe; each compiler has its own.
class Backend {
public:
  Backend();
  ~Backend();

  /// Runs LLVM's default pipeline of the tier's level; with a profile (compile/llvm/Annotate.h) on the module, also the passes
  /// that LLVM adds for one.
  void optimize(llvm::Module& module, Tier tier, bool profile);
  /// A relocatable ELF object. The module is used up.
  Result<std::vector<char>> emitObject(llvm::Module& module, Tier tier);
  /// The same code as assembly text. The module is used up.
  Result<std::string> emitAssembly(llvm::Module& module, Tier tier);

  /// This machine's name and features in LLVM's words.
  static const std::string& hostCpu();
  static const std::string& hostFeatures();

private:
  struct Pipeline;
  llvm::TargetMachine& machine(Tier tier);
  llvm::TargetMachine& machineFor(const llvm::Module& module, Tier tier);

  std::array<std::unique_ptr<llvm::TargetMachine>, kTierCount> machines_;
  std::array<std::array<std::unique_ptr<Pipeline>, 2>, kTierCount> pipelines_; ///< without and with a profile
};

} // namespace kiln
