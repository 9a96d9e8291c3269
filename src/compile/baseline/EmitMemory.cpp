// Addresses, loads, stores and variables.
#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/Operator.h>

#include <bit>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {
namespace {

Mem moved(Mem memory, std::int64_t by) {
  memory.addOffset(by);
  return memory;
}

} // namespace

// Addresses --------------------------------------------------------------------------------------------------------------

Mem Emitter::address(const llvm::Value* pointer, std::int64_t offset, bool reusable) {
  std::uint32_t number = plan_.numberOf(pointer);
  if (number != kNone && !plan_.isFolded(pointer)) {
    Register reg = plan_.placeOf(number, 0).reg;
    if (reg != kNoRegister && isInt32(offset))
      return x86::ptr(gp(reg), static_cast<std::int32_t>(offset));
  }
  return address(plan_.addressOf(pointer), offset, reusable);
}

Mem Emitter::address(const AddressParts& parts, std::int64_t offset, bool reusable) {
  if (!parts.base->getType()->isPointerTy())
    refuse("vector of pointers as an address");
  offset += parts.offset;
  Gp index;
  unsigned shift = 0;
  if (parts.index) {
    index = read(parts.index, 0, x86::r10);
    shift = static_cast<unsigned>(std::countr_zero(parts.scale));
  }
  std::uint32_t number = plan_.numberOf(parts.base);
  Gp base = x86::r11;
  if (number != kNone && plan_.isFrameAddress(number)) {
    offset += plan_.frameOffset(number);
    base = x86::rbp;
  } else if (number == kNone && !parts.index && !reusable) {
    if (std::optional<Mem> direct = outsideAddress(llvm::cast<llvm::Constant>(parts.base), offset))
      return *direct;
    materialise(base, llvm::cast<llvm::Constant>(parts.base), 0);
  } else {
    base = read(parts.base, 0, x86::r11);
  }
  if (!isInt32(offset)) {
    // RAX may hold what is stored, R10 the index: the constant comes from memory.
    if (base.id() != x86::r11.id())
      a_.mov(x86::r11, base);
    a_.add(x86::r11, constantMemory(static_cast<std::uint64_t>(offset), 0, 8));
    base = x86::r11;
    offset = 0;
  }
  if (parts.index)
    return x86::ptr(base, index, shift, static_cast<std::int32_t>(offset));
  return x86::ptr(base, static_cast<std::int32_t>(offset));
}

/// Memory of the program at a constant address, relative to RIP.
std::optional<Mem> Emitter::outsideAddress(const llvm::Constant* constant, std::int64_t offset) {
  llvm::APInt inner(64, 0);
  const llvm::Value* base = constant->stripAndAccumulateConstantOffsets(data_, inner, true);
  const auto* global = llvm::dyn_cast<llvm::GlobalValue>(base);
  if (!global)
    return std::nullopt;
  SymbolRef ref = environment_.symbolOf(global);
  std::int64_t addend = inner.getSExtValue() + ref.offset + offset;
  if (ref.kind != SymbolRef::Kind::Data || !isInt32(addend))
    return std::nullopt;
  return a_.outside(Target::Data, ref.id, addend);
}

bool Emitter::isAddressedBy(const llvm::Value* value, Register reg) {
  if (!plan_.isFolded(value))
    return false;
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
  if (!load)
    return false;
  AddressParts parts = plan_.addressOf(load->getPointerOperand());
  return registerOf(parts.base) == reg || (parts.index && registerOf(parts.index) == reg);
}

