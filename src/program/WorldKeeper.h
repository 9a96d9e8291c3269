// A world that is there when it is needed, and LLVM's errors in it as values.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "program/ProgramMap.h"
#include "program/World.h"
#include "support/LlvmBridge.h"

namespace kiln {

/// Belongs to one thread at a time, as its world does. The world is opened at the first work, and again when LLVM
/// failed fatally in the one before: that is given up as it is, for nothing of it may be touched again.
class WorldKeeper {
public:
  /// `map` outlives the keeper. `world`, which was opened with the same `reading`, may be given when there is one.
  WorldKeeper(std::shared_ptr<const std::vector<Source>> sources, const ProgramMap& map, Reading reading,
              std::unique_ptr<World> world = nullptr)
      : sources_(std::move(sources)), map_(map), reading_(reading), world_(std::move(world)) {
    if (world_)
      symbols_ = std::make_unique<WorldSymbols>(*world_, map_);
  }

  /// The result of `work(world, symbols)`, which is a Result; LLVM's diagnostics and fatal errors are CompileFailed.
  /// `onLoss` runs when the world was given up.
  template <typename Work, typename OnLoss>
  auto guarded(Work&& work, OnLoss&& onLoss) -> std::invoke_result_t<Work, World&, const WorldSymbols&> {
    try {
      if (auto opened = open(); !opened)
        return std::unexpected(opened.error());
      auto result = work(*world_, *symbols_);
      std::string diagnostics = world_->takeDiagnostics();
      if (result && !diagnostics.empty())
        return fail(ErrorCode::CompileFailed, firstLines(diagnostics));
      return result;
    } catch (const LlvmFatal& fatal) {
      // LLVM's frames were left without their destructors.
      if (world_)
        world_->abandon();
      (void)world_.release();
      (void)symbols_.release();
      onLoss();
      return fail(ErrorCode::CompileFailed, "LLVM cannot compile this: " + fatal.message);
    }
  }
  template <typename Work> auto guarded(Work&& work) {
    return guarded(std::forward<Work>(work), [] {});
  }

private:
  Result<void> open() {
    if (world_)
      return {};
    auto world = World::open(sources_, reading_);
    if (!world)
      return std::unexpected(world.error());
    if (!map_.fits(**world))
      return fail(ErrorCode::BadBitcode, (*world)->source(0).name + ": damaged bitcode");
    world_ = std::move(*world);
    symbols_ = std::make_unique<WorldSymbols>(*world_, map_);
    return {};
  }

  std::shared_ptr<const std::vector<Source>> sources_;
  const ProgramMap& map_;
  const Reading reading_;
  std::unique_ptr<World> world_;
  std::unique_ptr<WorldSymbols> symbols_;
};

} // namespace kiln
