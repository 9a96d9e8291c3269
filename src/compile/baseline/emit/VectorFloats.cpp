// Arithmetic and comparisons of vectors of floats and doubles.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

using namespace sse;

void Vectors::emitFloat(const llvm::Instruction& instruction) {
  const bool wide = formOf(instruction.getType()).lane == 8;
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd: return emitSimple(instruction, wide ? kAddpd : kAddps);
  case llvm::Instruction::FSub: return emitSimple(instruction, wide ? kSubpd : kSubps);
  case llvm::Instruction::FMul: return emitSimple(instruction, wide ? kMulpd : kMulps);
  case llvm::Instruction::FDiv: return emitSimple(instruction, wide ? kDivpd : kDivps);
  case llvm::Instruction::FNeg: {
    const std::uint32_t number = numberOf(instruction);
    Xmm to = targetXmm(number);
    sse(kPxor, to, readXmm(instruction.getOperand(0), 0, to),
        splat(std::uint64_t{1} << (wide ? 63 : 31), wide ? 8 : 4));
    return wrote(number, 0, to);
  }
  default: refuse(std::string("vector ") + instruction.getOpcodeName());
  }
}

namespace {

/// The number of a comparison in CMPPS, of the operands as they are or the other way round.
struct LaneTest {
  unsigned code;
  bool swapped = false;
};

LaneTest laneTestOf(llvm::CmpInst::Predicate predicate) {
  switch (predicate) {
  case llvm::CmpInst::FCMP_OEQ: return {0};
  case llvm::CmpInst::FCMP_OLT: return {1};
  case llvm::CmpInst::FCMP_OLE: return {2};
  case llvm::CmpInst::FCMP_UNO: return {3};
  case llvm::CmpInst::FCMP_UNE: return {4};
  case llvm::CmpInst::FCMP_UGE: return {5};
  case llvm::CmpInst::FCMP_UGT: return {6};
  case llvm::CmpInst::FCMP_ORD: return {7};
  case llvm::CmpInst::FCMP_OGT: return {1, true};
  case llvm::CmpInst::FCMP_OGE: return {2, true};
  case llvm::CmpInst::FCMP_ULE: return {5, true};
  default: return {6, true}; // ULT
  }
}

} // namespace

void Vectors::emitFloatCompare(const llvm::FCmpInst& compare) {
  const std::uint32_t number = numberOf(compare);
  const VectorForm form = formOf(compare.getOperand(0)->getType());
  const Sse& operation = form.lane == 8 ? kCmppd : kCmpps;
  const llvm::CmpInst::Predicate predicate = compare.getPredicate();
  asmjit::Operand left = steady(compare.getOperand(0), 0), right = steady(compare.getOperand(1), 1);
  Xmm to = targetXmm(number);
  auto test = [&](Xmm into, LaneTest how) {
    loadOperand(into, how.swapped ? right : left);
    sse(operation, into, into, how.swapped ? left : right, how.code);
  };
  switch (predicate) {
  case llvm::CmpInst::FCMP_FALSE:
  case llvm::CmpInst::FCMP_TRUE:
    clearXmm(to);
    if (predicate == llvm::CmpInst::FCMP_TRUE)
      invert(to);
    break;
  case llvm::CmpInst::FCMP_ONE:
  case llvm::CmpInst::FCMP_UEQ: {
    const bool isOne = predicate == llvm::CmpInst::FCMP_ONE;
    test(to, laneTestOf(isOne ? llvm::CmpInst::FCMP_ORD : llvm::CmpInst::FCMP_UNO));
    test(x86::xmm14, laneTestOf(isOne ? llvm::CmpInst::FCMP_UNE : llvm::CmpInst::FCMP_OEQ));
    sse(isOne ? kPand : kPor, to, to, x86::xmm14);
    break;
  }
  default: test(to, laneTestOf(predicate));
  }
  widenMask(to, form.lane, maskLane(form.count));
  wrote(number, 0, to);
}