void Emitter::addressInto(Gp to, const AddressParts& parts) {
  if (parts.index && !isScale(parts.scale)) {
    if (isInt32(static_cast<std::int64_t>(parts.scale))) {
      Gp index = read(parts.index, 0, x86::r10);
      a_.imul(x86::rax, index, static_cast<std::int32_t>(parts.scale));
    } else {
      loadConstant(x86::rax, parts.scale);
      a_.imul(x86::rax, read(parts.index, 0, x86::r10));
    }
    a_.lea(to, x86::ptr(read(parts.base, 0, x86::r11), x86::rax));
    return addOffset(to, parts.offset);
  }
  if (!isInt32(parts.offset)) {
    AddressParts rest = parts;
    rest.offset = 0;
    a_.lea(to, address(rest, 0, true));
    return addOffset(to, parts.offset);
  }
  std::uint32_t number = plan_.numberOf(parts.base);
  if (!parts.index && parts.offset == 0)
    return readInto(to, parts.base);
  if (number == kNone && !parts.index) {
    materialise(to, llvm::cast<llvm::Constant>(parts.base), 0);
    return addOffset(to, parts.offset);
  }
  if (!parts.index && number != kNone && registerOf(parts.base) == to.id()) {
    a_.add(to, static_cast<std::int32_t>(parts.offset));
    return;
  }
  a_.lea(to, address(parts, 0, true));
}

void Emitter::addOffset(Gp to, std::int64_t offset) {
  if (offset == 0)
    return;
  if (isInt32(offset)) {
    a_.add(to, static_cast<std::int32_t>(offset));
    return;
  }
  Gp scratch = to.id() == x86::r10.id() ? x86::r11 : x86::r10;
  loadConstant(scratch, static_cast<std::uint64_t>(offset));
  a_.add(to, scratch);
}

void Emitter::emitAddress(const llvm::GetElementPtrInst& instruction) {
  const std::uint32_t number = numberOf(instruction);
  Gp to = target(number);
  if (const AddressParts* parts = plan_.partsOf(number)) {
    addressInto(to, *parts);
    return wrote(number, 0, to);
  }
  // Several indices, or indices of unusual widths: step by step in RAX.
  readInto(x86::rax, instruction.getPointerOperand());
  std::int64_t offset = 0;
  for (auto at = llvm::gep_type_begin(instruction), end = llvm::gep_type_end(instruction); at != end; ++at) {
    const llvm::Value* index = at.getOperand();
    if (llvm::StructType* record = at.getStructTypeOrNull()) {
      auto field = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(index)->getZExtValue());
      offset += static_cast<std::int64_t>(data_.getStructLayout(record)->getElementOffset(field).getFixedValue());
      continue;
    }
    auto stride = static_cast<std::int64_t>(at.getSequentialElementStride(data_).getFixedValue());
    if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(index)) {
      offset += constant->getValue().sextOrTrunc(64).getSExtValue() * stride;
      continue;
    }
    if (isOneGpr(index->getType()))
      signExtendInto(x86::r10, index);
    else
      readInto(x86::r10, index); // the lower part of a wide one
    if (isScale(static_cast<std::uint64_t>(stride))) {
      a_.lea(x86::rax, x86::ptr(x86::rax, x86::r10, static_cast<unsigned>(std::countr_zero(static_cast<std::uint64_t>(stride)))));
    } else if (isInt32(stride)) {
      a_.imul(x86::r10, x86::r10, static_cast<std::int32_t>(stride));
      a_.add(x86::rax, x86::r10);
    } else {
      loadConstant(x86::r11, static_cast<std::uint64_t>(stride));
      a_.imul(x86::r10, x86::r11);
      a_.add(x86::rax, x86::r10);
    }
  }
  addOffset(x86::rax, offset);
  wrote(number, 0, x86::rax);
}

// Loads ------------------------------------------------------------------------------------------------------------------

void Emitter::loadInteger(Gp to, const Mem& memory, unsigned bits) {
  Mem from = memory;
  const unsigned bytes = (bits + 7) / 8;
  from.setSize(bytes);
  switch (bytes) {
  case 1:
  case 2: a_.movzx(sized(to, 32), from); break;
  case 4: a_.mov(sized(to, 32), from); break;
  case 8: a_.mov(sized(to, 64), from); break;
  default: {
    // 3, 5, 6 or 7 bytes: what is loaded first is as large as possible. The address must outlive the first piece.
    a_.lea(x86::r11, from);
    unsigned first = bytes >= 4 ? 4 : 2;
    loadInteger(x86::rax, x86::ptr(x86::r11), 8 * first);
    for (unsigned at = first; at < bytes;) {
      unsigned next = bytes - at >= 2 ? 2 : 1;
      a_.movzx(x86::r10d, x86::ptr(x86::r11, static_cast<std::int32_t>(at), next));
      a_.shl(x86::r10, 8 * at);
      a_.or_(x86::rax, x86::r10);
      at += next;
    }
    move(to, x86::rax);
  }
  }
  if (!isExactWidth(bits))
    clean(to, bits);
}

