#include "compile/baseline/emit/Emission.h"

#include <llvm/IR/Module.h>

namespace kiln::baseline {

asmjit::CpuFeatures featuresOf(const Baseline::Settings& settings) {
  if (!settings.plainCpu)
    return asmjit::CpuInfo::host().features();
  asmjit::CpuFeatures plain;
  using Id = asmjit::CpuFeatures::X86::Id;
  plain.add(Id::kCMOV, Id::kCMPXCHG8B, Id::kFPU, Id::kSSE, Id::kSSE2);
  return plain;
}

Emission::Emission(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
                   const EmitOptions& options, const Families& families)
    : function(function), data(function.getParent()->getDataLayout()), environment(environment),
      shapes(workspace.shapes), plan(workspace.plan), options(options), families(families),
      features(featuresOf(options.settings)), hasAvx(features.x86().hasAVX()), out(std::make_unique<Code>()),
      assembler(out->fixups), pool(assembler) {
  out->function = id;
  out->loop = options.loop;
  out->records = options.settings.record != 0;
}

} // namespace kiln::baseline
