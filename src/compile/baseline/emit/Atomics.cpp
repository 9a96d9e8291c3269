#include "compile/baseline/emit/Atomics.h"

#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Conditions.h"

namespace kiln::baseline {
namespace {

namespace Inst = x86::Inst;
using Rmw = llvm::AtomicRMWInst;

bool isBitwise(Rmw::BinOp operation) {
  return operation == Rmw::And || operation == Rmw::Or || operation == Rmw::Xor;
}

asmjit::InstId instructionOf(Rmw::BinOp operation) {
  switch (operation) {
  case Rmw::Add:
    return Inst::kIdAdd;
  case Rmw::Sub:
    return Inst::kIdSub;
  case Rmw::And:
  case Rmw::Nand:
    return Inst::kIdAnd;
  case Rmw::Or:
    return Inst::kIdOr;
  default:
    return Inst::kIdXor;
  }
}

bool isReal(Rmw::BinOp operation) {
  return operation == Rmw::FAdd || operation == Rmw::FSub || operation == Rmw::FMin || operation == Rmw::FMax;
}

} // namespace

void Atomics::emit(const llvm::Instruction& instruction) {
  if (const auto* fence = llvm::dyn_cast<llvm::FenceInst>(&instruction))
    return emitFence(*fence);
  const llvm::Type* type = accessedType(instruction);
  if (type->isIntegerTy(128))
    return emitWide(instruction);
  if (!isOneXmm(type) && !(isOneGpr(type) && isExactWidth(type)))
    refuse("atomic operation of an unusual size");
  if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
    return emitStore(*store);
  if (const auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction))
    return emitCompareExchange(*exchange);
  emitReadModifyWrite(llvm::cast<Rmw>(instruction));
}

void Atomics::emitFence(const llvm::FenceInst& fence) {
  if (fence.getOrdering() != llvm::AtomicOrdering::SequentiallyConsistent ||
      fence.getSyncScopeID() == llvm::SyncScope::SingleThread)
    return;
  // As good as MFENCE for memory that is not write-combining, and several times as fast.
  a_.lock().or_(x86::dword_ptr(x86::rsp), 0);
}

Mem Atomics::memoryAt(const llvm::Value* pointer, unsigned bits, bool reusable) {
  return ofSize(address(pointer, 0, reusable), bits / 8);
}

/// The bits of an integer, a pointer, a float or a double.
void Atomics::readBitsInto(Gp to, const llvm::Value* value) {
  if (!isOneXmm(value->getType()))
    return readInto(to, value);
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value))
    if (auto bits = bitsOfPart(constant, 0))
      return loadConstant(to, bits->first);
  moveBits(to, readXmm(value));
}

void Atomics::wroteBits(std::uint32_t number, Gp from, const llvm::Type* type) {
  if (!isOneXmm(type))
    return wrote(number, 0, from);
  Xmm to = targetXmm(number);
  moveBits(to, from);
  wrote(number, 0, to);
}

/// Sequentially consistent: an exchange.
void Atomics::emitStore(const llvm::StoreInst& store) {
  const llvm::Value* value = store.getValueOperand();
  const unsigned bits = static_cast<unsigned>(e_.data.getTypeSizeInBits(value->getType()).getFixedValue());
  readBitsInto(x86::rax, value);
  Mem at = memoryAt(store.getPointerOperand(), bits, false);
  a_.xchg(at, sized(x86::rax, bits));
}

void Atomics::emitCompareExchange(const llvm::AtomicCmpXchgInst& exchange) {
  const llvm::Value *expected = exchange.getCompareOperand(), *wanted = exchange.getNewValOperand();
  const unsigned bits = bitsOf(expected->getType());
  Gp from = read(wanted, 0, x86::r10);
  readInto(x86::rax, expected);
  Mem at = memoryAt(exchange.getPointerOperand(), bits, false);
  a_.lock().cmpxchg(at, sized(from, bits));
  // Moves keep the flags.
  if (isUsed(self()))
    wrote(self(), 0, x86::rax);
  families_.conditions.giveFlag(Condition::kEqual);
}

// Read, modify, write -------------------------------------------------------------------------------------------------

void Atomics::emitReadModifyWrite(const Rmw& change) {
  const llvm::Value *value = change.getValOperand(), *pointer = change.getPointerOperand();
  const unsigned bits = static_cast<unsigned>(e_.data.getTypeSizeInBits(value->getType()).getFixedValue());
  const Rmw::BinOp operation = change.getOperation();
  const bool used = isUsed(self());
  Gp old = sized(x86::rax, bits);
  if (!used && (isBitwise(operation) || operation == Rmw::Add || operation == Rmw::Sub)) {
    std::optional<std::int32_t> immediate = immediateOf(value);
    Gp operand;
    if (!immediate)
      operand = sized(read(value, 0, x86::rax), bits);
    Mem at = memoryAt(pointer, bits, false);
    if (immediate)
      a_.lock().emit(instructionOf(operation), at, asmjit::Imm(*immediate));
    else
      a_.lock().emit(instructionOf(operation), at, operand);
    return;
  }
  switch (operation) {
  case Rmw::Xchg: {
    readBitsInto(x86::rax, value);
    Mem at = memoryAt(pointer, bits, false);
    a_.xchg(at, old);
    break;
  }
  case Rmw::Add:
  case Rmw::Sub: {
    readInto(x86::rax, value);
    if (operation == Rmw::Sub)
      a_.neg(sized(x86::rax, operationBits(bits)));
    Mem at = memoryAt(pointer, bits, false);
    a_.lock().xadd(at, old);
    break;
  }
  default:
    emitExchangeLoop(change, bits);
    break;
  }
  if (used)
    wroteBits(self(), x86::rax, value->getType());
}

