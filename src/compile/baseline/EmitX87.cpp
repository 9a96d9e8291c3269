// x87 numbers, in slots of 16 bytes.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitX87(const llvm::Instruction&) { refuse("x87 number"); }
void Emitter::loadX87(const llvm::Value*, unsigned) { refuse("x87 number"); }
void Emitter::storeX87(std::uint32_t, unsigned) { refuse("x87 number"); }
Mem Emitter::x87Memory(const llvm::Value*, unsigned) { refuse("x87 number"); }
bool Emitter::emitX87Intrinsic(const llvm::IntrinsicInst&) { return false; }

} // namespace kiln::baseline
