// How bitcode numbers the operations of LLVM's instructions and constant expressions.
#pragma once

#include <llvm/Bitcode/LLVMBitCodes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Operator.h>

#include <cstdint>
#include <optional>

namespace kiln::opcode {

inline std::optional<llvm::Instruction::BinaryOps> binary(std::uint64_t code, const llvm::Type* type) {
  using Op = llvm::Instruction::BinaryOps;
  constexpr int kNone = -1;
  static constexpr int kInteger[] = {Op::Add,  Op::Sub, Op::Mul,  Op::UDiv, Op::SDiv, Op::URem, Op::SRem,
                                     Op::Shl, Op::LShr, Op::AShr, Op::And,  Op::Or,   Op::Xor};
  static constexpr int kFloat[] = {Op::FAdd, Op::FSub, Op::FMul, kNone, Op::FDiv, kNone, Op::FRem,
                                   kNone,    kNone,    kNone,    kNone, kNone,    kNone};
  if (code >= std::size(kInteger))
    return std::nullopt;
  int op = type->isIntOrIntVectorTy() ? kInteger[code] : type->isFPOrFPVectorTy() ? kFloat[code] : kNone;
  return op == kNone ? std::nullopt : std::optional(static_cast<Op>(op));
}

inline std::optional<llvm::Instruction::CastOps> cast(std::uint64_t code) {
  using Op = llvm::Instruction::CastOps;
  static constexpr Op kCasts[] = {Op::Trunc,   Op::ZExt,  Op::SExt,     Op::FPToUI,   Op::FPToSI,  Op::UIToFP,       Op::SIToFP,
                                  Op::FPTrunc, Op::FPExt, Op::PtrToInt, Op::IntToPtr, Op::BitCast, Op::AddrSpaceCast};
  return code < std::size(kCasts) ? std::optional(kCasts[code]) : std::nullopt;
}

inline llvm::GEPNoWrapFlags addressFlags(std::uint64_t word) {
  llvm::GEPNoWrapFlags flags = llvm::GEPNoWrapFlags::none();
  if (word & (1 << llvm::bitc::GEP_INBOUNDS))
    flags |= llvm::GEPNoWrapFlags::inBounds();
  if (word & (1 << llvm::bitc::GEP_NUSW))
    flags |= llvm::GEPNoWrapFlags::noUnsignedSignedWrap();
  if (word & (1 << llvm::bitc::GEP_NUW))
    flags |= llvm::GEPNoWrapFlags::noUnsignedWrap();
  return flags;
}

} // namespace kiln::opcode