/// Through the x87 stack, which keeps all bits: what is written in pieces would be read as a whole only when the pieces have
/// arrived in the cache.
void Emitter::copyX87(const Mem& to, const Mem& from) {
  Mem source = from, target = to;
  source.setSize(10);
  target.setSize(10);
  a_.fld(source);
  a_.fstp(target);
}

bool Emitter::keepsAddress(const llvm::Type* leaf) const {
  if (!leaf->isIntegerTy() && !leaf->isVectorTy())
    return true;
  std::uint64_t bytes = (leaf->getPrimitiveSizeInBits().getFixedValue() + 7) / 8;
  return std::has_single_bit(bytes) && !(leaf->isVectorTy() && leaf->getScalarSizeInBits() == 1);
}

void Emitter::loadLeaf(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type) {
  if (!isUsed(number, part) && !(type->isIntegerTy() && bitsOf(type) > 64))
    return;
  if (type->isIntegerTy() && bitsOf(type) > 64) {
    for (unsigned i = 0; i < 2; ++i) {
      if (!isUsed(number, part + i))
        continue;
      Gp to = target(number, part + i);
      loadInteger(to, moved(from, 8 * i), i == 0 ? 64 : bitsOf(type) - 64);
      wrote(number, part + i, to);
    }
    return;
  }
  if (isOneGpr(type)) {
    Gp to = target(number, part);
    loadInteger(to, from, bitsOf(type));
    return wrote(number, part, to);
  }
  if (type->isX86_FP80Ty())
    return copyX87(frame(plan_.placeOf(number, part).offset), from);
  if (type->isVectorTy())
    return loadVector(number, part, from, type);
  Xmm to = targetXmm(number, part);
  loadXmm(to, from, type->isFloatTy() ? 4 : 8);
  wrote(number, part, to);
}

void Emitter::emitLoad(const llvm::LoadInst& load) {
  const std::uint32_t number = numberOf(load);
  llvm::Type* type = load.getType();
  if (load.isAtomic() && !isOneGpr(type) && !isOneXmm(type))
    return emitAtomic(load);
  if (load.isAtomic() && isOneGpr(type) && !isExactWidth(type) && bitsOf(type) > 8)
    refuse("atomic load of an unusual size");
  if (isOneGpr(type)) {
    if (!isUsed(number)) {
      loadInteger(x86::rax, address(load.getPointerOperand()), bitsOf(type)); // volatile
      return;
    }
    Gp to = target(number);
    Mem from = address(load.getPointerOperand());
    if (const llvm::SExtInst* extension = extensionOf(load); extension && bitsOf(type) < 64) {
      from.setSize(bitsOf(type) / 8);
      if (bitsOf(type) == 32)
        a_.movsxd(to, from);
      else
        a_.movsx(to, from);
      (void)extension;
    } else {
      loadInteger(to, from, bitsOf(type));
    }
    return wrote(number, 0, to);
  }
  if (isOneXmm(type)) {
    Xmm to = targetXmm(number);
    loadXmm(to, address(load.getPointerOperand()), type->isFloatTy() ? 4 : 8);
    return wrote(number, 0, to);
  }
  if (type->isX86_FP80Ty())
    return emitX87(load);
  Mem from = address(load.getPointerOperand(), 0, true);
  bool kept = true;
  forEachLeaf(type, [&](unsigned part, llvm::Type* leaf, std::int64_t offset) {
    if (!kept)
      from = address(load.getPointerOperand(), 0, true);
    loadLeaf(number, part, moved(from, offset), leaf);
    kept = keepsAddress(leaf);
  });
}

