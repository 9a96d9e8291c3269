#include "compile/baseline/emit/Memory.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>

#include <bit>

#include "compile/baseline/emit/Atomics.h"
#include "compile/baseline/emit/Vectors.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {
namespace {

/// Whether a load or store of the leaf leaves R10 and R11 alone.
bool keepsAddress(const llvm::Type* leaf) {
  if (!leaf->isIntegerTy() && !leaf->isVectorTy())
    return true;
  std::uint64_t bytes = (leaf->getPrimitiveSizeInBits().getFixedValue() + 7) / 8;
  return std::has_single_bit(bytes) && !(leaf->isVectorTy() && leaf->getScalarSizeInBits() == 1);
}

} // namespace

// Addresses as values -------------------------------------------------------------------------------------------------

void Memory::addressInto(Gp to, const AddressParts& parts) {
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

void Memory::emitAddress(const llvm::GetElementPtrInst& instruction) {
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
      offset += static_cast<std::int64_t>(e_.data.getStructLayout(record)->getElementOffset(field).getFixedValue());
      continue;
    }
    auto stride = static_cast<std::int64_t>(at.getSequentialElementStride(e_.data).getFixedValue());
    if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(index)) {
      offset += constant->getValue().sextOrTrunc(64).getSExtValue() * stride;
      continue;
    }
    if (isOneGpr(index->getType()))
      signExtendInto(x86::r10, index);
    else
      readInto(x86::r10, index); // the lower part of a wide one
    if (isScale(static_cast<std::uint64_t>(stride))) {
      a_.lea(x86::rax,
             x86::ptr(x86::rax, x86::r10, static_cast<unsigned>(std::countr_zero(static_cast<std::uint64_t>(stride)))));
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

// Loads ---------------------------------------------------------------------------------------------------------------

/// Calls `use(part, type, memory)` for all leaves of a value in memory.
template <typename Use> void Memory::forEachLeafAt(const llvm::Value* pointer, llvm::Type* type, Use&& use) {
  Mem at = address(pointer, 0, true);
  bool kept = true;
  forEachLeaf(type, e_.data, [&](unsigned part, llvm::Type* leaf, std::int64_t offset) {
    if (!kept)
      at = address(pointer, 0, true);
    use(part, leaf, moved(at, offset));
    kept = keepsAddress(leaf);
  });
}

void Memory::loadLeaf(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type) {
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
    return families_.vectors.load(number, part, from, type);
  Xmm to = targetXmm(number, part);
  loadXmm(to, from, type->isFloatTy() ? 4 : 8);
  wrote(number, part, to);
}

void Memory::emitLoad(const llvm::LoadInst& load) {
  const std::uint32_t number = numberOf(load);
  llvm::Type* type = load.getType();
  if (load.isAtomic() && !isOneGpr(type) && !isOneXmm(type))
    return families_.atomics.emit(load);
  if (load.isAtomic() && isOneGpr(type) && !isExactWidth(type) && bitsOf(type) > 8)
    refuse("atomic load of an unusual size");
  if (isOneGpr(type)) {
    if (!isUsed(number)) {
      loadInteger(x86::rax, address(load.getPointerOperand()), bitsOf(type)); // volatile
      return;
    }
    Gp to = target(number);
    Mem from = address(load.getPointerOperand());
    if (extensionOf(load) && bitsOf(type) < 64) {
      from.setSize(bitsOf(type) / 8);
      bitsOf(type) == 32 ? a_.movsxd(to, from) : a_.movsx(to, from);
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
    return families_.x87.emit(load);
  forEachLeafAt(load.getPointerOperand(), type,
                [&](unsigned part, llvm::Type* leaf, const Mem& from) { loadLeaf(number, part, from, leaf); });
}

// Stores --------------------------------------------------------------------------------------------------------------

void Memory::storeLeaf(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type) {
  if (type->isIntegerTy() && bitsOf(type) > 64) {
    storeInteger(to, read(value, part), 64);
    storeInteger(moved(to, 8), read(value, part + 1), bitsOf(type) - 64);
  } else if (isOneGpr(type)) {
    storeInteger(to, read(value, part), bitsOf(type));
  } else if (type->isX86_FP80Ty()) {
    copyX87(to, families_.x87.memory(value, part));
  } else if (type->isVectorTy()) {
    families_.vectors.store(to, value, part, type);
  } else {
    storeXmm(to, readXmm(value, part), type->isFloatTy() ? 4 : 8);
  }
}

void Memory::emitStore(const llvm::StoreInst& store) {
  const llvm::Value* value = store.getValueOperand();
  llvm::Type* type = value->getType();
  // What is undefined leaves the memory as it is, as in LLVM's code.
  if (llvm::isa<llvm::UndefValue>(value) && !store.isVolatile() && !store.isAtomic())
    return;
  if (store.isAtomic() && (store.getOrdering() == llvm::AtomicOrdering::SequentiallyConsistent ||
                           (!isOneGpr(type) && !isOneXmm(type)) || (isOneGpr(type) && !isExactWidth(type))))
    return families_.atomics.emit(store);
  if (plan_.isFolded(value) && !plan_.isFrameAddress(plan_.numberOf(value)) && !type->isX86_FP80Ty())
    return emitUpdate(store, *llvm::cast<llvm::Instruction>(value));
  if (isOneGpr(type)) {
    const unsigned bits = bitsOf(type);
    if (std::optional<std::int32_t> immediate = immediateOf(value); immediate && isExactWidth(bits)) {
      a_.mov(ofSize(address(store.getPointerOperand()), bits / 8), *immediate);
      return;
    }
    Gp from = read(value);
    return storeInteger(address(store.getPointerOperand()), from, bits);
  }
  if (isOneXmm(type)) {
    if (auto bits =
            llvm::isa<llvm::ConstantFP>(value) ? bitsOfPart(llvm::cast<llvm::Constant>(value), 0) : std::nullopt;
        bits && (type->isFloatTy() || isInt32(static_cast<std::int64_t>(bits->first)))) {
      a_.mov(ofSize(address(store.getPointerOperand()), type->isFloatTy() ? 4 : 8),
             static_cast<std::int32_t>(bits->first));
      return;
    }
    Xmm from = readXmm(value);
    return storeXmm(address(store.getPointerOperand()), from, type->isFloatTy() ? 4 : 8);
  }
  if (type->isX86_FP80Ty()) {
    families_.x87.push(value);
    a_.fstp(ofSize(address(store.getPointerOperand()), kX87Bytes));
    return;
  }
  forEachLeafAt(store.getPointerOperand(), type,
                [&](unsigned part, llvm::Type* leaf, const Mem& to) { storeLeaf(to, value, part, leaf); });
}

/// A store of what was computed from the value that is there: one instruction.
void Memory::emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic) {
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
  const Mem memory = ofSize(address(store.getPointerOperand()), bits / 8);
  if (immediate)
    a_.emit(operation, memory, asmjit::Imm(*immediate));
  else
    a_.emit(operation, memory, sized(operand, bits));
}

// Variables -----------------------------------------------------------------------------------------------------------

/// A variable that is no frame address: aligned to more than 16 bytes, of variable size, or outside of the entry block.
void Memory::emitAlloca(const llvm::AllocaInst& variable) {
  if (variable.isUsedWithInAlloca() || variable.isSwiftError())
    refuse("alloca of a special kind");
  const std::uint32_t number = numberOf(variable);
  std::uint64_t size = e_.data.getTypeAllocSize(variable.getAllocatedType()).getFixedValue();
  std::uint64_t align = std::max<std::uint64_t>(variable.getAlign().value(), 16);
  // size * count, rounded up to the stack's alignment
  if (const auto* count = llvm::dyn_cast<llvm::ConstantInt>(variable.getArraySize());
      count && count->getValue().ule(1u << 30)) {
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
