// Intrinsics: who takes which, and those about the frame, threads and the machine.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Intrinsics final : Family {
public:
  using Family::Family;

  void emit(const llvm::IntrinsicInst& intrinsic);

private:
  bool emitKnown(const llvm::IntrinsicInst& intrinsic);
  bool emitOfFrame(const llvm::IntrinsicInst& intrinsic);
  bool emitMachine(const llvm::IntrinsicInst& intrinsic);
  void giveConstant(std::uint64_t value);
  void emitStackRestore(const llvm::IntrinsicInst& intrinsic);
  void emitCycleCounter();
  void emitThreadLocal(const llvm::IntrinsicInst& intrinsic);
  void emitPrefetch(const llvm::IntrinsicInst& intrinsic);
};

} // namespace kiln::baseline