// Stores -----------------------------------------------------------------------------------------------------------------

void Emitter::storeInteger(const Mem& memory, Gp from, unsigned bits) {
  Mem to = memory;
  const unsigned bytes = (bits + 7) / 8;
  to.setSize(bytes);
  if (std::has_single_bit(bytes)) {
    a_.mov(to, sized(from, 8 * bytes));
    return;
  }
  // 3, 5, 6 or 7 bytes, in pieces. RAX may be written: it holds nothing but the value.
  move(x86::rax, from);
  a_.lea(x86::r11, to);
  for (unsigned at = 0; at < bytes;) {
    unsigned next = bytes - at >= 4 ? 4 : bytes - at >= 2 ? 2 : 1;
    a_.mov(x86::ptr(x86::r11, static_cast<std::int32_t>(at), next), sized(x86::rax, 8 * next));
    at += next;
    if (at < bytes)
      a_.shr(x86::rax, 8 * next);
  }
}

void Emitter::storeLeaf(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type) {
  if (type->isIntegerTy() && bitsOf(type) > 64) {
    storeInteger(to, read(value, part), 64);
    storeInteger(moved(to, 8), read(value, part + 1), bitsOf(type) - 64);
  } else if (isOneGpr(type)) {
    storeInteger(to, read(value, part), bitsOf(type));
  } else if (type->isX86_FP80Ty()) {
    copyX87(to, x87Memory(value, part));
  } else if (type->isVectorTy()) {
    storeVector(to, value, part, type);
  } else {
    storeXmm(to, readXmm(value, part), type->isFloatTy() ? 4 : 8);
  }
}

void Emitter::emitStore(const llvm::StoreInst& store) {
  const llvm::Value* value = store.getValueOperand();
  llvm::Type* type = value->getType();
  // What is undefined leaves the memory as it is, as in LLVM's code.
  if (llvm::isa<llvm::UndefValue>(value) && !store.isVolatile() && !store.isAtomic())
    return;
  if (store.isAtomic() && (store.getOrdering() == llvm::AtomicOrdering::SequentiallyConsistent || (!isOneGpr(type) && !isOneXmm(type)) ||
                           (isOneGpr(type) && !isExactWidth(type))))
    return emitAtomic(store);
  if (plan_.isFolded(value) && !plan_.isFrameAddress(plan_.numberOf(value)) && !type->isX86_FP80Ty())
    return emitUpdate(store, *llvm::cast<llvm::Instruction>(value));
  if (isOneGpr(type)) {
    const unsigned bits = bitsOf(type);
    if (std::optional<std::int32_t> immediate = immediateOf(value); immediate && isExactWidth(bits)) {
      Mem to = address(store.getPointerOperand());
      to.setSize(bits / 8);
      a_.mov(to, *immediate);
      return;
    }
    Gp from = read(value);
    return storeInteger(address(store.getPointerOperand()), from, bits);
  }
  if (isOneXmm(type)) {
    if (auto bits = llvm::isa<llvm::ConstantFP>(value) ? bitsOfPart(llvm::cast<llvm::Constant>(value), 0) : std::nullopt;
        bits && (type->isFloatTy() || isInt32(static_cast<std::int64_t>(bits->first)))) {
      Mem to = address(store.getPointerOperand());
      to.setSize(type->isFloatTy() ? 4 : 8);
      a_.mov(to, static_cast<std::int32_t>(bits->first));
      return;
    }
    Xmm from = readXmm(value);
    return storeXmm(address(store.getPointerOperand()), from, type->isFloatTy() ? 4 : 8);
  }
  if (type->isX86_FP80Ty()) {
    loadX87(value);
    Mem to = address(store.getPointerOperand());
    to.setSize(10);
    a_.fstp(to);
    return;
  }
  Mem to = address(store.getPointerOperand(), 0, true);
  bool kept = true;
  forEachLeaf(type, [&](unsigned part, llvm::Type* leaf, std::int64_t offset) {
    if (!kept)
      to = address(store.getPointerOperand(), 0, true);
    storeLeaf(moved(to, offset), value, part, leaf);
    kept = keepsAddress(leaf);
  });
}

