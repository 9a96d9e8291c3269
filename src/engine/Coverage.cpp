// Counting blocks: the counters' way from the program's memory to a file.
#include "coverage/CodeSizes.h"
#include "coverage/Instrument.h"
#include "engine/ProgramCore.h"
#include "support/Files.h"
#include "support/SignalBlock.h"

namespace kiln {

struct ProgramCore::CountedBlocks {
  std::vector<Source> sources;        ///< as they were given
  std::vector<CountedSource> modules; ///< without their sources
};

Result<void> ProgramCore::putCountersIn(std::vector<Source>& sources) {
  counted_ = std::make_shared<CountedBlocks>();
  for (std::size_t m = 0; m < sources.size(); ++m) {
    auto counted = countBlocks(sources[m], m);
    if (!counted)
      return std::unexpected(counted.error());
    counted_->sources.push_back(std::exchange(sources[m], std::move(counted->source)));
    counted_->modules.push_back(std::move(*counted));
  }
  return {};
}

/// The module's functions with their counts, without those that the program takes from another file.
Result<ModuleCoverage> ProgramCore::countsOf(std::size_t module) {
  const CountedSource& counted = counted_->modules[module];
  ModuleCoverage out = counted.module;
  if (counted.variable.empty())
    return out;
  auto address = variableAddress(counted.variable);
  if (!address)
    return std::unexpected(address.error());
  const auto* count = static_cast<const std::uint64_t*>(*address);
  for (FunctionCoverage& function : out.functions)
    for (BlockCoverage& block : function.blocks)
      if (block.reachable)
        block.count = __atomic_load_n(count++, __ATOMIC_RELAXED);
  std::erase_if(out.functions, [&](const FunctionCoverage& function) {
    SymbolRef ref = map_.find(function.name);
    return ref.kind == SymbolRef::Kind::Function && map_.functions[ref.id].module != module;
  });
  return out;
}

Result<void> ProgramCore::writeCoverage(const std::string& path) {
  if (!counted_)
    return fail(ErrorCode::BadOption, "the engine was made without Options::coverage");
  ProgramCoverage coverage{1};
  for (std::size_t m = 0; m < counted_->modules.size(); ++m) {
    auto module = countsOf(m);
    if (!module)
      return std::unexpected(module.error());
    coverage.modules.push_back(std::move(*module));
  }
  {
    SignalBlock block;
    std::lock_guard lock(foreground_);
    callOnStack(*stack_, [&] {
      // Sizes are an extra: what cannot be compiled as a whole has none.
      for (std::size_t m = 0; m < coverage.modules.size(); ++m)
        if (auto sizes = codeSizes(counted_->sources[m]))
          for (FunctionCoverage& function : coverage.modules[m].functions)
            if (auto size = sizes->find(function.name); size != sizes->end())
              function.bytes = size->second;
    });
  }
  return writeFile(path, coverageToJson(coverage));
}

} // namespace kiln
