// Casts from and to vectors.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Aggregates.h"
#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

using namespace sse;

void Vectors::emitCast(const llvm::CastInst& cast) {
  switch (cast.getOpcode()) {
  case llvm::Instruction::BitCast: return emitBitcast(cast);
  case llvm::Instruction::FPExt:
  case llvm::Instruction::FPTrunc: {
    const std::uint32_t number = numberOf(cast);
    Xmm to = targetXmm(number), from = readXmm(cast.getOperand(0), 0, to);
    sseUnary(cast.getOpcode() == llvm::Instruction::FPExt ? kCvtps2pd : kCvtpd2ps, to, from);
    return wrote(number, 0, to);
  }
  case llvm::Instruction::SIToFP:
  case llvm::Instruction::UIToFP: return emitToFloat(cast);
  case llvm::Instruction::FPToSI:
  case llvm::Instruction::FPToUI: return emitFromFloat(cast);
  default: return emitResize(cast);
  }
}

// Integers ------------------------------------------------------------------------------------------------------------

/// Lanes of one width from those of another.
void Vectors::emitResize(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const VectorForm from = formOf(cast.getSrcTy()), form = formOf(cast.getType());
  const bool isSigned = cast.getOpcode() == llvm::Instruction::SExt;
  Xmm to = targetXmm(number);
  readXmmInto(to, cast.getOperand(0));
  if (form.isMask) {
    if (!from.isMask)
      maskFromLanes(to, from.lane, maskLane(form.count));
  } else if (from.isMask) {
    narrowMask(to, from.lane, form.lane);
    if (!isSigned)
      onesFromMask(to, form.lane);
  } else if (form.lane > from.lane) {
    extendLanes(to, from.lane, form.lane, isSigned);
  } else if (form.lane < from.lane) {
    truncateLanes(to, from.lane, form.lane);
  }
  wrote(number, 0, to);
}

/// 1 where the mask is set.
void Vectors::onesFromMask(Xmm to, unsigned lane) {
  if (lane == 1)
    sse(kPand, to, to, splat(1, 1));
  else
    shiftLanes(to, llvm::Instruction::LShr, lane, 8 * lane - 1);
}

/// A mask of the lowest bits of lanes. Uses XMM14.
void Vectors::maskFromLanes(Xmm to, unsigned lane, unsigned wanted) {
  switch (lane) {
  case 1:
    sseShift(kPsllw, to, to, 7);
    clearXmm(x86::xmm14);
    sse(kPcmpgtb, x86::xmm14, x86::xmm14, to);
    move(to, x86::xmm14);
    break;
  case 2:
    sseShift(kPsllw, to, to, 15);
    sseShift(kPsraw, to, to, 15);
    break;
  default:
    if (lane == 8)
      sseUnary(kPshufd, to, to, 0xa0);
    sseShift(kPslld, to, to, 31);
    sseShift(kPsrad, to, to, 31);
  }
  widenMask(to, lane, wanted);
}

/// Uses XMM14.
void Vectors::extendLanes(Xmm to, unsigned lane, unsigned wanted, bool isSigned) {
  if (features().hasSSE4_1()) {
    const Sse& operation = lane == 1 ? (wanted == 2   ? (isSigned ? kPmovsxbw : kPmovzxbw)
                                        : wanted == 4 ? (isSigned ? kPmovsxbd : kPmovzxbd)
                                                      : (isSigned ? kPmovsxbq : kPmovzxbq))
                           : lane == 2
                               ? (wanted == 4 ? (isSigned ? kPmovsxwd : kPmovzxwd) : (isSigned ? kPmovsxwq : kPmovzxwq))
                               : (isSigned ? kPmovsxdq : kPmovzxdq);
    return sseUnary(operation, to, to);
  }
  for (; lane < wanted; lane *= 2) {
    const Sse& unpack = lane == 1 ? kPunpcklbw : lane == 2 ? kPunpcklwd : kPunpckldq;
    if (isSigned && lane < 4) {
      sse(unpack, to, to, to);
      sseShift(lane == 1 ? kPsraw : kPsrad, to, to, 8 * lane);
      continue;
    }
    if (isSigned)
      sseShift(kPsrad, x86::xmm14, to, 31);
    else
      clearXmm(x86::xmm14);
    sse(unpack, to, to, x86::xmm14);
  }
}

void Vectors::truncateLanes(Xmm to, unsigned lane, unsigned wanted) {
  for (; lane > wanted; lane /= 2) {
    if (lane == 8) {
      sseUnary(kPshufd, to, to, 0x08);
    } else if (lane == 4) {
      sseShift(kPslld, to, to, 16);
      sseShift(kPsrad, to, to, 16);
      sse(kPackssdw, to, to, to);
    } else {
      sse(kPand, to, to, splat(0x00ff, 2));
      sse(kPackuswb, to, to, to);
    }
  }
}

// Floats --------------------------------------------------------------------------------------------------------------

