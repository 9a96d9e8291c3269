// Floats and doubles, in SSE registers.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitFloatBinary(const llvm::Instruction&) { refuse("floating point"); }
void Emitter::emitFloatNegate(const llvm::Instruction&) { refuse("floating point"); }
void Emitter::emitFloatCompare(const llvm::FCmpInst&) { refuse("floating point"); }
void Emitter::branchFloat(const llvm::FCmpInst&, const Label&, bool) { refuse("floating point"); }
void Emitter::emitFloatCast(const llvm::CastInst&) { refuse("floating point"); }
void Emitter::emitFloatSelect(const llvm::SelectInst&) { refuse("floating point"); }
bool Emitter::emitFloatIntrinsic(const llvm::IntrinsicInst&) { return false; }

} // namespace kiln::baseline
