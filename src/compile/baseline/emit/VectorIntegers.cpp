// Arithmetic and comparisons of vectors of integers.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Aggregates.h"
#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {
namespace {

using namespace sse;

/// By bytes of a lane.
const Sse& byLane(unsigned lane, const Sse& b, const Sse& w, const Sse& d, const Sse& q) {
  return lane == 1 ? b : lane == 2 ? w : lane == 4 ? d : q;
}
const Sse& addOf(unsigned lane) { return byLane(lane, kPaddb, kPaddw, kPaddd, kPaddq); }
const Sse& subOf(unsigned lane) { return byLane(lane, kPsubb, kPsubw, kPsubd, kPsubq); }
const Sse& equalOf(unsigned lane) { return byLane(lane, kPcmpeqb, kPcmpeqw, kPcmpeqd, kPcmpeqq); }
const Sse& aboveOf(unsigned lane) { return byLane(lane, kPcmpgtb, kPcmpgtw, kPcmpgtd, kPcmpgtq); }

const llvm::ConstantInt* splatOf(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  return constant ? llvm::dyn_cast_or_null<llvm::ConstantInt>(constant->getSplatValue()) : nullptr;
}

} // namespace

void Vectors::emitInteger(const llvm::Instruction& instruction) {
  const VectorForm form = formOf(instruction.getType());
  switch (instruction.getOpcode()) {
  case llvm::Instruction::And: return emitSimple(instruction, kPand);
  case llvm::Instruction::Or: return emitSimple(instruction, kPor);
  case llvm::Instruction::Xor: return emitSimple(instruction, kPxor);
  case llvm::Instruction::Add: return emitSimple(instruction, form.isMask ? kPxor : addOf(form.lane));
  case llvm::Instruction::Sub: return emitSimple(instruction, form.isMask ? kPxor : subOf(form.lane));
  case llvm::Instruction::Mul:
    if (form.isMask)
      return emitSimple(instruction, kPand);
    return emitMul(instruction, form);
  case llvm::Instruction::Shl:
  case llvm::Instruction::LShr:
  case llvm::Instruction::AShr:
    if (form.isMask)
      return families_.aggregates.moveParts(numberOf(instruction), instruction.getOperand(0),
                                            0); // a count other than zero is not defined
    if (const llvm::ConstantInt* amount = splatOf(instruction.getOperand(1)))
      return emitShiftBy(instruction, form,
                         static_cast<unsigned>(amount->getValue().getLimitedValue(form.lane * 8 - 1)));
    return emitShift(instruction, form);
  default:
    if (form.isMask) // division by one, the only divisor there is
      return instruction.getOpcode() == llvm::Instruction::UDiv || instruction.getOpcode() == llvm::Instruction::SDiv
                 ? families_.aggregates.moveParts(numberOf(instruction), instruction.getOperand(0), 0)
                 : families_.aggregates.moveParts(numberOf(instruction),
                                                  llvm::Constant::getNullValue(instruction.getType()), 0);
    refuse(std::string("vector ") + instruction.getOpcodeName());
  }
}

void Vectors::eachLane(const llvm::Instruction& instruction, const VectorForm& form, bool isSigned,
                       llvm::function_ref<void()> operation) {
  const std::int32_t left = spill(instruction.getOperand(0), 0), right = spill(instruction.getOperand(1), 1),
                     to = vectorSlot(2);
  for (unsigned i = 0; i < form.count; ++i) {
    loadLane(x86::rax, laneAt(left, form, i), isSigned);
    loadLane(x86::r10, laneAt(right, form, i), isSigned);
    operation();
    storeLane(laneAt(to, form, i), x86::rax);
  }
  takeSlot(numberOf(instruction), to);
}

// Products ------------------------------------------------------------------------------------------------------------

