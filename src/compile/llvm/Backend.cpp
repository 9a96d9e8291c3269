#include "compile/llvm/Backend.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/Instrumentation/PGOInstrumentation.h>

#include "support/LlvmBridge.h"

namespace kiln {
namespace {

constexpr const char* kTriple = "x86_64-pc-linux-gnu";

llvm::OptimizationLevel passLevel(Tier tier) {
  switch (tier) {
  case Tier::Interpreter:
  case Tier::Baseline:
  case Tier::O0: return llvm::OptimizationLevel::O0;
  case Tier::O1: return llvm::OptimizationLevel::O1;
  case Tier::O2: return llvm::OptimizationLevel::O2;
  case Tier::O3: return llvm::OptimizationLevel::O3;
  }
  return llvm::OptimizationLevel::O0;
}

llvm::CodeGenOptLevel codegenLevel(Tier tier) {
  switch (tier) {
  case Tier::Interpreter:
  case Tier::Baseline:
  case Tier::O0: return llvm::CodeGenOptLevel::None;
  case Tier::O1: return llvm::CodeGenOptLevel::Less;
  case Tier::O2: return llvm::CodeGenOptLevel::Default;
  case Tier::O3: return llvm::CodeGenOptLevel::Aggressive;
  }
  return llvm::CodeGenOptLevel::None;
}

/// Whether LLVM's fast code generator makes wrong code of it (checked with 19.1.7): it loses values that asm goto writes, and
/// passes a `signext i1` with zeros above the bit, where callees of the other levels rely on copies of it.
bool isMiscompiledFast(const llvm::Instruction& instruction) {
  if (llvm::isa<llvm::CallBrInst>(instruction) && !instruction.getType()->isVoidTy())
    return true;
  const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
  for (unsigned i = 0; call && i < call->arg_size(); ++i)
    if (call->getArgOperand(i)->getType()->isIntegerTy(1) && call->paramHasAttr(i, llvm::Attribute::SExt))
      return true;
  return false;
}

} // namespace

const std::string& Backend::hostCpu() {
  static const std::string cpu = llvm::sys::getHostCPUName().str();
  return cpu;
}

const std::string& Backend::hostFeatures() {
  static const std::string features = [] {
    std::string text;
    for (const auto& feature : llvm::sys::getHostCPUFeatures())
      if (feature.second)
        text += (text.empty() ? "+" : ",+") + feature.first().str();
    return text;
  }();
  return features;
}

llvm::PipelineTuningOptions tuningFor(Tier tier) {
  llvm::PipelineTuningOptions options;
  options.LoopVectorization = tier >= Tier::O2;
  options.SLPVectorization = tier >= Tier::O2;
  options.LoopInterleaving = tier >= Tier::O2;
  options.LoopUnrolling = tier >= Tier::O2;
  return options;
}

void addProfilePasses(llvm::PassBuilder& builder) {
  builder.registerPipelineEarlySimplificationEPCallback(
      [](llvm::ModulePassManager& passes, llvm::OptimizationLevel) { passes.addPass(llvm::PGOIndirectCallPromotion()); });
  builder.registerScalarOptimizerLateEPCallback(
      [](llvm::FunctionPassManager& passes, llvm::OptimizationLevel) { passes.addPass(llvm::PGOMemOPSizeOpt()); });
}

/// The members' order matters: analyses refer to each other's managers, and go in reverse.
struct Backend::Pipeline {
  llvm::PassBuilder builder;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  Tier tier;

  static llvm::PipelineTuningOptions tuning(Tier tier) {
    llvm::PipelineTuningOptions options = tuningFor(tier);
    // A table by which static linkers order functions. It has relocations of a kind that is otherwise not in use here.
    options.CallGraphProfile = false;
    return options;
  }

  Pipeline(llvm::TargetMachine& machine, Tier tier, bool profile) : builder(&machine, tuning(tier)), tier(tier) {
    if (profile)
      addProfilePasses(builder);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }

  void run(llvm::Module& module) {
    // Made anew each time: LLVM's inliner wrapper gives its inner passes away when it runs.
    llvm::ModulePassManager passes = tier == Tier::O0 ? builder.buildO0DefaultPipeline(passLevel(tier))
                                                      : builder.buildPerModuleDefaultPipeline(passLevel(tier));
    passes.run(module, modules);
    modules.clear();
    components.clear();
    functions.clear();
    loops.clear();
  }
};

Backend::Backend() { initializeLlvmTarget(); }
Backend::~Backend() = default;

llvm::TargetMachine& Backend::machine(Tier tier) {
  auto& machine = machines_[static_cast<std::size_t>(tier)];
  if (!machine) {
    std::string error;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
    llvm::TargetOptions options;
    // A result must not depend on when a function was promoted: no tier fuses what another rounds twice.
    options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
    // Functions name the features that the program was compiled for; the machine's own are added per function.
    machine.reset(target->createTargetMachine(kTriple, "x86-64", "", options, llvm::Reloc::PIC_,
                                              llvm::CodeModel::Small, codegenLevel(tier), /*JIT=*/true));
  }
  return *machine;
}

void Backend::optimize(llvm::Module& module, Tier tier, bool profile) {
  auto& pipeline = pipelines_[static_cast<std::size_t>(tier)][profile];
  if (!pipeline)
    pipeline = std::make_unique<Pipeline>(machine(tier), tier, profile);
  pipeline->run(module);
}

/// Such functions take the next level's.
llvm::TargetMachine& Backend::machineFor(const llvm::Module& module, Tier tier) {
  if (tier == Tier::O0)
    for (const llvm::Function& function : module)
      for (const llvm::Instruction& instruction : llvm::instructions(function))
        if (isMiscompiledFast(instruction))
          return machine(Tier::O1);
  return machine(tier);
}

Result<std::vector<char>> Backend::emitObject(llvm::Module& module, Tier tier) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  llvm::MCContext* context = nullptr;
  if (machineFor(module, tier).addPassesToEmitMC(passes, context, out, /*DisableVerify=*/true))
    return fail(ErrorCode::CompileFailed, "LLVM has no object emitter for this target");
  passes.run(module);
  return std::vector<char>(bytes.begin(), bytes.end());
}

Result<std::string> Backend::emitAssembly(llvm::Module& module, Tier tier) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (machineFor(module, tier).addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::AssemblyFile, true))
    return fail(ErrorCode::CompileFailed, "LLVM has no assembly emitter for this target");
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

} // namespace kiln
