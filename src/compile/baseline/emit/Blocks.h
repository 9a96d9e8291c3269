// Blocks of memory: copies and fills, in place where they are small, else by the library.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Blocks final : Family {
public:
  using Family::Family;

  /// False if it neither copies nor fills.
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  /// Copies between blocks that do not overlap, each byte once if `once` says so. Uses RAX and XMM15.
  void copyPieces(const Mem& to, const Mem& from, std::uint32_t size, bool once);

private:
  void copy(const llvm::MemTransferInst& copy, std::uint32_t size);
  void movePieces(const Mem& to, const Mem& from, std::uint32_t size);
  void fill(const llvm::MemSetInst& fill, std::uint32_t size);
  void repeat(const llvm::IntrinsicInst& intrinsic, bool isSet);
  void call(const char* name, const llvm::IntrinsicInst& intrinsic);
};

} // namespace kiln::baseline
