// Loads, stores, allocas, address computations and atomics.
#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/Module.h>

#include <bit>

#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {
namespace {

unsigned log2Of(std::uint64_t scale) { return static_cast<unsigned>(std::countr_zero(scale)); }
bool isScale(std::uint64_t scale) { return scale == 1 || scale == 2 || scale == 4 || scale == 8; }

LoadKind loadKind(unsigned bytes) {
  switch (bytes) {
  case 1: return LoadKind::U8;
  case 2: return LoadKind::U16;
  case 4: return LoadKind::U32;
  default: return LoadKind::U64;
  }
}
Width storeWidth(unsigned bytes) { return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3; }
bool isPowerSize(unsigned bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }

/// Bytes of a type that one load or store moves as it is, or 0.
unsigned plainSize(const llvm::Type* type) {
  if (type->isFloatTy())
    return 4;
  if (type->isDoubleTy() || type->isPointerTy())
    return 8;
  return type->isIntegerTy() && isExactWidth(type) ? type->getIntegerBitWidth() / 8 : 0;
}

} // namespace

Leaves Decoder::leavesFor(llvm::Type* type) {
  Leaves leaves;
  if (!leavesOf(type, data_, leaves))
    refuse("a value of a type that has no words");
  return leaves;
}

Address addressAt(Operand pointer) {
  Address address;
  address.absolute = pointer.constant;
  address.base = pointer.word;
  address.offset = pointer.constant ? static_cast<std::int64_t>(pointer.k) : 0;
  return address;
}

Address Decoder::resolve(const AddressParts& parts) {
  if (!parts.base->getType()->isPointerTy())
    refuse("vector of pointers as an address");
  Address address = addressAt(operand(parts.base));
  address.offset += parts.offset;
  if (parts.index) {
    address.indexed = true;
    address.index = word(parts.index);
    address.kind = parts.kind;
    address.scale = parts.scale;
  }
  return address;
}

void Decoder::emitAddress(unsigned d, Address address) {
  if (!address.indexed) {
    if (address.absolute)
      return emitConstant(d, static_cast<Word>(address.offset));
    if (address.offset == 0)
      return emitMove(d, {false, 0, address.base});
    if (address.offset == static_cast<std::int32_t>(address.offset)) {
      emitOffset(addressOffset(), d, address.base, static_cast<std::int32_t>(address.offset));
      return;
    }
    emit(intBinary(IntOp::Add, 3, Form::RK), d, address.base);
    append(static_cast<Word>(address.offset));
    return;
  }
  if (isScale(address.scale) && address.absolute) {
    emit(addressAbsoluteIndexed(address.kind, log2Of(address.scale)), d, 0, address.index);
    append(static_cast<Word>(address.offset));
    return;
  }
  if (isScale(address.scale) && address.offset == static_cast<std::int16_t>(address.offset)) {
    emit(addressIndexed(address.kind, log2Of(address.scale)), d, address.base, address.index,
         static_cast<std::uint16_t>(address.offset));
    return;
  }
  std::uint16_t base = address.absolute ? wordWith(static_cast<Word>(address.offset)) : address.base;
  std::int64_t rest = address.absolute ? 0 : address.offset;
  unsigned to = rest ? temporary() : d;
  emit(addressScaled(address.kind), to, address.index, base);
  append(address.scale);
  if (rest) {
    emit(intBinary(IntOp::Add, 3, Form::RK), d, to);
    append(static_cast<Word>(rest));
  }
}

Address Decoder::withoutIndex(const Address& address) {
  if (!address.indexed)
    return address;
  Address plain;
  plain.base = temporary();
  emitAddress(plain.base, address);
  return plain;
}

std::uint16_t Decoder::addressWord(const Address& address) {
  if (!address.indexed && !address.absolute && address.offset == 0)
    return address.base;
  if (!address.indexed && address.absolute)
    return wordWith(static_cast<Word>(address.offset));
  std::uint16_t at = temporary();
  emitAddress(at, address);
  return at;
}

