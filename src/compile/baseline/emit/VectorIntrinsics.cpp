// Intrinsics on vectors.
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

using namespace sse;

bool Vectors::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_size() == 0)
    return false;
  if (emitMaskedAccess(intrinsic))
    return true;
  if (intrinsic.getType()->isVoidTy())
    return false;
  llvm::Type* type = intrinsic.getArgOperand(0)->getType();
  const auto id = intrinsic.getIntrinsicID();
  const bool isFold = id == llvm::Intrinsic::vector_reduce_fadd || id == llvm::Intrinsic::vector_reduce_fmul;
  if (!type->isVectorTy() && !isFold)
    return false;
  if (!isUsed(numberOf(intrinsic)))
    return true;
  const VectorForm form = formOf(isFold ? intrinsic.getArgOperand(1)->getType() : type);
  if (isFold) {
    reduceFloat(intrinsic, form);
    return true;
  }
  if (form.isReal)
    return emitFloatIntrinsic(intrinsic, form) || families_.calls.callKernel(intrinsic) || emitMachine(intrinsic);
  switch (id) {
  case llvm::Intrinsic::smin:
  case llvm::Intrinsic::smax:
  case llvm::Intrinsic::umin:
  case llvm::Intrinsic::umax: emitExtreme(intrinsic, form); return true;
  case llvm::Intrinsic::sadd_sat:
  case llvm::Intrinsic::uadd_sat:
  case llvm::Intrinsic::ssub_sat:
  case llvm::Intrinsic::usub_sat: return emitSaturated(intrinsic, form) || families_.calls.callKernel(intrinsic);
  case llvm::Intrinsic::abs: emitAbsolute(intrinsic, form); return true;
  case llvm::Intrinsic::fshl:
  case llvm::Intrinsic::fshr:
    if (!form.isMask && !families_.calls.callKernel(intrinsic))
      emitFunnelShift(intrinsic, form);
    return !form.isMask;
  case llvm::Intrinsic::bswap: emitByteSwap(intrinsic, form); return true;
  case llvm::Intrinsic::vector_reduce_add:
  case llvm::Intrinsic::vector_reduce_mul:
  case llvm::Intrinsic::vector_reduce_and:
  case llvm::Intrinsic::vector_reduce_or:
  case llvm::Intrinsic::vector_reduce_xor:
  case llvm::Intrinsic::vector_reduce_smax:
  case llvm::Intrinsic::vector_reduce_smin:
  case llvm::Intrinsic::vector_reduce_umax:
  case llvm::Intrinsic::vector_reduce_umin: emitReduce(intrinsic, form); return true;
  default: return families_.calls.callKernel(intrinsic) || emitMachine(intrinsic);
  }
}

void Vectors::emitByteSwap(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const std::uint32_t number = numberOf(intrinsic);
  asmjit::Operand from = steady(intrinsic.getArgOperand(0), 0);
  ByteShuffle bytes;
  for (unsigned i = 0; i < 16; ++i)
    bytes[i] = static_cast<std::int8_t>(i / form.lane * form.lane + form.lane - 1 - i % form.lane);
  Xmm to = targetXmm(number);
  shuffleBytes(to, from, from, bytes, form.lane);
  wrote(number, 0, to);
}

// Reductions ----------------------------------------------------------------------------------------------------------

namespace {

/// The instruction on vectors that does one step, if there is one.
const Sse* stepOf(llvm::Intrinsic::ID id, unsigned lane, bool hasSse41) {
  const unsigned log = static_cast<unsigned>(std::countr_zero(lane));
  auto pick = [&](std::initializer_list<const Sse*> of) { return of.begin()[log]; };
  switch (id) {
  case llvm::Intrinsic::vector_reduce_add: return pick({&kPaddb, &kPaddw, &kPaddd, &kPaddq});
  case llvm::Intrinsic::vector_reduce_and: return &kPand;
  case llvm::Intrinsic::vector_reduce_or: return &kPor;
  case llvm::Intrinsic::vector_reduce_xor: return &kPxor;
  case llvm::Intrinsic::vector_reduce_mul: return pick({nullptr, &kPmullw, hasSse41 ? &kPmulld : nullptr, nullptr});
  case llvm::Intrinsic::vector_reduce_umax: return hasSse41 ? pick({&kPmaxub, &kPmaxuw, &kPmaxud, nullptr}) : nullptr;
  case llvm::Intrinsic::vector_reduce_umin: return hasSse41 ? pick({&kPminub, &kPminuw, &kPminud, nullptr}) : nullptr;
  case llvm::Intrinsic::vector_reduce_smax: return hasSse41 ? pick({&kPmaxsb, &kPmaxsw, &kPmaxsd, nullptr}) : nullptr;
  default: return hasSse41 ? pick({&kPminsb, &kPminsw, &kPminsd, nullptr}) : nullptr;
  }
}

} // namespace

void Vectors::emitReduce(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  if (form.isMask)
    return reduceMask(intrinsic, form);
  const std::uint32_t number = numberOf(intrinsic);
  const Sse* step = stepOf(intrinsic.getIntrinsicID(), form.lane, features().hasSSE4_1());
  if (!step || !std::has_single_bit(form.count))
    return reduceEachLane(intrinsic, form);
  // Halves on each other.
  readXmmInto(x86::xmm15, intrinsic.getArgOperand(0));
  for (unsigned half = form.bytes() / 2; half >= form.lane; half /= 2) {
    sseShift(kPsrldq, x86::xmm14, x86::xmm15, half);
    sse(*step, x86::xmm15, x86::xmm15, x86::xmm14);
  }
  Gp to = target(number);
  if (form.lane == 8)
    moveBits(to, x86::xmm15);
  else
    moveBits(to, x86::xmm15, 32);
  wrote(number, 0, to);
}

