#include "compile/baseline/emit/Vectors.h"

#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Aggregates.h"
#include "compile/baseline/emit/Calls.h"

namespace kiln::baseline {

namespace Inst = x86::Inst;

VectorForm formOf(const llvm::Type* type) {
  const auto* vector = llvm::cast<llvm::FixedVectorType>(type);
  const llvm::Type* lane = vector->getElementType();
  VectorForm form;
  form.count = vector->getNumElements();
  form.isReal = lane->isFloatingPointTy();
  form.isMask = lane->isIntegerTy(1);
  form.lane = form.isMask ? maskLane(form.count) : lane->isPointerTy() ? 8 : lane->getScalarSizeInBits() / 8;
  return form;
}

// Operands ------------------------------------------------------------------------------------------------------------

void Vectors::sse(const Sse& operation, Xmm to, Xmm left, const asmjit::Operand_& right) {
  if (hasAvx_) {
    a_.emit(operation.avx, to, left, right);
    return;
  }
  move(to, left);
  a_.emit(operation.plain, to, right);
}

void Vectors::sse(const Sse& operation, Xmm to, Xmm left, const asmjit::Operand_& right, unsigned immediate) {
  if (hasAvx_) {
    a_.emit(operation.avx, to, left, right, asmjit::Imm(immediate));
    return;
  }
  move(to, left);
  a_.emit(operation.plain, to, right, asmjit::Imm(immediate));
}

void Vectors::sseUnary(const Sse& operation, Xmm to, const asmjit::Operand_& from) {
  a_.emit(hasAvx_ ? operation.avx : operation.plain, to, from);
}

void Vectors::sseUnary(const Sse& operation, Xmm to, const asmjit::Operand_& from, unsigned immediate) {
  a_.emit(hasAvx_ ? operation.avx : operation.plain, to, from, asmjit::Imm(immediate));
}

void Vectors::sseShift(const Sse& operation, Xmm to, Xmm from, unsigned amount) {
  sse(operation, to, from, asmjit::Imm(amount));
}

void Vectors::loadOperand(Xmm to, const asmjit::Operand_& from) {
  if (from.isReg())
    move(to, from.as<Xmm>());
  else
    loadXmm(to, from.as<Mem>(), 16);
}

Mem Vectors::splat(std::uint64_t bits, unsigned bytes) {
  for (; bytes < 8; bytes *= 2)
    bits |= bits << 8 * bytes;
  return constantMemory(bits, bits, 16);
}

/// Scratch memory of 16 bytes.
std::int32_t Vectors::vectorSlot(unsigned which) {
  if (vectorSlots_[which] == 0)
    vectorSlots_[which] = plan_.newSlot(16, 16);
  return vectorSlots_[which];
}

/// A register, or 16 aligned bytes of memory, that holds the vector and stays while XMM14, XMM15, RAX, R10 and R11 are
/// used. Each operand of an instruction has a scratch slot of its own.
asmjit::Operand Vectors::steady(const llvm::Value* value, unsigned which) {
  if (Register reg = registerOf(value); reg != kNoRegister)
    return xmm(reg);
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value))
    if (auto bits = bitsOfPart(constant, 0))
      return constantMemory(bits->first, bits->second, 16);
  const Place* place = placeOf(value);
  if (place && place->inSlot() && plan_.partOf(plan_.numberOf(value), 0).bytes == 16)
    return frame(place->offset, 16);
  readXmmInto(x86::xmm14, value);
  storeXmm(frame(vectorSlot(which), 16), x86::xmm14, 16);
  return frame(vectorSlot(which), 16);
}

/// Where the vector lies in the frame: its slot, or a scratch slot after storing it there. 16 bytes may be read.
std::int32_t Vectors::spill(const llvm::Value* value, unsigned which) {
  const Place* place = placeOf(value);
  if (place && place->inSlot() && plan_.partOf(plan_.numberOf(value), 0).bytes == 16)
    return place->offset;
  storeXmm(frame(vectorSlot(which), 16), readXmm(value, 0, x86::xmm14), 16);
  return vectorSlot(which);
}

Mem Vectors::laneAt(std::int32_t slot, const VectorForm& form, unsigned lane) {
  return frame(slot + static_cast<std::int32_t>(lane * form.lane), form.lane);
}

/// Scalars, zero- or sign-extended, from and to lanes in the frame.
void Vectors::loadLane(Gp to, const Mem& from, bool isSigned) {
  switch (from.size()) {
  case 1:
  case 2: isSigned ? a_.movsx(sized(to, 64), from) : a_.movzx(sized(to, 32), from); break;
  case 4: isSigned ? a_.movsxd(sized(to, 64), from) : a_.mov(sized(to, 32), from); break;
  default: a_.mov(sized(to, 64), from);
  }
}