void Decoder::emitLoad(LoadKind kind, unsigned d, Address address, std::int64_t offset) {
  address.offset += offset;
  if (!address.indexed && address.absolute) {
    emit(loadAbsolute(kind), d);
    append(static_cast<Word>(address.offset));
  } else if (!address.indexed && address.offset == static_cast<std::int32_t>(address.offset)) {
    emitOffset(loadOffset(kind), d, address.base, static_cast<std::int32_t>(address.offset));
  } else if (address.indexed && isScale(address.scale) && address.absolute) {
    emit(loadAbsoluteIndexed(kind, address.kind, log2Of(address.scale)), d, 0, address.index);
    append(static_cast<Word>(address.offset));
  } else if (address.indexed && isScale(address.scale) && address.offset == static_cast<std::int16_t>(address.offset)) {
    emit(loadIndexed(kind, address.kind, log2Of(address.scale)), d, address.base, address.index,
         static_cast<std::uint16_t>(address.offset));
  } else {
    emitOffset(loadOffset(kind), d, addressWord(address), 0);
  }
}

void Decoder::emitStore(Width width, Operand value, Address address, std::int64_t offset) {
  address.offset += offset;
  bool fits = !address.indexed && (address.absolute || address.offset == static_cast<std::int32_t>(address.offset));
  if (value.constant && fits) {
    if (address.absolute) {
      emit(storeAbsoluteConstant(width));
      append(static_cast<Word>(address.offset));
    } else {
      emitOffset(storeOffsetConstant(width), 0, address.base, static_cast<std::int32_t>(address.offset));
    }
    append(value.k);
    return;
  }
  std::uint16_t from = word(value);
  if (!address.indexed && address.absolute) {
    emit(storeAbsolute(width), from);
    append(static_cast<Word>(address.offset));
  } else if (fits) {
    emitOffset(storeOffset(width), from, address.base, static_cast<std::int32_t>(address.offset));
  } else if (address.indexed && isScale(address.scale) && address.absolute) {
    emit(storeAbsoluteIndexed(width, address.kind, log2Of(address.scale)), from, 0, address.index);
    append(static_cast<Word>(address.offset));
  } else if (address.indexed && isScale(address.scale) && address.offset == static_cast<std::int16_t>(address.offset)) {
    emit(storeIndexed(width, address.kind, log2Of(address.scale)), from, address.base, address.index,
         static_cast<std::uint16_t>(address.offset));
  } else {
    emitOffset(storeOffset(width), from, addressWord(address), 0);
  }
}

/// `d` is the first word of the whole value.
void Decoder::emitLoadLeaf(const Leaf& leaf, unsigned d, const Address& address) {
  unsigned at = d + leaf.word;
  auto offset = static_cast<std::int64_t>(leaf.offset);
  if (leaf.bytes == 0) { // a lane of a few bits
    if (leaf.bits != 1)
      refuse("vector whose lanes are not whole bytes");
    emitLoad(LoadKind::U8, at, address, offset / 8);
    emit(intBinary(IntOp::LShr, 2, Form::RK), at, at);
    append(static_cast<Word>(offset % 8));
    emitMask(1, at, at);
    return;
  }
  if (leaf.words == 1 && isPowerSize(leaf.bytes)) {
    emitLoad(loadKind(leaf.bytes), at, address, offset);
    if (leaf.kind == LeafKind::Integer && !isExactWidth(leaf.bits))
      emitMask(leaf.bits, at, at);
    return;
  }
  for (unsigned i = 0; i < leaf.words; ++i) {
    unsigned bytes = std::min(8u, leaf.bytes - 8 * i);
    std::int64_t part = offset + 8 * i;
    if (isPowerSize(bytes)) {
      emitLoad(loadKind(bytes), at + i, address, part);
    } else {
      Address exact = withoutIndex(address);
      exact.offset += part;
      emit(loadBytes(), at + i, addressWord(exact), 0, bytes);
    }
  }
  if (leaf.kind == LeafKind::Integer && leaf.bits % 64 != 0)
    emitMask(leaf.bits % 64, at + leaf.words - 1, at + leaf.words - 1);
}

