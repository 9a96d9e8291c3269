// The compiler behind the tiers O0 to O3.
#pragma once

#include <memory>
#include <string>

#include "compile/Compiler.h"
#include "compile/llvm/Backend.h"
#include "compile/llvm/Unit.h"
#include "program/ProgramMap.h"
#include "program/World.h"
#include "program/WorldKeeper.h"

namespace kiln {

/// What a dump shows of a function.
enum class DumpKind { Ir, Assembly };

/// Compiles functions of one program in a world of its own. LLVM takes every function; only continuations of some are
/// refused (makeContinuation). When LLVM fails fatally inside, the error is returned, the world is given up, and the next request opens a new one.
class LlvmCompiler final : public Compiler {
public:
  /// `map` outlives the compiler. `worlds` gives whole ones; the thread that compiles may use it for other work too.
  LlvmCompiler(const ProgramMap& map, std::shared_ptr<WorldKeeper> worlds);
  ~LlvmCompiler() override;

  /// Where its functions come from, unless a compile names others.
  WorldKeeper& worlds() { return *worlds_; }
  CompileResult compile(const CompileRequest& request) override;
  /// As compile(), from another keeper's world; one that reads lean gives code that knows less of the program.
  CompileResult compile(const CompileRequest& request, WorldKeeper& worlds);
  /// The text of what compile() would make.
  Result<std::string> dump(const CompileRequest& request, DumpKind kind);
  /// The module's file-level assembly as an object, empty if it has none. Of the world only the headers are used: any
  /// keeper of the program will do.
  Result<std::vector<char>> compileModuleAssembly(WorldKeeper& worlds, std::size_t module);
  /// Reads and verifies every body of the program; the first defect is the result.
  Result<void> verifyAll();

private:
  struct Lowered {
    Unit unit;
    std::string entry;
    CompileTimes times;
    Footing footing;
    std::optional<Refusal> refusal; ///< set: there is nothing else
  };
  Backend& backend();
  Result<Lowered> lower(World& world, const WorldSymbols& symbols, const CompileRequest& request);
  /// The keeper's, and the back end goes with the world.
  template <typename Work> auto guarded(WorldKeeper& worlds, Work&& work);

  const ProgramMap& map_;
  std::shared_ptr<WorldKeeper> worlds_;
  std::unique_ptr<Backend> backend_;
};

} // namespace kiln