void Vectors::storeLane(const Mem& to, Gp from) { a_.mov(to, sized(from, 8 * to.size())); }

/// The result from a scratch slot.
void Vectors::takeSlot(std::uint32_t number, std::int32_t slot) {
  Xmm to = targetXmm(number);
  loadXmm(to, frame(slot, 16), 16);
  wrote(number, 0, to);
}

// Memory --------------------------------------------------------------------------------------------------------------

void Vectors::load(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type) {
  Xmm to = targetXmm(number, part);
  const VectorForm form = formOf(type);
  if (form.isMask) {
    loadInteger(x86::rax, from, form.count);
    maskFromBits(to, x86::rax, form.count);
  } else {
    loadPacked(to, from, form.bytes());
  }
  wrote(number, part, to);
}

/// So many bytes and no more. The others become zeros.
void Vectors::loadPacked(Xmm to, const Mem& from, unsigned bytes) {
  if (bytes == 4 || bytes == 8 || bytes == 16)
    return loadXmm(to, from, bytes);
  if (bytes < 8) {
    loadInteger(x86::rax, from, 8 * bytes);
    moveBits(to, x86::rax);
    return;
  }
  // The upper part first: it may need the registers of the address.
  Mem address = from;
  if (bytes != 9 && bytes != 10 && bytes != 12) {
    a_.lea(x86::r11, from);
    address = x86::ptr(x86::r11);
  }
  loadXmm(to, address, 8);
  loadInteger(x86::rax, moved(address, 8), 8 * (bytes - 8));
  Xmm upper = to.id() == x86::xmm14.id() ? x86::xmm15 : x86::xmm14;
  moveBits(upper, x86::rax);
  sse(sse::kPunpcklqdq, to, to, upper);
}

void Vectors::store(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type) {
  const VectorForm form = formOf(type);
  Xmm from = readXmm(value, part, x86::xmm15);
  if (form.isMask) {
    bitsFromMask(x86::rax, from, form.count);
    storeInteger(to, x86::rax, form.count);
    return;
  }
  const unsigned bytes = form.bytes();
  if (bytes == 4 || bytes == 8 || bytes == 16)
    return storeXmm(to, from, bytes);
  if (bytes > 8) {
    storeXmm(to, from, 8);
    sseUnary(sse::kPshufd, x86::xmm14, from, 0xee);
    from = x86::xmm14;
  }
  moveBits(x86::rax, from);
  storeInteger(moved(to, bytes > 8 ? 8 : 0), x86::rax, 8 * (bytes > 8 ? bytes - 8 : bytes));
}

// Masks ---------------------------------------------------------------------------------------------------------------

/// Lanes of all ones where bits are set. The register holds no more bits than there are lanes, or they are not looked
/// at.
void Vectors::maskFromBits(Xmm to, Gp bits, unsigned count) {
  const unsigned lane = maskLane(count);
  moveBits(to, bits);
  std::uint64_t low = 0, high = 0;
  switch (lane) {
  case 1: // a byte of bits for eight lanes
    sse(sse::kPunpcklbw, to, to, to);
    sseUnary(sse::kPshuflw, to, to, 0x50);
    sseUnary(sse::kPshufd, to, to, 0x50);
    low = high = 0x8040201008040201;
    break;
  case 2:
    sseUnary(sse::kPshuflw, to, to, 0);
    sseUnary(sse::kPshufd, to, to, 0);
    low = 0x0008000400020001, high = 0x0080004000200010;
    break;
  case 4:
    sseUnary(sse::kPshufd, to, to, 0);
    low = 0x0000000200000001, high = 0x0000000800000004;
    break;
  default:
    sseUnary(sse::kPshufd, to, to, 0);
    low = 0x0000000100000001, high = 0x0000000200000002;
  }
  Mem each = constantMemory(low, high, 16);
  sse(sse::kPand, to, to, each);
  sse(lane == 1 ? sse::kPcmpeqb : lane == 2 ? sse::kPcmpeqw : sse::kPcmpeqd, to, to, each);
}

