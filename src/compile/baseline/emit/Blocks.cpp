#include "compile/baseline/emit/Blocks.h"

#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Counts.h"

namespace kiln::baseline {
namespace {

/// Pieces of 16, 8, 4, 2 and 1 bytes. `use(offset, bytes)`; the last may overlap the one before, unless each byte is to
/// be accessed once.
template <typename Use> void forEachPiece(std::uint32_t size, bool once, Use&& use) {
  std::uint32_t at = 0;
  for (std::uint32_t bytes : {16u, 8u, 4u, 2u, 1u}) {
    for (; size - at >= bytes; at += bytes)
      use(at, bytes);
    if (at == size)
      return;
    // A tail of more than half a piece is a whole one that ends with the block.
    if (!once && at + bytes > size && size >= bytes && size - at > bytes / 2) {
      use(size - bytes, bytes);
      return;
    }
  }
}

} // namespace

bool Blocks::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::memcpy:
  case llvm::Intrinsic::memcpy_inline:
  case llvm::Intrinsic::memmove:
  case llvm::Intrinsic::memset:
  case llvm::Intrinsic::memset_inline:
    break;
  default:
    return false;
  }
  const bool isSet = llvm::isa<llvm::MemSetInst>(intrinsic);
  if (isCall(intrinsic, machine())) {
    call(isSet ? "memset" : llvm::isa<llvm::MemMoveInst>(intrinsic) ? "memmove" : "memcpy", intrinsic);
    return true;
  }
  const auto* size = llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(2));
  if (size->getValue().ugt(kInlineBytes))
    repeat(intrinsic, isSet);
  else if (isSet)
    fill(llvm::cast<llvm::MemSetInst>(intrinsic), static_cast<std::uint32_t>(size->getZExtValue()));
  else
    copy(llvm::cast<llvm::MemTransferInst>(intrinsic), static_cast<std::uint32_t>(size->getZExtValue()));
  return true;
}

void Blocks::copy(const llvm::MemTransferInst& copy, std::uint32_t size) {
  if (size == 0)
    return;
  Mem to = blockAt(copy.getRawDest(), x86::r10), from = blockAt(copy.getRawSource(), x86::r11);
  if (llvm::isa<llvm::MemMoveInst>(copy))
    movePieces(to, from, size);
  else
    copyPieces(to, from, size, copy.isVolatile());
}

/// One piece after the other: the blocks do not overlap.
void Blocks::copyPieces(const Mem& to, const Mem& from, std::uint32_t size, bool once) {
  forEachPiece(size, once, [&](std::uint32_t at, unsigned bytes) {
    if (bytes == 16) {
      loadXmm(x86::xmm15, within(from, at, 16), 16);
      storeXmm(within(to, at, 16), x86::xmm15, 16);
      return;
    }
    bytes < 4 ? a_.movzx(x86::eax, within(from, at, bytes))
              : a_.mov(sized(x86::rax, 8 * bytes), within(from, at, bytes));
    a_.mov(within(to, at, bytes), sized(x86::rax, 8 * bytes));
  });
}

/// Everything is read before anything is written: two pieces, which may overlap, cover up to twice the larger one.
void Blocks::movePieces(const Mem& to, const Mem& from, std::uint32_t size) {
  unsigned bytes = size >= 16 ? 16 : size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
  const std::uint32_t second = size - bytes;
  if (bytes >= 4) {
    loadXmm(x86::xmm14, within(from, 0, bytes), bytes);
    if (second != 0)
      loadXmm(x86::xmm15, within(from, second, bytes), bytes);
    storeXmm(within(to, 0, bytes), x86::xmm14, bytes);
    if (second != 0)
      storeXmm(within(to, second, bytes), x86::xmm15, bytes);
    return;
  }
  // The address may be in R11: it is read last.
  a_.movzx(x86::eax, within(from, 0, bytes));
  if (second != 0)
    a_.movzx(x86::r11d, within(from, second, bytes));
  a_.mov(within(to, 0, bytes), sized(x86::rax, 8 * bytes));
  if (second != 0)
    a_.mov(within(to, second, bytes), sized(x86::r11, 8 * bytes));
}

void Blocks::fill(const llvm::MemSetInst& fill, std::uint32_t size) {
  constexpr std::uint64_t kAllBytes = 0x0101010101010101;
  if (size == 0)
    return;
  Mem to = blockAt(fill.getRawDest(), x86::r10);
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(fill.getValue());
  const std::uint64_t pattern = constant ? constant->getZExtValue() * kAllBytes : 0;
  const bool inGpr = !constant || (size >= 8 && pattern != 0);
  if (!constant) {
    zeroExtendInto(x86::rax, fill.getValue());
    if (size > 1) {
      loadConstant(x86::r11, kAllBytes);
      a_.imul(x86::rax, x86::r11);
    }
  } else if (inGpr) {
    loadConstant(x86::rax, pattern);
  }
  if (size >= 16) {
    if (!inGpr) {
      clearXmm(x86::xmm15);
    } else {
      moveBits(x86::xmm15, x86::rax);
      hasAvx_ ? a_.vpunpcklqdq(x86::xmm15, x86::xmm15, x86::xmm15) : a_.punpcklqdq(x86::xmm15, x86::xmm15);
    }
  }
  forEachPiece(size, fill.isVolatile(), [&](std::uint32_t at, unsigned bytes) {
    if (bytes == 16)
      storeXmm(within(to, at, 16), x86::xmm15, 16);
    else if (inGpr)
      a_.mov(within(to, at, bytes), sized(x86::rax, 8 * bytes));
    else
      a_.mov(within(to, at, bytes), static_cast<std::int32_t>(pattern << (64 - 8 * bytes) >> (64 - 8 * bytes)));
  });
}

/// An `inline` one of any size: the string instructions. RSI, RDI and RCX may be places; XMM14, R10 and R11 keep them.
void Blocks::repeat(const llvm::IntrinsicInst& intrinsic, bool isSet) {
  readInto(x86::r11, intrinsic.getArgOperand(0));
  readInto(x86::rax, intrinsic.getArgOperand(1));
  a_.mov(x86::r10, x86::rdi);
  a_.movq(x86::xmm14, x86::rcx);
  a_.mov(x86::rdi, x86::r11);
  a_.mov(x86::r11, x86::rsi);
  loadConstant(x86::rcx, llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(2))->getZExtValue());
  if (isSet) {
    a_.rep().stosb();
  } else {
    a_.mov(x86::rsi, x86::rax);
    a_.rep().movsb();
  }
  a_.mov(x86::rsi, x86::r11);
  a_.movq(x86::rcx, x86::xmm14);
  a_.mov(x86::rdi, x86::r10);
}

/// The size may be narrower than the function's parameter.
void Blocks::call(const char* name, const llvm::IntrinsicInst& intrinsic) {
  const llvm::Value* size = intrinsic.getArgOperand(2);
  families_.counts.recordSize(intrinsic, size);
  const unsigned bits = bitsOf(size->getType());
  families_.calls.callLibrary(name, {intrinsic.getArgOperand(0), intrinsic.getArgOperand(1), size},
                              {.lastBits = bits < 64 ? bits : 0});
}

} // namespace kiln::baseline
