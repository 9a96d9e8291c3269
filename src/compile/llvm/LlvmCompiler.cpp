#include "compile/llvm/LlvmCompiler.h"

#include <llvm/Support/raw_ostream.h>

#include "compile/llvm/Transform.h"
#include "support/Clock.h"
#include "support/LlvmBridge.h"

namespace kiln {

LlvmCompiler::LlvmCompiler(std::shared_ptr<const std::vector<Source>> sources, const ProgramMap& map,
                           std::unique_ptr<World> world)
    : sources_(std::move(sources)), map_(map), world_(std::move(world)) {
  if (world_)
    symbols_ = std::make_unique<WorldSymbols>(*world_, map_);
}

LlvmCompiler::~LlvmCompiler() = default;

Result<void> LlvmCompiler::openWorld() {
  if (world_)
    return {};
  auto world = World::open(sources_);
  if (!world)
    return std::unexpected(world.error());
  world_ = std::move(*world);
  symbols_ = std::make_unique<WorldSymbols>(*world_, map_);
  return {};
}

/// Made at the first compile: a program may start, and end, without any.
Backend& LlvmCompiler::backend() {
  if (!backend_)
    backend_ = std::make_unique<Backend>();
  return *backend_;
}

template <typename Work> auto LlvmCompiler::guarded(Work&& work) -> decltype(work()) {
  try {
    if (auto opened = openWorld(); !opened)
      return std::unexpected(opened.error());
    auto result = work();
    std::string diagnostics = world_->takeDiagnostics();
    if (result && !diagnostics.empty())
      return fail(ErrorCode::CompileFailed, firstLines(diagnostics));
    return result;
  } catch (const LlvmFatal& fatal) {
    // LLVM's frames were left without their destructors: nothing of this context may be touched again.
    world_->abandon();
    (void)world_.release();
    (void)symbols_.release();
    (void)backend_.release();
    return fail(ErrorCode::CompileFailed, "LLVM cannot compile this: " + fatal.message);
  }
}

Result<void> LlvmCompiler::withWorld(const std::function<void(World&, const WorldSymbols&)>& work) {
  return guarded([&]() -> Result<void> {
    work(*world_, *symbols_);
    return {};
  });
}

Result<LlvmCompiler::Lowered> LlvmCompiler::lower(const CompileRequest& request) {
  Lowered lowered;
  Backend& machinery = backend(); // outside the times: made once
  std::uint64_t start = nowNanoseconds();
  auto unit = extractUnit(*world_, map_, *symbols_, request.function, importLimits(request.tier));
  if (!unit)
    return std::unexpected(unit.error());
  lowered.unit = std::move(*unit);
  if (request.loop != kNoLoop)
    if (lowered.refusal = makeContinuation(lowered.unit, request.loop); lowered.refusal)
      return lowered;
  lowerThreadLocals(lowered.unit, map_);
  if (request.tier == Tier::O3)
    targetHost(lowered.unit, Backend::hostCpu(), Backend::hostFeatures());
  std::uint64_t prepared = nowNanoseconds();
  machinery.optimize(*lowered.unit.module, request.tier);
  if (request.count)
    countUnit(lowered.unit, request.tier);
  lowered.entry = finishUnit(lowered.unit, request.tier);
  lowered.times.prepare = prepared - start;
  lowered.times.passes = nowNanoseconds() - prepared;
  return lowered;
}

CompileResult LlvmCompiler::compile(const CompileRequest& request) {
  auto result = guarded([&]() -> Result<CompileResult> {
    auto lowered = lower(request);
    if (!lowered)
      return std::unexpected(lowered.error());
    if (lowered->refusal)
      return CompileResult(std::move(*lowered->refusal));
    std::uint64_t start = nowNanoseconds();
    auto object = backend().emitObject(*lowered->unit.module, request.tier);
    if (!object)
      return std::unexpected(object.error());
    CodeArtifact artifact;
    artifact.function = request.function;
    artifact.tier = request.tier;
    artifact.counts = request.count;
    artifact.loop = request.loop;
    artifact.entry = std::move(lowered->entry);
    artifact.object = std::move(*object);
    artifact.times = lowered->times;
    artifact.times.codegen = nowNanoseconds() - start;
    return CompileResult(std::move(artifact));
  });
  if (!result)
    return result.error();
  return std::move(*result);
}

Result<std::string> LlvmCompiler::dump(const CompileRequest& request, DumpKind kind) {
  return guarded([&]() -> Result<std::string> {
    auto lowered = lower(request);
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

Result<LlvmCompiler::EntryShape> LlvmCompiler::entryShape(std::uint32_t id) {
  return guarded([&]() -> Result<EntryShape> {
    const FunctionInfo& info = map_.functions[id];
    const llvm::FunctionType* type = world_->functionAt(info.module, info.index).getFunctionType();
    bool fits = !info.ifuncResolved && !type->isVarArg() && type->getNumParams() <= 3;
    for (unsigned i = 0; fits && i < type->getNumParams(); ++i)
      fits = i == 0 ? type->getParamType(i)->isIntegerTy(32) : type->getParamType(i)->isPointerTy();
    bool returnsInt = type->getReturnType()->isIntegerTy() && type->getReturnType()->getIntegerBitWidth() <= 32;
    if (!fits || (!returnsInt && !type->getReturnType()->isVoidTy())) {
      std::string text;
      llvm::raw_string_ostream out(text);
      type->print(out);
      return fail(ErrorCode::BadMain, world_->source(info.module).name + ": '" + info.name + "' has the type " + text +
                                          "; a program starts at int (), int (int), int (int, char**) or int (int, char**, char**)");
    }
    return EntryShape{returnsInt};
  });
}

Result<std::vector<char>> LlvmCompiler::compileModuleAssembly(std::size_t index) {
  return guarded([&]() -> Result<std::vector<char>> {
    const llvm::Module& from = world_->module(index);
    if (from.getModuleInlineAsm().empty())
      return std::vector<char>{};
    llvm::Module unit("assembly", world_->context());
    unit.setDataLayout(from.getDataLayout());
    unit.setTargetTriple(from.getTargetTriple());
    unit.setModuleInlineAsm(from.getModuleInlineAsm());
    return backend().emitObject(unit, Tier::O0);
  });
}

Result<void> LlvmCompiler::verifyAll() {
  return guarded([&]() -> Result<void> {
    for (const FunctionInfo& info : map_.functions)
      if (!info.ifuncResolved)
        if (auto body = world_->prepared(world_->functionAt(info.module, info.index)); !body)
          return std::unexpected(body.error());
    return {};
  });
}

} // namespace kiln