void Vectors::emitMul(const llvm::Instruction& instruction, const VectorForm& form) {
  if (form.lane == 2)
    return emitSimple(instruction, kPmullw);
  if (form.lane == 4 && features().hasSSE4_1())
    return emitSimple(instruction, kPmulld);
  if (form.lane == 4)
    return eachLane(instruction, form, false, [&] { a_.imul(x86::eax, x86::r10d); });
  const std::uint32_t number = numberOf(instruction);
  asmjit::Operand left = steady(instruction.getOperand(0), 0), right = steady(instruction.getOperand(1), 1);
  Xmm to = targetXmm(number);
  const Xmm other = x86::xmm14;
  if (form.lane == 1) {
    // Of words: the upper bytes' products, then those of the lower ones.
    loadOperand(to, left);
    sseShift(kPsrlw, to, to, 8);
    loadOperand(other, right);
    sse(kPand, other, other, splat(0xff00, 2));
    sse(kPmullw, to, to, other);
    loadOperand(other, left);
    sse(kPmullw, other, other, right);
    sse(kPand, other, other, splat(0x00ff, 2));
    sse(kPor, to, to, other);
  } else {
    // low * low + ((high * low + low * high) << 32)
    loadOperand(to, right);
    sseShift(kPsrlq, to, to, 32);
    sse(kPmuludq, to, to, left);
    loadOperand(other, left);
    sseShift(kPsrlq, other, other, 32);
    sse(kPmuludq, other, other, right);
    sse(kPaddq, to, to, other);
    sseShift(kPsllq, to, to, 32);
    loadOperand(other, left);
    sse(kPmuludq, other, other, right);
    sse(kPaddq, to, to, other);
  }
  wrote(number, 0, to);
}

// Shifts --------------------------------------------------------------------------------------------------------------

void Vectors::emitShiftBy(const llvm::Instruction& instruction, const VectorForm& form, unsigned amount) {
  const std::uint32_t number = numberOf(instruction);
  Xmm to = targetXmm(number);
  readXmmInto(to, instruction.getOperand(0));
  shiftLanes(to, instruction.getOpcode(), form.lane, amount);
  wrote(number, 0, to);
}

/// Shifts all lanes by a constant.
void Vectors::shiftLanes(Xmm to, unsigned opcode, unsigned lane, unsigned amount) {
  if (amount == 0)
    return;
  const unsigned bits = 8 * lane;
  if (opcode == llvm::Instruction::Shl) {
    sseShift(byLane(lane, kPsllw, kPsllw, kPslld, kPsllq), to, to, amount);
    if (lane == 1)
      sse(kPand, to, to, splat(0xffu << amount & 0xff, 1));
    return;
  }
  const bool hasSigned = lane == 2 || lane == 4;
  if (opcode == llvm::Instruction::AShr && hasSigned)
    return sseShift(lane == 2 ? kPsraw : kPsrad, to, to, amount);
  sseShift(byLane(lane, kPsrlw, kPsrlw, kPsrld, kPsrlq), to, to, amount);
  if (lane == 1)
    sse(kPand, to, to, splat(0xffu >> amount, 1));
  if (opcode == llvm::Instruction::AShr) { // what was the sign is now worth so much
    Mem sign = splat(std::uint64_t{1} << (bits - 1 - amount), lane);
    sse(kPxor, to, to, sign);
    sse(subOf(lane), to, to, sign);
  }
}

/// Each lane by a count of its own: 32 and 64 bits. The others have kernels.
void Vectors::emitShift(const llvm::Instruction& instruction, const VectorForm& form) {
  const std::uint32_t number = numberOf(instruction);
  const unsigned opcode = instruction.getOpcode(), bits = 8 * form.lane;
  namespace Inst = x86::Inst;
  if (!features().hasAVX2()) {
    return eachLane(instruction, form, opcode == llvm::Instruction::AShr, [&] {
      Gp result = sized(x86::rax, bits);
      a_.mov(x86::r11, x86::rcx);
      a_.mov(x86::rcx, x86::r10);
      a_.emit(shiftOf(opcode), result, x86::cl);
      a_.mov(x86::rcx, x86::r11);
    });
  }
  asmjit::Operand counts = steady(instruction.getOperand(1), 1);
  Xmm to = targetXmm(number);
  Xmm from = readXmm(instruction.getOperand(0), 0, to);
  const bool wide = form.lane == 8;
  if (opcode == llvm::Instruction::Shl) {
    a_.emit(wide ? Inst::kIdVpsllvq : Inst::kIdVpsllvd, to, from, counts);
  } else if (opcode == llvm::Instruction::LShr) {
    a_.emit(wide ? Inst::kIdVpsrlvq : Inst::kIdVpsrlvd, to, from, counts);
  } else if (!wide) {
    a_.emit(Inst::kIdVpsravd, to, from, counts);
  } else {
    a_.emit(Inst::kIdVpsrlvq, to, from, counts);
    loadOperand(x86::xmm14, splat(std::uint64_t{1} << 63, 8));
    a_.emit(Inst::kIdVpsrlvq, x86::xmm14, x86::xmm14, counts);
    sse(kPxor, to, to, x86::xmm14);
    sse(kPsubq, to, to, x86::xmm14);
  }
  wrote(number, 0, to);
}