/// True if the intrinsic is code in place for floats and doubles.
bool Vectors::emitFloatIntrinsic(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const bool wide = form.lane == 8;
  const std::uint32_t number = numberOf(intrinsic);
  const Mem sign = splat(std::uint64_t{1} << (wide ? 63 : 31), wide ? 8 : 4);
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::fabs: {
    Xmm to = targetXmm(number);
    sse(kPand, to, readXmm(intrinsic.getArgOperand(0), 0, to),
        splat(~std::uint64_t{0} >> (wide ? 1 : 33), wide ? 8 : 4));
    wrote(number, 0, to);
    return true;
  }
  case llvm::Intrinsic::copysign: {
    asmjit::Operand magnitude = steady(intrinsic.getArgOperand(0), 0), of = steady(intrinsic.getArgOperand(1), 1);
    Xmm to = targetXmm(number);
    loadOperand(to, sign);
    sse(kPandn, to, to, magnitude);
    loadOperand(x86::xmm14, sign);
    sse(kPand, x86::xmm14, x86::xmm14, of);
    sse(kPor, to, to, x86::xmm14);
    wrote(number, 0, to);
    return true;
  }
  case llvm::Intrinsic::sqrt: {
    asmjit::Operand from = steady(intrinsic.getArgOperand(0), 0);
    Xmm to = targetXmm(number);
    sseUnary(wide ? kSqrtpd : kSqrtps, to, from);
    wrote(number, 0, to);
    return true;
  }
  case llvm::Intrinsic::fmuladd: {
    asmjit::Operand left = steady(intrinsic.getArgOperand(0), 0), right = steady(intrinsic.getArgOperand(1), 1),
                    added = steady(intrinsic.getArgOperand(2), 2);
    Xmm to = targetXmm(number);
    loadOperand(to, left);
    sse(wide ? kMulpd : kMulps, to, to, right);
    sse(wide ? kAddpd : kAddps, to, to, added);
    wrote(number, 0, to);
    return true;
  }
  case llvm::Intrinsic::floor: return emitRound(intrinsic, form, 9);
  case llvm::Intrinsic::ceil: return emitRound(intrinsic, form, 10);
  case llvm::Intrinsic::trunc: return emitRound(intrinsic, form, 11);
  case llvm::Intrinsic::roundeven: return emitRound(intrinsic, form, 8);
  case llvm::Intrinsic::rint: return emitRound(intrinsic, form, 4);
  case llvm::Intrinsic::nearbyint: return emitRound(intrinsic, form, 12);
  default: return false;
  }
}

bool Vectors::emitRound(const llvm::IntrinsicInst& intrinsic, const VectorForm& form, unsigned mode) {
  if (!features().hasSSE4_1())
    return false;
  const std::uint32_t number = numberOf(intrinsic);
  asmjit::Operand from = steady(intrinsic.getArgOperand(0), 0);
  Xmm to = targetXmm(number);
  sseUnary(form.lane == 8 ? kRoundpd : kRoundps, to, from, mode);
  wrote(number, 0, to);
  return true;
}

/// In order, from the given start on.
void Vectors::reduceFloat(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const std::uint32_t number = numberOf(intrinsic);
  const bool isSum = intrinsic.getIntrinsicID() == llvm::Intrinsic::vector_reduce_fadd;
  const Sse& operation = form.lane == 8 ? (isSum ? kAddsd : kMulsd) : (isSum ? kAddss : kMulss);
  const std::int32_t from = spill(intrinsic.getArgOperand(1), 1);
  Xmm to = targetXmm(number);
  readXmmInto(to, intrinsic.getArgOperand(0));
  for (unsigned i = 0; i < form.count; ++i)
    sse(operation, to, to, laneAt(from, form, i));
  wrote(number, 0, to);
}

} // namespace kiln::baseline
