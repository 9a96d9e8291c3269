#include "export/NativeCode.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>

#include "compile/llvm/Backend.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

constexpr const char* kTriple = "x86_64-pc-linux-gnu";

std::unique_ptr<llvm::TargetMachine> machineFor(Placement placement) {
  initializeLlvmTarget();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  llvm::TargetOptions options;
  // As in every tier: what Kiln's code rounds twice is rounded twice here.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.UseInitArray = true;
  // The linker drops sections that nothing refers to, and joins functions of equal code whose address nobody compares.
  options.FunctionSections = options.DataSections = options.EmitAddrsig = true;
  options.UniqueSectionNames = false;
  const llvm::Reloc::Model model = placement == Placement::Fixed ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      kTriple, "x86-64", "", options, model, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
}

/// The files were compiled for some way of linking; this is the one that counts.
void setPlacement(llvm::Module& module, Placement placement) {
  if (llvm::NamedMDNode* flags = module.getModuleFlagsMetadata()) {
    llvm::SmallVector<llvm::MDNode*, 8> kept;
    for (llvm::MDNode* flag : flags->operands()) {
      auto* key = llvm::dyn_cast_or_null<llvm::MDString>(flag->getOperand(1));
      if (!key || (key->getString() != "PIC Level" && key->getString() != "PIE Level"))
        kept.push_back(flag);
    }
    flags->clearOperands();
    for (llvm::MDNode* flag : kept)
      flags->addOperand(flag);
  }
  if (placement != Placement::Fixed)
    module.setPICLevel(llvm::PICLevel::BigPIC);
  if (placement == Placement::Independent)
    module.setPIELevel(llvm::PIELevel::Large);
  for (llvm::GlobalValue& global : module.global_values()) {
    // Nobody replaces what is defined here; what is elsewhere may be anywhere.
    if (!global.isDeclaration() && !global.hasAvailableExternallyLinkage() && !global.isInterposable())
      global.setDSOLocal(true);
    else if (!global.hasLocalLinkage() && global.hasDefaultVisibility())
      global.setDSOLocal(false);
  }
}

/// Unwind tables are a tenth of a C program's code. They are for exceptions, which may come from a library as well, and
/// for who looks at the stack.
void dropUnwindTables(llvm::Module& module) {
  for (const llvm::Function& function : module)
    if (function.hasPersonalityFn() || function.getName().starts_with("_Unwind_") ||
        function.getName() == "backtrace" || function.getName().starts_with("__cxa_throw"))
      return;
  for (llvm::Function& function : module)
    function.removeFnAttr(llvm::Attribute::UWTable);
}

void optimize(llvm::Module& module, llvm::TargetMachine& machine, bool profile) {
  llvm::PassBuilder builder(&machine, tuningFor(Tier::O3));
  if (profile)
    addProfilePasses(builder);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  passes.addPass(llvm::GlobalDCEPass()); // what nobody reaches costs no pass
  passes.addPass(builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3));
  passes.addPass(llvm::GlobalDCEPass());
  passes.run(module, modules);
}

/// Features of the function's own come last: they win.
std::string joined(const std::string& features, llvm::StringRef own) {
  return features.empty() ? own.str() : own.empty() ? features : features + "," + own.str();
}

} // namespace

Result<void> targetCpu(llvm::Module& module, const std::string& cpu) {
  initializeLlvmTarget();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  std::unique_ptr<llvm::MCSubtargetInfo> known(target->createMCSubtargetInfo(kTriple, "", ""));
  const bool native = cpu == "native";
  if (!native && !known->isCPUStringValid(cpu))
    return fail(ErrorCode::BadOption, "'" + cpu +
                                          "' is no CPU that LLVM 19 knows: native, x86-64, x86-64-v2, x86-64-v3, "
                                          "x86-64-v4, or one of those that `llc-19 -march=x86-64 -mcpu=help` lists");
  for (llvm::Function& function : module) {
    if (function.isDeclaration())
      continue;
    const llvm::StringRef own = function.getFnAttribute("target-features").getValueAsString();
    const std::string features = joined(native ? Backend::hostFeatures() : "", own);
    function.addFnAttr("target-cpu", native ? Backend::hostCpu() : cpu);
    if (!features.empty())
      function.addFnAttr("target-features", features);
    function.removeFnAttr("tune-cpu");
  }
  return {};
}

Result<std::vector<char>> compileWhole(llvm::Module& module, Placement placement, bool unwinds, bool profile,
                                       std::uint32_t& emitted) {
  auto machine = machineFor(placement);
  module.setTargetTriple(kTriple);
  setPlacement(module, placement);
  if (!unwinds)
    dropUnwindTables(module);
  std::string defect;
  llvm::raw_string_ostream defectOut(defect);
  if (llvm::verifyModule(module, &defectOut))
    return fail(ErrorCode::VerifierFailed, "LLVM's verifier rejects the linked program: " + firstLines(defect));
  optimize(module, *machine, profile);
  emitted = static_cast<std::uint32_t>(llvm::count_if(module, [](const llvm::Function& function) {
    return !function.isDeclaration() && !function.hasAvailableExternallyLinkage();
  }));
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile))
    return fail(ErrorCode::CompileFailed, "LLVM has no object emitter for this target");
  passes.run(module);
  return std::vector<char>(bytes.begin(), bytes.end());
}

} // namespace kiln