// Comparisons ---------------------------------------------------------------------------------------------------------

void Vectors::emitCompare(const llvm::CmpInst& compare) {
  if (llvm::isa<llvm::FCmpInst>(compare))
    return emitFloatCompare(llvm::cast<llvm::FCmpInst>(compare));
  const std::uint32_t number = numberOf(compare);
  const VectorForm form = formOf(compare.getOperand(0)->getType());
  if (form.lane == 8 && !features().hasSSE4_2() && !compare.isEquality() && !form.isMask)
    return compareEachLane(compare, form);
  asmjit::Operand left = steady(compare.getOperand(0), 0), right = steady(compare.getOperand(1), 1);
  Xmm to = targetXmm(number);
  compareLanes(to, compare.getPredicate(), left, right, form);
  widenMask(to, form.lane, maskLane(form.count));
  wrote(number, 0, to);
}

void Vectors::invert(Xmm to) { sse(kPxor, to, to, splat(~std::uint64_t{0}, 8)); }

/// Where pairs of lanes fulfil the predicate. Uses XMM14; `to` is none of the operands.
void Vectors::compareLanes(Xmm to, llvm::CmpInst::Predicate predicate, asmjit::Operand left, asmjit::Operand right,
                           const VectorForm& form) {
  if (llvm::CmpInst::isEquality(predicate)) {
    loadOperand(to, left);
    if (form.lane == 8 && !features().hasSSE4_1()) {
      sse(kPcmpeqd, to, to, right);
      sseUnary(kPshufd, x86::xmm14, to, 0xb1);
      sse(kPand, to, to, x86::xmm14);
    } else {
      sse(equalOf(form.lane), to, to, right);
    }
    if (predicate == llvm::CmpInst::ICMP_NE)
      invert(to);
    return;
  }
  // a > b as it is; a < b the other way round; the others are the contraries of these.
  const bool isStrict = llvm::CmpInst::isStrictPredicate(predicate);
  if (isStrict ? llvm::ICmpInst::isLT(predicate) : llvm::ICmpInst::isGE(predicate))
    std::swap(left, right);
  // As a number with a sign, the one bit of a mask is the less if it is set.
  const bool isSigned = llvm::CmpInst::isSigned(predicate);
  if (form.isMask && isSigned)
    std::swap(left, right);
  loadOperand(to, left);
  if (form.isMask) { // set here and not there
    loadOperand(x86::xmm14, right);
    sse(kPandn, x86::xmm14, x86::xmm14, to);
    move(to, x86::xmm14);
  } else if (isSigned) {
    sse(aboveOf(form.lane), to, to, right);
  } else {
    Mem sign = splat(std::uint64_t{1} << (8 * form.lane - 1), form.lane);
    sse(kPxor, to, to, sign);
    loadOperand(x86::xmm14, right);
    sse(kPxor, x86::xmm14, x86::xmm14, sign);
    sse(aboveOf(form.lane), to, to, x86::xmm14);
  }
  if (!isStrict)
    invert(to);
}

/// Lanes of 64 bits where there is no instruction for them.
void Vectors::compareEachLane(const llvm::CmpInst& compare, const VectorForm& form) {
  eachLane(compare, form, false, [&] {
    a_.cmp(x86::rax, x86::r10);
    a_.emit(x86::Inst::setccFromCond(conditionOf(compare.getPredicate())), x86::al);
    a_.movzx(x86::eax, x86::al);
    a_.neg(x86::rax);
  });
}

// Extremes, sums that saturate, and the like --------------------------------------------------------------------------