/// The mask as bits of a number, with zeros above. Uses XMM14.
void Vectors::bitsFromMask(Gp to, Xmm mask, unsigned count) {
  Gp result = sized(to, 32);
  switch (maskLane(count)) {
  case 1: hasAvx_ ? a_.vpmovmskb(result, mask) : a_.pmovmskb(result, mask); break;
  case 2:
    sse(sse::kPacksswb, x86::xmm14, mask, mask);
    hasAvx_ ? a_.vpmovmskb(result, x86::xmm14) : a_.pmovmskb(result, x86::xmm14);
    break;
  case 4: hasAvx_ ? a_.vmovmskps(result, mask) : a_.movmskps(result, mask); break;
  default: hasAvx_ ? a_.vmovmskpd(result, mask) : a_.movmskpd(result, mask);
  }
  if (count < 16)
    a_.and_(result, (1 << count) - 1);
}

/// From lanes of a vector to those of a mask of as many lanes.
void Vectors::widenMask(Xmm mask, unsigned lane, unsigned to) {
  for (; lane < to; lane *= 2)
    sse(lane == 1 ? sse::kPunpcklbw : lane == 2 ? sse::kPunpcklwd : sse::kPunpckldq, mask, mask, mask);
}

void Vectors::narrowMask(Xmm mask, unsigned lane, unsigned to) {
  for (; lane > to; lane /= 2)
    if (lane == 8)
      sseUnary(sse::kPshufd, mask, mask, 0x08);
    else
      sse(lane == 4 ? sse::kPackssdw : sse::kPacksswb, mask, mask, mask);
}

// Families ------------------------------------------------------------------------------------------------------------

void Vectors::emit(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  if (!isUsed(number) || families_.calls.callKernel(instruction))
    return;
  if (instruction.isBinaryOp())
    return instruction.getType()->isFPOrFPVectorTy() ? emitFloat(instruction) : emitInteger(instruction);
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return emitCast(*cast);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FNeg: return emitFloat(instruction);
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: return emitCompare(llvm::cast<llvm::CmpInst>(instruction));
  case llvm::Instruction::Select:
    if (!instruction.getOperand(0)->getType()->isVectorTy())
      return families_.aggregates.emitSelect(llvm::cast<llvm::SelectInst>(instruction));
    return emitSelect(llvm::cast<llvm::SelectInst>(instruction));
  case llvm::Instruction::InsertElement: return emitInsertElement(llvm::cast<llvm::InsertElementInst>(instruction));
  case llvm::Instruction::ExtractElement: return emitExtractElement(llvm::cast<llvm::ExtractElementInst>(instruction));
  case llvm::Instruction::ShuffleVector: return emitShuffle(llvm::cast<llvm::ShuffleVectorInst>(instruction));
  case llvm::Instruction::GetElementPtr: return emitAddress(llvm::cast<llvm::GetElementPtrInst>(instruction));
  default: refuse(std::string("vector ") + instruction.getOpcodeName());
  }
}

/// One instruction on both operands. The result's register may be that of either.
void Vectors::emitSimple(const llvm::Instruction& instruction, const Sse& operation) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  if (instruction.isCommutative() && registerOf(left) == kNoRegister)
    std::swap(left, right);
  Xmm to = targetXmm(number);
  asmjit::Operand other = steady(right, 1);
  if (!hasAvx_ && other.isReg() && other.id() == to.id() && registerOf(left) != kFirstXmm + to.id()) {
    if (instruction.isCommutative() && registerOf(left) != kNoRegister) {
      other = xmm(registerOf(left));
      left = right;
    } else {
      to = x86::xmm15;
    }
  }
  sse(operation, to, readXmm(left, 0, x86::xmm15), other);
  wrote(number, 0, to);
}

void Vectors::emitSelect(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const VectorForm form = formOf(select.getType());
  asmjit::Operand yes = steady(select.getTrueValue(), 0), no = steady(select.getFalseValue(), 1);
  Xmm to = targetXmm(number);
  readXmmInto(to, select.getCondition());
  narrowMask(to, maskLane(form.count), form.lane);
  blend(to, yes, no);
  wrote(number, 0, to);
}

/// mask = the lanes of `yes` where it is all ones, else those of `no`. Uses XMM14.
void Vectors::blend(Xmm mask, const asmjit::Operand_& yes, const asmjit::Operand_& no) {
  if (hasAvx_) {
    Xmm other = x86::xmm14;
    if (no.isReg())
      other = no.as<Xmm>();
    else
      loadOperand(other, no);
    a_.emit(Inst::kIdVpblendvb, mask, other, yes, mask);
    return;
  }
  move(x86::xmm14, mask);
  a_.emit(Inst::kIdPandn, x86::xmm14, no);
  a_.emit(Inst::kIdPand, mask, yes);
  a_.por(mask, x86::xmm14);
}

} // namespace kiln::baseline
