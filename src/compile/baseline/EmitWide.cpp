// Integers of 65 to 128 bits in two registers, and structs and arrays.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitWide(const llvm::Instruction&) { refuse("integer of more than 64 bits"); }
bool Emitter::emitWideIntrinsic(const llvm::IntrinsicInst&) { return false; }
void Emitter::emitAggregate(const llvm::Instruction&) { refuse("aggregate"); }

} // namespace kiln::baseline
