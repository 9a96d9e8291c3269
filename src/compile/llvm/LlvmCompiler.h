// The compiler behind the tiers O0 to O3.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "compile/Compiler.h"
#include "compile/llvm/Backend.h"
#include "compile/llvm/Unit.h"
#include "program/ProgramMap.h"
#include "program/World.h"

namespace kiln {

/// What a dump shows of a function.
enum class DumpKind { Ir, Assembly };

/// Compiles functions of one program in a world of its own. LLVM takes every function; only continuations of some are
/// refused (makeContinuation). When LLVM fails fatally inside, the error is returned, the world is given up, and the next request opens a new one.
class LlvmCompiler final : public Compiler {
public:
  /// `map` outlives the compiler. `world` may be given when the loading thread has one to hand on.
  LlvmCompiler(std::shared_ptr<const std::vector<Source>> sources, const ProgramMap& map,
               std::unique_ptr<World> world = nullptr);
  ~LlvmCompiler() override;

  /// What the globals of the world that was handed on stand for.
  const WorldSymbols& symbols() const { return *symbols_; }

  /// Runs `work` on this compiler's world, as guarded as a compile.
  Result<void> withWorld(const std::function<void(World&, const WorldSymbols&)>& work);
  CompileResult compile(const CompileRequest& request) override;
  /// The text of what compile() would make.
  Result<std::string> dump(const CompileRequest& request, DumpKind kind);
  /// Whether a function can be started as a C program's main: `int` or nothing out, (), (int), (int, char**) or
  /// (int, char**, char**) in. Fails with BadMain.
  struct EntryShape {
    bool returnsInt = true;
  };
  Result<EntryShape> entryShape(std::uint32_t function);
  /// The module's file-level assembly as an object, empty if it has none.
  Result<std::vector<char>> compileModuleAssembly(std::size_t module);
  /// Reads and verifies every body of the program; the first defect is the result.
  Result<void> verifyAll();

private:
  struct Lowered {
    Unit unit;
    std::string entry;
    CompileTimes times;
    std::optional<Refusal> refusal; ///< set: there is nothing else
  };
  Result<void> openWorld();
  Backend& backend();
  Result<Lowered> lower(const CompileRequest& request);
  /// Runs `work`, turning LLVM's fatal errors and diagnostics into values.
  template <typename Work> auto guarded(Work&& work) -> decltype(work());

  std::shared_ptr<const std::vector<Source>> sources_;
  const ProgramMap& map_;
  std::unique_ptr<World> world_;
  std::unique_ptr<WorldSymbols> symbols_;
  std::unique_ptr<Backend> backend_;
};

} // namespace kiln
