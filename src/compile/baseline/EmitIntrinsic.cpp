// Intrinsics.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (isNothing(intrinsic))
    return;
  if (emitVectorIntrinsic(intrinsic) || emitWideIntrinsic(intrinsic) || emitExceptionIntrinsic(intrinsic))
    return;
  refuse("intrinsic " + llvm::Intrinsic::getBaseName(intrinsic.getIntrinsicID()).str());
}

} // namespace kiln::baseline
