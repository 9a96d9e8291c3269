// Atomic operations and fences.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitAtomic(const llvm::Instruction&) { refuse("atomic operation"); }

} // namespace kiln::baseline