void Vectors::emitExtreme(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const auto id = intrinsic.getIntrinsicID();
  const bool isMax = id == llvm::Intrinsic::smax || id == llvm::Intrinsic::umax;
  const bool isSigned = id == llvm::Intrinsic::smax || id == llvm::Intrinsic::smin;
  const bool always = (form.lane == 1 && !isSigned) || (form.lane == 2 && isSigned);
  if (!form.isMask && form.lane < 8 && (always || features().hasSSE4_1())) {
    const Sse& operation = isMax ? (isSigned ? byLane(form.lane, kPmaxsb, kPmaxsw, kPmaxsd, kPmaxsd)
                                             : byLane(form.lane, kPmaxub, kPmaxuw, kPmaxud, kPmaxud))
                                 : (isSigned ? byLane(form.lane, kPminsb, kPminsw, kPminsd, kPminsd)
                                             : byLane(form.lane, kPminub, kPminuw, kPminud, kPminud));
    return emitSimple(intrinsic, operation);
  }
  if (form.lane == 8 && !features().hasSSE4_2() && !form.isMask)
    return eachLane(intrinsic, form, false, [&] {
      a_.cmp(x86::rax, x86::r10);
      isSigned ? (isMax ? a_.cmovl(x86::rax, x86::r10) : a_.cmovg(x86::rax, x86::r10))
               : (isMax ? a_.cmovb(x86::rax, x86::r10) : a_.cmova(x86::rax, x86::r10));
    });
  if (form.isMask) // of numbers with a sign, the one bit set is the less
    return emitSimple(intrinsic, isMax == isSigned ? kPand : kPor);
  const std::uint32_t number = numberOf(intrinsic);
  asmjit::Operand left = steady(intrinsic.getArgOperand(0), 0), right = steady(intrinsic.getArgOperand(1), 1);
  Xmm to = targetXmm(number);
  compareLanes(to, isSigned ? llvm::CmpInst::ICMP_SGT : llvm::CmpInst::ICMP_UGT, left, right, form);
  isMax ? blend(to, left, right) : blend(to, right, left);
  wrote(number, 0, to);
}

/// True if lanes of this size saturate in one instruction.
bool Vectors::emitSaturated(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  if (form.isMask || form.lane > 2)
    return false;
  const bool bytes = form.lane == 1;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::sadd_sat: emitSimple(intrinsic, bytes ? kPaddsb : kPaddsw); return true;
  case llvm::Intrinsic::uadd_sat: emitSimple(intrinsic, bytes ? kPaddusb : kPaddusw); return true;
  case llvm::Intrinsic::ssub_sat: emitSimple(intrinsic, bytes ? kPsubsb : kPsubsw); return true;
  default: emitSimple(intrinsic, bytes ? kPsubusb : kPsubusw); return true;
  }
}

void Vectors::emitAbsolute(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const std::uint32_t number = numberOf(intrinsic);
  if (form.isMask)
    return families_.aggregates.moveParts(number, intrinsic.getArgOperand(0), 0);
  asmjit::Operand from = steady(intrinsic.getArgOperand(0), 0);
  Xmm to = targetXmm(number);
  if (form.lane < 8 && features().hasSSSE3()) {
    sseUnary(byLane(form.lane, kPabsb, kPabsw, kPabsd, kPabsd), to, from);
    return wrote(number, 0, to);
  }
  // (x ^ sign) - sign
  loadOperand(x86::xmm14, from);
  if (form.lane == 8) {
    sseUnary(kPshufd, x86::xmm14, x86::xmm14, 0xf5);
    sseShift(kPsrad, x86::xmm14, x86::xmm14, 31);
  } else {
    shiftLanes(x86::xmm14, llvm::Instruction::AShr, form.lane, 8 * form.lane - 1);
  }
  loadOperand(to, from);
  sse(kPxor, to, to, x86::xmm14);
  sse(subOf(form.lane), to, to, x86::xmm14);
  wrote(number, 0, to);
}

/// Funnel shifts by one constant for all lanes, of 16 bits and more.
void Vectors::emitFunnelShift(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const std::uint32_t number = numberOf(intrinsic);
  const unsigned bits = 8 * form.lane;
  auto amount = static_cast<unsigned>(splatOf(intrinsic.getArgOperand(2))->getValue().urem(bits));
  const bool left = intrinsic.getIntrinsicID() == llvm::Intrinsic::fshl;
  if (amount == 0)
    return families_.aggregates.moveParts(number, intrinsic.getArgOperand(left ? 0 : 1), 0);
  asmjit::Operand upper = steady(intrinsic.getArgOperand(0), 0), lower = steady(intrinsic.getArgOperand(1), 1);
  const unsigned up = left ? amount : bits - amount;
  Xmm to = targetXmm(number);
  loadOperand(to, upper);
  shiftLanes(to, llvm::Instruction::Shl, form.lane, up);
  loadOperand(x86::xmm14, lower);
  shiftLanes(x86::xmm14, llvm::Instruction::LShr, form.lane, bits - up);
  sse(kPor, to, to, x86::xmm14);
  wrote(number, 0, to);
}

} // namespace kiln::baseline