void Vectors::emitToFloat(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const VectorForm from = formOf(cast.getSrcTy()), form = formOf(cast.getType());
  const bool isSigned = cast.getOpcode() == llvm::Instruction::SIToFP, wide = form.lane == 8;
  if (from.isMask || from.lane < 4 || (from.lane == 4 && isSigned)) {
    Xmm to = targetXmm(number);
    readXmmInto(to, cast.getOperand(0));
    if (from.isMask) {
      narrowMask(to, from.lane, 4);
      if (!isSigned)
        onesFromMask(to, 4);
    } else if (from.lane < 4) {
      extendLanes(to, from.lane, 4, isSigned);
    }
    sseUnary(wide ? kCvtdq2pd : kCvtdq2ps, to, to);
    return wrote(number, 0, to);
  }
  // Lanes that fit 64 bits with a sign.
  const std::int32_t source = spill(cast.getOperand(0), 0), target = vectorSlot(2);
  for (unsigned i = 0; i < form.count; ++i) {
    loadLane(x86::rax, laneAt(source, from, i), isSigned);
    clearXmm(x86::xmm14);
    if (hasAvx_)
      wide ? a_.vcvtsi2sd(x86::xmm14, x86::xmm14, x86::rax) : a_.vcvtsi2ss(x86::xmm14, x86::xmm14, x86::rax);
    else
      wide ? a_.cvtsi2sd(x86::xmm14, x86::rax) : a_.cvtsi2ss(x86::xmm14, x86::rax);
    storeXmm(laneAt(target, form, i), x86::xmm14, form.lane);
  }
  takeSlot(number, target);
}

void Vectors::emitFromFloat(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const VectorForm from = formOf(cast.getSrcTy()), form = formOf(cast.getType());
  const bool isSigned = cast.getOpcode() == llvm::Instruction::FPToSI, wide = from.lane == 8;
  if (form.isMask)
    refuse("vector of floating point to a mask");
  if (form.lane < 4 || (form.lane == 4 && isSigned)) {
    Xmm to = targetXmm(number), source = readXmm(cast.getOperand(0), 0, to);
    sseUnary(wide ? kCvttpd2dq : kCvttps2dq, to, source);
    truncateLanes(to, 4, form.lane);
    return wrote(number, 0, to);
  }
  const std::int32_t source = spill(cast.getOperand(0), 0), target = vectorSlot(2);
  for (unsigned i = 0; i < form.count; ++i) {
    Mem lane = laneAt(source, from, i);
    if (hasAvx_)
      wide ? a_.vcvttsd2si(x86::rax, lane) : a_.vcvttss2si(x86::rax, lane);
    else
      wide ? a_.cvttsd2si(x86::rax, lane) : a_.cvttss2si(x86::rax, lane);
    storeLane(laneAt(target, form, i), x86::rax);
  }
  takeSlot(number, target);
}

// Other names for the same bits ---------------------------------------------------------------------------------------

void Vectors::emitBitcast(const llvm::CastInst& cast) {
  const std::uint32_t number = numberOf(cast);
  const llvm::Value* from = cast.getOperand(0);
  llvm::Type *source = from->getType(), *type = cast.getType();
  if (source->isX86_FP80Ty() || type->isX86_FP80Ty())
    refuse("bitcast of a vector and an x87 number");
  const bool fromMask = source->isVectorTy() && formOf(source).isMask,
             toMask = type->isVectorTy() && formOf(type).isMask;
  // Everything that is not in an SSE register on both sides goes through RAX, and R10 for what is above.
  if (source->isVectorTy() && !fromMask && !toMask && (type->isVectorTy() || isOneXmm(type)))
    return families_.aggregates.moveParts(number, from, 0);
  if (isOneXmm(source) && !toMask)
    return families_.aggregates.moveParts(number, from, 0);
  if (fromMask && toMask)
    return families_.aggregates.moveParts(number, from, 0);
  const bool wide = e_.data.getTypeSizeInBits(type).getFixedValue() > 64;
  if (source->isIntegerTy() || source->isPointerTy()) {
    readInto(x86::rax, from, 0);
    if (wide)
      readInto(x86::r10, from, 1);
  } else if (fromMask) {
    bitsFromMask(x86::rax, readXmm(from), formOf(source).count);
  } else {
    Xmm vector = readXmm(from);
    moveBits(x86::rax, vector);
    if (wide) {
      sseUnary(kPshufd, x86::xmm14, vector, 0xee);
      moveBits(x86::r10, x86::xmm14);
    }
  }
  fromBits(number, type, wide);
}

/// The result out of the bits in RAX and R10.
void Vectors::fromBits(std::uint32_t number, llvm::Type* type, bool wide) {
  if (type->isIntegerTy() && wide) {
    cleanHigh(x86::r10, bitsOf(type));
    return wroteWide(number, x86::rax, x86::r10);
  }
  if (isOneGpr(type)) {
    if (!isExactWidth(type))
      clean(x86::rax, bitsOf(type));
    return wrote(number, 0, x86::rax);
  }
  Xmm to = targetXmm(number);
  if (type->isVectorTy() && formOf(type).isMask) {
    maskFromBits(to, x86::rax, formOf(type).count);
  } else {
    moveBits(to, x86::rax);
    if (wide) {
      moveBits(x86::xmm14, x86::r10);
      sse(kPunpcklqdq, to, to, x86::xmm14);
    }
  }
  wrote(number, 0, to);
}

} // namespace kiln::baseline