/// A store of what was computed from the value that is there: one instruction.
void Emitter::emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic) {
  const llvm::LoadInst* load = updatedLoad(arithmetic);
  const llvm::Value* other = arithmetic.getOperand(arithmetic.getOperand(0) == load ? 1 : 0);
  const unsigned bits = bitsOf(arithmetic.getType());
  namespace Inst = x86::Inst;
  asmjit::InstId operation = Inst::kIdXor;
  switch (arithmetic.getOpcode()) {
  case llvm::Instruction::Add: operation = Inst::kIdAdd; break;
  case llvm::Instruction::Sub: operation = Inst::kIdSub; break;
  case llvm::Instruction::And: operation = Inst::kIdAnd; break;
  case llvm::Instruction::Or: operation = Inst::kIdOr; break;
  default: break;
  }
  std::optional<std::int32_t> immediate = immediateOf(other);
  Gp operand;
  if (!immediate)
    operand = read(other);
  Mem memory = address(store.getPointerOperand());
  memory.setSize(bits / 8);
  if (immediate)
    a_.emit(operation, memory, asmjit::Imm(*immediate));
  else
    a_.emit(operation, memory, sized(operand, bits));
}

// Variables --------------------------------------------------------------------------------------------------------------

/// A variable that is no frame address: aligned to more than 16 bytes, of variable size, or outside of the entry block.
void Emitter::emitAlloca(const llvm::AllocaInst& variable) {
  if (variable.isUsedWithInAlloca() || variable.isSwiftError())
    refuse("alloca of a special kind");
  const std::uint32_t number = numberOf(variable);
  std::uint64_t size = data_.getTypeAllocSize(variable.getAllocatedType()).getFixedValue();
  std::uint64_t align = std::max<std::uint64_t>(variable.getAlign().value(), 16);
  // size * count, rounded up to the stack's alignment
  if (const auto* count = llvm::dyn_cast<llvm::ConstantInt>(variable.getArraySize()); count && count->getValue().ule(1u << 30)) {
    std::uint64_t bytes = (size * count->getZExtValue() + 15) / 16 * 16;
    if (bytes > (std::uint64_t{1} << 30))
      refuse("local variables of more than 1 GiB");
    loadConstant(x86::rax, std::max<std::uint64_t>(bytes, 16));
  } else {
    if (!isOneGpr(variable.getArraySize()->getType()))
      refuse("alloca with a count of more than 64 bits");
    zeroExtendInto(x86::rax, variable.getArraySize());
    if (isInt32(static_cast<std::int64_t>(size))) {
      a_.imul(x86::rax, x86::rax, static_cast<std::int32_t>(size));
    } else {
      loadConstant(x86::r10, size);
      a_.imul(x86::rax, x86::r10);
    }
    a_.add(x86::rax, 15);
    a_.and_(x86::rax, -16);
  }
  // Down to the new top page by page, so that a stack overflow meets the guard page.
  a_.mov(x86::r11, x86::rsp);
  a_.sub(x86::r11, x86::rax);
  if (align > 16)
    a_.and_(x86::r11, -static_cast<std::int64_t>(align));
  Label touch = a_.newLabel(), done = a_.newLabel();
  a_.bind(touch);
  a_.lea(x86::rax, x86::ptr(x86::rsp, -4096));
  a_.cmp(x86::rax, x86::r11);
  a_.jbe(done);
  a_.mov(x86::rsp, x86::rax);
  a_.or_(x86::dword_ptr(x86::rsp), 0);
  a_.jmp(touch);
  a_.bind(done);
  a_.mov(x86::rsp, x86::r11);
  wrote(number, 0, x86::r11);
}

} // namespace kiln::baseline
