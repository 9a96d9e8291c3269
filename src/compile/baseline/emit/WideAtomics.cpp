// Atomic operations of 128 bits: CMPXCHG16B, which works in RDX:RAX and RCX:RBX.
//
// RBX, RCX and RDX may be places. They are saved in the frame, and operands wait there too. A load is an exchange of
// what is there with itself where the processor does not promise that loads of 16 bytes are atomic; with AVX it does
// (Intel SDM vol. 3A, 9.1.1).
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Atomics.h"

namespace kiln::baseline {
namespace {

using Rmw = llvm::AtomicRMWInst;

/// Offsets in the room in the frame.
constexpr std::int32_t kOperand = 0, kExpected = 16, kSavedRbx = 32, kSavedRcx = 40, kSavedRdx = 48;
constexpr std::uint32_t kRoom = 64;

} // namespace

void Atomics::stage(std::int32_t slot, const llvm::Value* value) {
  for (unsigned part = 0; part < 2; ++part)
    a_.mov(frame(wideSlots_ + slot + 8 * static_cast<std::int32_t>(part)), read(value, part));
}

/// The address in R11, the other registers saved.
void Atomics::enterWide(const llvm::Value* pointer) {
  readInto(x86::r11, pointer);
  a_.mov(frame(wideSlots_ + kSavedRbx), x86::rbx);
  a_.mov(frame(wideSlots_ + kSavedRcx), x86::rcx);
  a_.mov(frame(wideSlots_ + kSavedRdx), x86::rdx);
}

/// The old value is in RDX:RAX, then in R10:RAX. Keeps the flags.
void Atomics::leaveWide() {
  a_.mov(x86::r10, x86::rdx);
  a_.mov(x86::rbx, frame(wideSlots_ + kSavedRbx));
  a_.mov(x86::rcx, frame(wideSlots_ + kSavedRcx));
  a_.mov(x86::rdx, frame(wideSlots_ + kSavedRdx));
}

void Atomics::emitWide(const llvm::Instruction& instruction) {
  // There is no way without, so the processor decides even where less than it has is to be used.
  if (!asmjit::CpuInfo::host().features().x86().hasCMPXCHG16B())
    refuse("atomic operation of 128 bits on a processor without");
  if (wideSlots_ == 0)
    wideSlots_ = plan_.newSlot(kRoom, 16);
  const llvm::Value* pointer = llvm::getLoadStorePointerOperand(&instruction);
  if (llvm::isa<llvm::LoadInst>(instruction) && hasAvx_) {
    a_.vmovdqa(x86::xmm15, x86::ptr(read(pointer)));
    a_.vmovdqa(frame(wideSlots_, 16), x86::xmm15);
    a_.mov(x86::rax, frame(wideSlots_));
    a_.mov(x86::r10, frame(wideSlots_ + 8));
  } else if (const auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    stage(kOperand, exchange->getNewValOperand());
    stage(kExpected, exchange->getCompareOperand());
    enterWide(exchange->getPointerOperand());
    a_.mov(x86::rbx, frame(wideSlots_ + kOperand));
    a_.mov(x86::rcx, frame(wideSlots_ + kOperand + 8));
    a_.mov(x86::rax, frame(wideSlots_ + kExpected));
    a_.mov(x86::rdx, frame(wideSlots_ + kExpected + 8));
    a_.lock().cmpxchg16b(x86::ptr(x86::r11));
    leaveWide();
  } else {
    // Loads and stores are read-modify-write operations as well: Or with zero, and Xchg.
    const auto* change = llvm::dyn_cast<Rmw>(&instruction);
    const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
    if (change || store)
      stage(kOperand, change ? change->getValOperand() : store->getValueOperand());
    enterWide(change ? change->getPointerOperand() : pointer);
    a_.mov(x86::rax, x86::ptr(x86::r11));
    a_.mov(x86::rdx, x86::ptr(x86::r11, 8));
    Label again = a_.newLabel();
    a_.bind(again);
    if (change || store) {
      combineWide(change ? change->getOperation() : Rmw::Xchg);
    } else {
      a_.mov(x86::rbx, x86::rax);
      a_.mov(x86::rcx, x86::rdx);
    }
    a_.lock().cmpxchg16b(x86::ptr(x86::r11));
    a_.jne(again);
    leaveWide();
  }
  if (instruction.getType()->isVoidTy())
    return;
  if (isUsed(self(), 0))
    wrote(self(), 0, x86::rax);
  if (isUsed(self(), 1))
    wrote(self(), 1, x86::r10);
  if (llvm::isa<llvm::AtomicCmpXchgInst>(instruction) && isUsed(self(), 2)) {
    a_.setz(x86::al);
    a_.movzx(x86::eax, x86::al);
    wrote(self(), 2, x86::rax);
  }
}

/// RCX:RBX = RDX:RAX OP the operand in the frame. Uses R10.
void Atomics::combineWide(Rmw::BinOp operation) {
  Mem low = frame(wideSlots_ + kOperand), high = frame(wideSlots_ + kOperand + 8);
  if (operation != Rmw::Xchg) {
    a_.mov(x86::rbx, x86::rax);
    a_.mov(x86::rcx, x86::rdx);
  }
  switch (operation) {
  case Rmw::Xchg:
    a_.mov(x86::rbx, low);
    a_.mov(x86::rcx, high);
    break;
  case Rmw::Add:
    a_.add(x86::rbx, low);
    a_.adc(x86::rcx, high);
    break;
  case Rmw::Sub:
    a_.sub(x86::rbx, low);
    a_.sbb(x86::rcx, high);
    break;
  case Rmw::And:
  case Rmw::Nand:
    a_.and_(x86::rbx, low);
    a_.and_(x86::rcx, high);
    if (operation == Rmw::Nand) {
      a_.not_(x86::rbx);
      a_.not_(x86::rcx);
    }
    break;
  case Rmw::Or:
    a_.or_(x86::rbx, low);
    a_.or_(x86::rcx, high);
    break;
  case Rmw::Xor:
    a_.xor_(x86::rbx, low);
    a_.xor_(x86::rcx, high);
    break;
  default:
    chooseWide(operation);
    break;
  }
}

/// The operations that compare; RCX:RBX is the old value so far.
void Atomics::chooseWide(Rmw::BinOp operation) {
  Mem low = frame(wideSlots_ + kOperand), high = frame(wideSlots_ + kOperand + 8);
  Label done = a_.newLabel();
  // Flags of the old value minus the operand.
  a_.cmp(x86::rax, low);
  a_.mov(x86::r10, x86::rdx);
  a_.sbb(x86::r10, high);
  switch (operation) {
  case Rmw::Max:
    a_.jge(done);
    break;
  case Rmw::Min:
    a_.jl(done);
    break;
  case Rmw::UMax:
    a_.jae(done);
    break;
  case Rmw::UMin:
    a_.jb(done);
    break;
  case Rmw::UIncWrap: // 0 from the operand on
    a_.mov(x86::ebx, 0);
    a_.mov(x86::ecx, 0);
    a_.jae(done);
    a_.mov(x86::rbx, x86::rax);
    a_.mov(x86::rcx, x86::rdx);
    a_.add(x86::rbx, 1);
    a_.adc(x86::rcx, 0);
    a_.jmp(done);
    break;
  case Rmw::UDecWrap: // the operand from 0, and from above it
    a_.mov(x86::rbx, low);
    a_.mov(x86::rcx, high);
    a_.cmp(x86::rbx, x86::rax);
    a_.mov(x86::r10, x86::rcx);
    a_.sbb(x86::r10, x86::rdx);
    a_.jb(done);
    a_.mov(x86::rbx, x86::rax);
    a_.mov(x86::rcx, x86::rdx);
    a_.sub(x86::rbx, 1);
    a_.sbb(x86::rcx, 0);
    a_.jae(done); // it was not 0
    break;
  default:
    refuse("atomicrmw of 128 bits of an unknown kind"); // cannot happen: LLVM has no other on integers
  }
  a_.mov(x86::rbx, low);
  a_.mov(x86::rcx, high);
  a_.bind(done);
}

} // namespace kiln::baseline
