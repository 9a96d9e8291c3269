// Vectors of up to 128 bits.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitVector(const llvm::Instruction&) { refuse("vector"); }
void Emitter::loadVector(std::uint32_t, unsigned, const Mem&, llvm::Type*) { refuse("vector"); }
void Emitter::storeVector(const Mem&, const llvm::Value*, unsigned, llvm::Type*) { refuse("vector"); }
bool Emitter::emitVectorIntrinsic(const llvm::IntrinsicInst&) { return false; }

} // namespace kiln::baseline
