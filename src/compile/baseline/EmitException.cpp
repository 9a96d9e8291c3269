// Invokes, landing pads, resume.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitInvoke(const llvm::InvokeInst&) { refuse("invoke"); }
void Emitter::emitResume(const llvm::ResumeInst&) { refuse("resume"); }
void Emitter::emitLandings() {}

} // namespace kiln::baseline