void Decoder::emitStoreLeaf(const Leaf& leaf, const llvm::Value* value, const Address& address) {
  auto offset = static_cast<std::int64_t>(leaf.offset);
  if (leaf.bytes == 0) {
    // Lanes come in order: the first of a byte sets it, the others add their bits.
    if (leaf.bits != 1)
      refuse("vector whose lanes are not whole bytes");
    std::uint16_t bit = word(value, leaf.word);
    if (offset % 8 == 0)
      return emitStore(0, {false, 0, bit}, address, offset / 8);
    std::uint16_t shifted = temporary(), byte = temporary();
    emit(intBinary(IntOp::Shl, 2, Form::RK), shifted, bit);
    append(static_cast<Word>(offset % 8));
    emitLoad(LoadKind::U8, byte, address, offset / 8);
    emit(intBinary(IntOp::Or, 2, Form::RR), byte, byte, shifted);
    emitStore(0, {false, 0, byte}, address, offset / 8);
    return;
  }
  for (unsigned i = 0; i < leaf.words; ++i) {
    unsigned bytes = std::min(8u, leaf.bytes - 8 * i);
    std::int64_t part = offset + 8 * i;
    Operand from = operand(value, leaf.word + i);
    if (isPowerSize(bytes)) {
      emitStore(storeWidth(bytes), from, address, part);
    } else {
      Address exact = withoutIndex(address);
      exact.offset += part;
      std::uint16_t at = addressWord(exact);
      emit(storeBytes(), word(from), at, 0, bytes);
    }
  }
}

void Decoder::decodeLoad(const llvm::LoadInst& load) {
  if (load.isAtomic() && wordsOf(load.getType()) == 2) {
    emit(atomicLoad128(), destination(load), word(load.getPointerOperand()));
    return;
  }
  unsigned d = destination(load);
  if (extensionOf(load)) {
    unsigned bits = load.getType()->getIntegerBitWidth();
    constexpr LoadKind kinds[] = {LoadKind::S8, LoadKind::S16, LoadKind::S32, LoadKind::U64};
    return emitLoad(kinds[widthOf(bits)], d, resolve(load.getPointerOperand()), 0);
  }
  if (unsigned bytes = plainSize(load.getType()))
    return emitLoad(loadKind(bytes), d, resolve(load.getPointerOperand()), 0);
  Leaves leaves = leavesFor(load.getType());
  Address address = resolve(load.getPointerOperand());
  if (leaves.size() > 1 || (!leaves.empty() && leaves[0].words > 1))
    address = withoutIndex(address);
  for (const Leaf& leaf : leaves)
    emitLoadLeaf(leaf, d, address);
}

void Decoder::decodeStore(const llvm::StoreInst& store) {
  const llvm::Value* value = store.getValueOperand();
  // What is undefined leaves the memory as it is, as in LLVM's code.
  if (llvm::isa<llvm::UndefValue>(value) && !store.isVolatile() && !store.isAtomic())
    return;
  if (!store.isAtomic()) {
    if (layout_.isFolded(value))
      return emitUpdate(store, *llvm::cast<llvm::Instruction>(value));
    if (unsigned bytes = plainSize(value->getType())) {
      Address address = resolve(store.getPointerOperand());
      return emitStore(storeWidth(bytes), operand(value), address, 0);
    }
  }
  Leaves leaves = leavesFor(value->getType());
  if (store.isAtomic()) {
    std::uint16_t pointer = word(store.getPointerOperand());
    if (leaves.size() == 1 && leaves[0].words == 2) {
      emit(atomicStore128(), wordsFor(value, 2), pointer);
      return;
    }
    if (leaves.size() != 1 || !isPowerSize(leaves[0].bytes))
      refuse("atomic store of an unusual size");
    std::uint16_t from = word(value);
    if (store.getOrdering() == llvm::AtomicOrdering::SequentiallyConsistent)
      emit(atomicStore(storeWidth(leaves[0].bytes)), from, pointer);
    else
      emitOffset(storeOffset(storeWidth(leaves[0].bytes)), from, pointer, 0);
    return;
  }
  Address address = resolve(store.getPointerOperand());
  if (leaves.size() > 1 || (!leaves.empty() && leaves[0].words > 1))
    address = withoutIndex(address);
  for (const Leaf& leaf : leaves)
    emitStoreLeaf(leaf, value, address);
}

