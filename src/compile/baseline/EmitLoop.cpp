// Ways out of the code at loop headers, and into it.
#include "compile/baseline/Emitter.h"
#include "function/FunctionTable.h"

namespace kiln::baseline {

std::uint32_t Emitter::loopSite(std::uint32_t block) {
  for (std::uint32_t i = 0; i < out_->loops.size(); ++i)
    if (out_->loops[i].block == block)
      return i;
  out_->loops.push_back({block, 0});
  return static_cast<std::uint32_t>(out_->loops.size() - 1);
}

void Emitter::emitColdLoops() {
  for (const ColdLoop& cold : coldLoops_) {
    a_.bind(cold.entry);
    a_.mov(x86::r10, x86::rdi);
    a_.lea(x86::rdi, a_.outside(Target::Counters, out_->function, 0));
    a_.call(addressConstant(Target::Runtime, runtimeIndex(budgetEntry()), 0));
    a_.mov(x86::rdi, x86::r10);
    a_.jmp(cold.back);
  }
}

void Emitter::enterLoop() { refuse("entry at a loop"); }

} // namespace kiln::baseline
