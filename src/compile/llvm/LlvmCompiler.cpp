#include "compile/llvm/LlvmCompiler.h"

#include <llvm/Support/raw_ostream.h>

#include "compile/llvm/Annotate.h"
#include "compile/llvm/Lines.h"
#include "compile/llvm/Specialise.h"
#include "compile/llvm/Speculate.h"
#include "compile/llvm/Transform.h"
#include "support/Clock.h"
#include "support/LlvmBridge.h"

namespace kiln {

LlvmCompiler::LlvmCompiler(const ProgramMap& map, std::shared_ptr<WorldKeeper> worlds)
    : map_(map), worlds_(std::move(worlds)) {}

LlvmCompiler::~LlvmCompiler() = default;

/// Made at the first compile: a program may start, and end, without any.
Backend& LlvmCompiler::backend() {
  if (!backend_)
    backend_ = std::make_unique<Backend>();
  return *backend_;
}

template <typename Work> auto LlvmCompiler::guarded(WorldKeeper& worlds, Work&& work) {
  return worlds.guarded(std::forward<Work>(work), [&] { (void)backend_.release(); });
}

namespace {

/// Null if there is no such block.
llvm::BasicBlock* blockAt(llvm::Function& function, std::uint32_t number) {
  return number < function.size() ? &*std::next(function.begin(), number) : nullptr;
}

} // namespace

Result<LlvmCompiler::Lowered> LlvmCompiler::lower(World& world, const WorldSymbols& symbols, const CompileRequest& request) {
  Lowered lowered;
  Backend& machinery = backend(); // outside the times: made once
  std::uint64_t start = nowNanoseconds();
  const bool mayGuess = request.speculation && request.speculation->assumptions->allowed(request.function);
  auto unit = extractUnit(world, map_, symbols, request.function, importLimits(request.tier), request.profile,
                          mayGuess ? request.speculation : nullptr);
  if (!unit)
    return std::unexpected(unit.error());
  lowered.unit = std::move(*unit);
  llvm::BasicBlock* header = blockAt(*lowered.unit.function, request.loop);
  if (request.speculation)
    placeExits(lowered.unit, *request.speculation);
  if (request.loop != kNoLoop)
    if (lowered.refusal = makeContinuation(lowered.unit, request.loop, header); lowered.refusal)
      return lowered;
  if (request.speculation)
    lowerExits(lowered.unit);
  if (lowered.unit.counts) {
    annotateProgram(*lowered.unit.module, *lowered.unit.counts);
    annotateRoot(*lowered.unit.function, lowered.unit.profile ? lowered.unit.profile->entries : 0, *lowered.unit.counts);
  }
  specialiseCallees(lowered.unit);
  specialiseRoot(lowered.unit, !request.count);
  lowerThreadLocals(lowered.unit, map_);
  if (request.tier == Tier::O3)
    targetHost(lowered.unit, Backend::hostCpu(), Backend::hostFeatures());
  std::uint64_t prepared = nowNanoseconds();
  machinery.optimize(*lowered.unit.module, request.tier, lowered.unit.counts.has_value());
  lowered.footing = footingOf(lowered.unit);
  if (request.count)
    countUnit(lowered.unit, request.tier);
  lowered.entry = finishUnit(lowered.unit, request.tier);
  lowered.times.prepare = prepared - start;
  lowered.times.passes = nowNanoseconds() - prepared;
  return lowered;
}

CompileResult LlvmCompiler::compile(const CompileRequest& request) { return compile(request, *worlds_); }

CompileResult LlvmCompiler::compile(const CompileRequest& request, WorldKeeper& worlds) {
  auto result = guarded(worlds, [&](World& world, const WorldSymbols& symbols) -> Result<CompileResult> {
    auto lowered = lower(world, symbols, request);
    if (!lowered)
      return std::unexpected(lowered.error());
    if (lowered->refusal)
      return CompileResult(std::move(*lowered->refusal));
    std::uint64_t start = nowNanoseconds();
    auto object = backend().emitObject(*lowered->unit.module, request.tier);
    if (!object)
      return std::unexpected(object.error());
    CodeArtifact artifact;
    artifact.lines = linesOf(*lowered->unit.function, *object);
    artifact.function = request.function;
    artifact.tier = request.tier;
    artifact.counts = request.count;
    artifact.loop = request.loop;
    artifact.entry = std::move(lowered->entry);
    artifact.object = std::move(*object);
    artifact.times = lowered->times;
    artifact.guards = std::move(lowered->unit.guards);
    artifact.lasting = lowered->footing.lasting;
    artifact.switchesStacks = lowered->footing.switchesStacks;
    artifact.times.codegen = nowNanoseconds() - start;
    return CompileResult(std::move(artifact));
  });
  if (!result)
    return result.error();
  return std::move(*result);
}

Result<std::string> LlvmCompiler::dump(const CompileRequest& request, DumpKind kind) {
  return guarded(*worlds_, [&](World& world, const WorldSymbols& symbols) -> Result<std::string> {
    auto lowered = lower(world, symbols, request);
    if (!lowered)
      return std::unexpected(lowered.error());
    if (lowered->refusal)
      return fail(ErrorCode::CompileFailed, "'" + lowered->refusal->function + "': " + lowered->refusal->reason);
    if (kind == DumpKind::Assembly)
      return backend().emitAssembly(*lowered->unit.module, request.tier);
    std::string text;
    llvm::raw_string_ostream out(text);
    lowered->unit.module->print(out, nullptr);
    return text;
  });
}

Result<std::vector<char>> LlvmCompiler::compileModuleAssembly(WorldKeeper& worlds, std::size_t index) {
  return guarded(worlds, [&](World& world, const WorldSymbols&) -> Result<std::vector<char>> {
    const llvm::Module& from = world.module(index);
    if (from.getModuleInlineAsm().empty())
      return std::vector<char>{};
    llvm::Module unit("assembly", world.context());
    unit.setDataLayout(from.getDataLayout());
    unit.setTargetTriple(from.getTargetTriple());
    unit.setModuleInlineAsm(from.getModuleInlineAsm());
    return backend().emitObject(unit, Tier::O0);
  });
}

Result<void> LlvmCompiler::verifyAll() {
  return guarded(*worlds_, [&](World& world, const WorldSymbols&) -> Result<void> {
    for (const FunctionInfo& info : map_.functions)
      if (!info.ifuncResolved)
        if (auto body = world.prepared(world.functionAt(info.module, info.index)); !body)
          return std::unexpected(body.error());
    return {};
  });
}

} // namespace kiln