/// A store of what was computed from the value that is there.
void Decoder::emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic) {
  Address address = resolve(store.getPointerOperand());
  unsigned place = address.indexed ? address.index : static_cast<std::uint16_t>(address.offset);
  llvm::Type* type = arithmetic.getType();
  if (!arithmetic.isBinaryOp()) { // fmuladd
    std::uint16_t a = word(arithmetic.getOperand(0)), b = word(arithmetic.getOperand(1));
    emit(multiplyAddUpdate(floatTypeOf(type), address.indexed), address.base, a, b, place);
    return;
  }
  const llvm::Value* other = arithmetic.getOperand(arithmetic.getOperand(0) == updatedLoad(arithmetic) ? 1 : 0);
  Operand operand = this->operand(other);
  if (type->isFloatingPointTy()) {
    std::uint16_t a = word(operand);
    emit(floatUpdate(floatOpOf(arithmetic.getOpcode()), floatTypeOf(type), address.indexed), address.base, a, 0, place);
    return;
  }
  emit(intUpdate(intOpOf(arithmetic.getOpcode()), widthOf(type), address.indexed, operand.constant), address.base,
       operand.constant ? 0 : operand.word, 0, place);
  if (operand.constant)
    append(operand.k);
}

void Decoder::decodeAlloca(const llvm::AllocaInst& variable) {
  if (variable.isUsedWithInAlloca() || variable.isSwiftError())
    refuse("alloca of a special kind");
  unsigned d = destination(variable);
  std::uint64_t size = data_.getTypeAllocSize(variable.getAllocatedType()).getFixedValue();
  std::uint64_t align = variable.getAlign().value();
  const auto* count = llvm::dyn_cast<llvm::ConstantInt>(variable.getArraySize());
  if (variable.getParent()->isEntryBlock() && count && align <= 16 && count->getValue().ule(1u << 30)) {
    std::uint64_t bytes = size * count->getZExtValue();
    if (bytes > (std::uint64_t{1} << 30) || allocaBytes_ > (std::uint64_t{1} << 30))
      refuse("local variables of more than 1 GiB");
    allocaBytes_ = (allocaBytes_ + align - 1) / align * align;
    frameAddresses_.emplace_back(emitOffset(frameAddress(), d, 0, 0), allocaBytes_);
    // Every variable has an address of its own.
    allocaBytes_ += std::max<std::uint64_t>(bytes, 1);
    return;
  }
  // size * count, rounded up to the stack's alignment
  std::uint16_t bytes = temporary();
  unsigned bits = variable.getArraySize()->getType()->getIntegerBitWidth();
  std::uint16_t elements = zeroExtended(bits, operand(variable.getArraySize()));
  emit(intBinary(IntOp::Mul, 3, Form::RK), bytes, elements);
  append(size);
  emit(intBinary(IntOp::Add, 3, Form::RK), bytes, bytes);
  append(15);
  emit(intBinary(IntOp::And, 3, Form::RK), bytes, bytes);
  append(~Word{15});
  emit(allocate(), d, bytes);
  append(std::max<std::uint64_t>(align, 16));
}