/// What is there is in RAX, what is to be there in R10.
void Atomics::emitExchangeLoop(const Rmw& change, unsigned bits) {
  const llvm::Value* value = change.getValOperand();
  Xmm operand;
  if (isReal(change.getOperation()))
    operand = readXmm(value, 0, x86::xmm14);
  Mem at = memoryAt(change.getPointerOperand(), bits, true);
  loadInteger(x86::rax, at, bits);
  Label again = a_.newLabel();
  a_.bind(again);
  if (isReal(change.getOperation()))
    combineReal(change.getOperation(), operand, bits == 32);
  else
    combine(change.getOperation(), value, bits);
  at.setSize(bits / 8);
  a_.lock().cmpxchg(at, sized(x86::r10, bits));
  a_.jne(again);
}

/// R10 = RAX OP value. Keeps R11.
void Atomics::combine(Rmw::BinOp operation, const llvm::Value* value, unsigned bits) {
  const unsigned wide = operationBits(bits);
  Gp old = sized(x86::rax, bits), made = sized(x86::r10, wide);
  auto takeOld = [&](Condition condition) { a_.emit(Inst::cmovccFromCond(condition), made, sized(x86::rax, wide)); };
  Label done = a_.newLabel();
  readInto(x86::r10, value);
  switch (operation) {
  case Rmw::Max:
  case Rmw::Min:
  case Rmw::UMax:
  case Rmw::UMin:
    a_.cmp(old, sized(x86::r10, bits));
    takeOld(operation == Rmw::Max    ? Condition::kSignedGT
            : operation == Rmw::Min  ? Condition::kSignedLT
            : operation == Rmw::UMax ? Condition::kUnsignedGT
                                     : Condition::kUnsignedLT);
    break;
  case Rmw::UIncWrap: // 0 from the value on
    a_.cmp(old, sized(x86::r10, bits));
    a_.mov(x86::r10d, 0);
    a_.jae(done);
    a_.lea(made, x86::ptr(x86::rax, 1));
    break;
  case Rmw::UDecWrap: // the value from 0, and from above it
    a_.test(old, old);
    a_.jz(done);
    a_.cmp(old, sized(x86::r10, bits));
    a_.ja(done);
    a_.lea(made, x86::ptr(x86::rax, -1));
    break;
  case Rmw::And:
  case Rmw::Or:
  case Rmw::Xor:
  case Rmw::Nand:
    a_.emit(instructionOf(operation), made, sized(x86::rax, wide));
    if (operation == Rmw::Nand)
      a_.not_(made);
    break;
  default:
    refuse("atomicrmw of an unknown kind");
  }
  a_.bind(done);
}

/// R10 = RAX OP value. Minimum and maximum are minnum and maxnum: the other operand where one is no number.
void Atomics::combineReal(Rmw::BinOp operation, Xmm value, bool isFloat) {
  Xmm old = x86::xmm15;
  moveBits(old, x86::rax);
  if (operation == Rmw::FAdd || operation == Rmw::FSub) {
    const bool add = operation == Rmw::FAdd;
    if (hasAvx_)
      a_.emit(isFloat ? (add ? Inst::kIdVaddss : Inst::kIdVsubss) : (add ? Inst::kIdVaddsd : Inst::kIdVsubsd), old, old,
              value);
    else
      a_.emit(isFloat ? (add ? Inst::kIdAddss : Inst::kIdSubss) : (add ? Inst::kIdAddsd : Inst::kIdSubsd), old, value);
  } else {
    auto compare = [&](Xmm left, Xmm right) {
      if (hasAvx_)
        isFloat ? a_.vucomiss(left, right) : a_.vucomisd(left, right);
      else
        isFloat ? a_.ucomiss(left, right) : a_.ucomisd(left, right);
    };
    Label take = a_.newLabel(), keep = a_.newLabel();
    compare(old, old);
    a_.jp(take);
    operation == Rmw::FMin ? compare(old, value) : compare(value, old);
    a_.jbe(keep); // not above; also where the value is no number
    a_.bind(take);
    move(old, value);
    a_.bind(keep);
  }
  moveBits(x86::r10, old);
}

} // namespace kiln::baseline