void Vectors::reduceEachLane(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  const auto id = intrinsic.getIntrinsicID();
  const bool isSigned = id == llvm::Intrinsic::vector_reduce_smax || id == llvm::Intrinsic::vector_reduce_smin;
  const std::int32_t from = spill(intrinsic.getArgOperand(0), 0);
  loadLane(x86::rax, laneAt(from, form, 0), isSigned);
  for (unsigned i = 1; i < form.count; ++i) {
    loadLane(x86::r10, laneAt(from, form, i), isSigned);
    switch (id) {
    case llvm::Intrinsic::vector_reduce_add: a_.add(x86::rax, x86::r10); break;
    case llvm::Intrinsic::vector_reduce_mul: a_.imul(x86::rax, x86::r10); break;
    case llvm::Intrinsic::vector_reduce_and: a_.and_(x86::rax, x86::r10); break;
    case llvm::Intrinsic::vector_reduce_or: a_.or_(x86::rax, x86::r10); break;
    case llvm::Intrinsic::vector_reduce_xor: a_.xor_(x86::rax, x86::r10); break;
    default:
      a_.cmp(x86::rax, x86::r10);
      if (id == llvm::Intrinsic::vector_reduce_smax)
        a_.cmovl(x86::rax, x86::r10);
      else if (id == llvm::Intrinsic::vector_reduce_smin)
        a_.cmovg(x86::rax, x86::r10);
      else if (id == llvm::Intrinsic::vector_reduce_umax)
        a_.cmovb(x86::rax, x86::r10);
      else
        a_.cmova(x86::rax, x86::r10);
    }
  }
  wrote(numberOf(intrinsic), 0, x86::rax);
}

/// All, any, or an odd number of lanes.
void Vectors::reduceMask(const llvm::IntrinsicInst& intrinsic, const VectorForm& form) {
  bitsFromMask(x86::rax, readXmm(intrinsic.getArgOperand(0)), form.count);
  Condition condition = Condition::kNotZero;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::vector_reduce_add:
  case llvm::Intrinsic::vector_reduce_xor: // the flag of parity is of eight bits
    if (form.count > 8) {
      a_.mov(x86::r10d, x86::eax);
      a_.shr(x86::r10d, 8);
      a_.xor_(x86::eax, x86::r10d);
    }
    a_.test(x86::al, x86::al);
    condition = Condition::kParityOdd;
    break;
  case llvm::Intrinsic::vector_reduce_and:
  case llvm::Intrinsic::vector_reduce_mul:
  case llvm::Intrinsic::vector_reduce_umin:
  case llvm::Intrinsic::vector_reduce_smax:
    a_.cmp(x86::eax, (1 << form.count) - 1);
    condition = Condition::kEqual;
    break;
  default: a_.test(x86::eax, x86::eax);
  }
  families_.conditions.give(numberOf(intrinsic), condition);
}

// Memory by lanes -----------------------------------------------------------------------------------------------------

/// Loads and stores of the lanes that a mask has set, one after the other.
bool Vectors::emitMaskedAccess(const llvm::IntrinsicInst& intrinsic) {
  const auto id = intrinsic.getIntrinsicID();
  const bool isLoad = id == llvm::Intrinsic::masked_load || id == llvm::Intrinsic::masked_gather;
  const bool isStore = id == llvm::Intrinsic::masked_store || id == llvm::Intrinsic::masked_scatter;
  if (!isLoad && !isStore)
    return false;
  const bool scattered = id == llvm::Intrinsic::masked_gather || id == llvm::Intrinsic::masked_scatter;
  const llvm::Value *pointer = intrinsic.getArgOperand(isLoad ? 0 : 1), *mask = intrinsic.getArgOperand(isLoad ? 2 : 3);
  const llvm::Value* vector = intrinsic.getArgOperand(isLoad ? 3 : 0);
  const VectorForm form = formOf(vector->getType()), bits = formOf(mask->getType());
  if (form.isMask)
    refuse("masked access to a mask");
  const std::int32_t conditions = spill(mask, 0), data = vectorSlot(2);
  storeXmm(frame(data, 16), readXmm(vector, 0, x86::xmm14), 16);
  const std::int32_t pointers = scattered ? spill(pointer, 1) : 0;
  for (unsigned i = 0; i < form.count; ++i) {
    Label skip = a_.newLabel();
    Mem condition = laneAt(conditions, bits, i);
    condition.setSize(1);
    a_.cmp(condition, 0);
    a_.jz(skip);
    Mem lane = laneAt(data, form, i);
    if (isStore)
      loadLane(x86::rax, lane, false);
    Mem memory;
    if (scattered) {
      a_.mov(x86::r11, frame(pointers + 8 * static_cast<std::int32_t>(i)));
      memory = x86::ptr(x86::r11);
    } else {
      memory = address(pointer, i * form.lane);
    }
    memory.setSize(form.lane);
    if (isStore) {
      storeLane(memory, x86::rax);
    } else {
      loadLane(x86::rax, memory, false);
      storeLane(lane, x86::rax);
    }
    a_.bind(skip);
  }
  if (isLoad && isUsed(numberOf(intrinsic)))
    takeSlot(numberOf(intrinsic), data);
  return true;
}

} // namespace kiln::baseline