void Decoder::decodeAddress(const llvm::GetElementPtrInst& address) {
  unsigned d = destination(address);
  if (const AddressParts* parts = layout_.partsOf(numberOf(address)))
    return emitAddress(d, resolve(*parts));
  // Several indices, or indices of unusual widths, or one address a lane: step by step.
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(address.getType());
  unsigned lanes = vector ? vector->getNumElements() : 1;
  auto lane = [](const llvm::Value* value, unsigned i) { return value->getType()->isVectorTy() ? i : 0; };
  for (unsigned i = 0; i < lanes; ++i) {
    const llvm::Value* base = address.getPointerOperand();
    std::uint16_t at = temporary();
    emitMove(at, operand(base, lane(base, i)));
    std::int64_t offset = 0;
    for (auto step = llvm::gep_type_begin(address), end = llvm::gep_type_end(address); step != end; ++step) {
      const llvm::Value* index = step.getOperand();
      Operand which = operand(index, lane(index, i));
      if (llvm::StructType* record = step.getStructTypeOrNull()) {
        offset += static_cast<std::int64_t>(
            data_.getStructLayout(record)->getElementOffset(static_cast<unsigned>(which.k)).getFixedValue());
        continue;
      }
      std::uint64_t stride = step.getSequentialElementStride(data_).getFixedValue();
      unsigned bits = index->getType()->getScalarSizeInBits();
      if (bits > 64)
        refuse("address with an index of more than 64 bits");
      std::uint16_t wide = signExtended(bits, which);
      std::uint16_t next = temporary();
      emit(addressScaled(IndexKind::I64), next, wide, at);
      append(stride);
      at = next;
    }
    emit(intBinary(IntOp::Add, 3, Form::RK), d + i, at);
    append(static_cast<Word>(offset));
  }
}

void Decoder::decodeAtomic(const llvm::Instruction& instruction) {
  if (llvm::isa<llvm::FenceInst>(instruction)) {
    emit(fence());
    return;
  }
  unsigned d = destination(instruction);
  auto widthFor = [&](llvm::Type* type) {
    std::uint64_t bytes = data_.getTypeStoreSize(type).getFixedValue();
    if (!isPowerSize(static_cast<unsigned>(bytes)) || wordsOf(type) != 1 || (type->isIntegerTy() && !isExactWidth(type)))
      refuse("atomic operation of an unusual size");
    return storeWidth(static_cast<unsigned>(bytes));
  };
  if (const auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    llvm::Type* type = exchange->getCompareOperand()->getType();
    std::uint16_t pointer = word(exchange->getPointerOperand());
    if (wordsOf(type) == 2) {
      std::uint16_t expected = wordsFor(exchange->getCompareOperand(), 2);
      emit(atomicCompareExchange128(), d, pointer, expected, wordsFor(exchange->getNewValOperand(), 2));
      return;
    }
    Width width = widthFor(type);
    std::uint16_t expected = word(exchange->getCompareOperand());
    emit(atomicCompareExchange(width), d, pointer, expected, word(exchange->getNewValOperand()));
    return;
  }
  const auto& modify = llvm::cast<llvm::AtomicRMWInst>(instruction);
  using Rmw = llvm::AtomicRMWInst;
  AtomicOp op;
  switch (modify.getOperation()) {
  case Rmw::Xchg: op = AtomicOp::Xchg; break;
  case Rmw::Add: op = AtomicOp::Add; break;
  case Rmw::Sub: op = AtomicOp::Sub; break;
  case Rmw::And: op = AtomicOp::And; break;
  case Rmw::Nand: op = AtomicOp::Nand; break;
  case Rmw::Or: op = AtomicOp::Or; break;
  case Rmw::Xor: op = AtomicOp::Xor; break;
  case Rmw::Max: op = AtomicOp::Max; break;
  case Rmw::Min: op = AtomicOp::Min; break;
  case Rmw::UMax: op = AtomicOp::UMax; break;
  case Rmw::UMin: op = AtomicOp::UMin; break;
  case Rmw::UIncWrap: op = AtomicOp::UIncWrap; break;
  case Rmw::UDecWrap: op = AtomicOp::UDecWrap; break;
  case Rmw::FAdd: op = AtomicOp::FAdd; break;
  case Rmw::FSub: op = AtomicOp::FSub; break;
  case Rmw::FMax: op = AtomicOp::FMax; break;
  case Rmw::FMin: op = AtomicOp::FMin; break;
  default: refuse("atomicrmw of an unknown kind");
  }
  Handler handler = atomicReadModifyWrite(op, widthFor(modify.getType()));
  if (!handler)
    refuse("atomicrmw of an unusual size");
  std::uint16_t pointer = word(modify.getPointerOperand());
  emit(handler, d, pointer, word(modify.getValOperand()));
}

} // namespace kiln::interp
