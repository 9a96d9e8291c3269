// Where operands are read and results written.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Operator.h>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

const Place* Emitter::placeOf(const llvm::Value* value, unsigned part) {
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone || plan_.stateOf(number).folded)
    return nullptr;
  return &plan_.placeOf(number, part);
}

Register Emitter::registerOf(const llvm::Value* value, unsigned part) {
  const Place* place = placeOf(value, part);
  return place ? place->reg : kNoRegister;
}

std::optional<std::int64_t> Emitter::constantOf(const llvm::Value* value) {
  if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(value)) {
    if (integer->getBitWidth() > 64)
      return std::nullopt;
    return integer->getSExtValue();
  }
  if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(value) && isOneGpr(value->getType()))
    return 0;
  return std::nullopt;
}

std::optional<std::int32_t> Emitter::immediateOf(const llvm::Value* value) {
  std::optional<std::int64_t> constant = constantOf(value);
  if (!constant || !isInt32(*constant))
    return std::nullopt;
  return static_cast<std::int32_t>(*constant);
}

// Integers ---------------------------------------------------------------------------------------------------------------

Gp Emitter::read(const llvm::Value* value, unsigned part, Gp scratch) {
  if (Register reg = registerOf(value, part); reg != kNoRegister)
    return gp(reg);
  readInto(scratch, value, part);
  return sized(scratch, 64);
}

void Emitter::readInto(Gp to, const llvm::Value* value, unsigned part) {
  to = sized(to, 64);
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone)
    return materialise(to, llvm::cast<llvm::Constant>(value), part);
  if (plan_.isFrameAddress(number)) {
    a_.lea(to, frame(plan_.frameOffset(number)));
    return;
  }
  if (plan_.stateOf(number).folded) {
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
    if (!load)
      refuse("a folded value is read"); // cannot happen: the plan folds what its users take apart
    Mem from = address(load->getPointerOperand());
    return loadInteger(to, from, bitsOf(load->getType()));
  }
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    move(to, gp(place.reg));
  else if (place.offset != 0)
    a_.mov(to, frame(place.offset));
}

void Emitter::zeroExtendInto(Gp to, const llvm::Value* value) {
  unsigned bits = bitsOf(value->getType());
  if (std::optional<std::int64_t> constant = constantOf(value)) {
    std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    return loadConstant(to, static_cast<std::uint64_t>(*constant) & mask);
  }
  Gp from = read(value, 0, to);
  if (bits == 64 || !isExactWidth(bits))
    return move(to, from);
  if (bits == 32)
    a_.mov(sized(to, 32), sized(from, 32));
  else
    a_.movzx(sized(to, 32), sized(from, bits));
}

void Emitter::signExtendInto(Gp to, const llvm::Value* value) {
  unsigned bits = bitsOf(value->getType());
  if (std::optional<std::int64_t> constant = constantOf(value))
    return loadConstant(to, static_cast<std::uint64_t>(*constant));
  Gp from = read(value, 0, to);
  to = sized(to, 64);
  if (bits == 64)
    return move(to, from);
  if (bits == 32) {
    a_.movsxd(to, sized(from, 32));
  } else if (isExactWidth(bits)) {
    a_.movsx(to, sized(from, bits));
  } else {
    move(to, from);
    a_.shl(to, 64 - bits);
    a_.sar(to, 64 - bits);
  }
}

Gp Emitter::readZeroExtended(const llvm::Value* value, Gp scratch) {
  unsigned bits = bitsOf(value->getType());
  std::uint32_t number = plan_.numberOf(value);
  bool known = bits == 64 || !isExactWidth(bits) || (number != kNone && plan_.stateOf(number).clean);
  if (known && !constantOf(value))
    return read(value, 0, scratch);
  zeroExtendInto(scratch, value);
  return sized(scratch, 64);
}

Gp Emitter::readSignExtended(const llvm::Value* value, Gp scratch) {
  if (bitsOf(value->getType()) == 64)
    return read(value, 0, scratch);
  signExtendInto(scratch, value);
  return sized(scratch, 64);
}

std::optional<Mem> Emitter::inMemory(const llvm::Value* value, unsigned part, unsigned bytes) {
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone)
    return std::nullopt;
  if (plan_.stateOf(number).folded) {
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
    if (!load)
      return std::nullopt;
    Mem from = address(load->getPointerOperand());
    from.setSize(bytes);
    return from;
  }
  const Place& place = plan_.placeOf(number, part);
  if (!place.inSlot())
    return std::nullopt;
  return frame(place.offset, bytes);
}

void Emitter::loadConstant(Gp to, std::uint64_t bits) {
  if (bits <= 0xffffffff)
    a_.mov(sized(to, 32), static_cast<std::uint32_t>(bits));
  else
    a_.mov(sized(to, 64), static_cast<std::int64_t>(bits));
}

void Emitter::clean(Gp reg, unsigned bits) {
  if (bits < 32) {
    a_.and_(sized(reg, 32), static_cast<std::int32_t>((1u << bits) - 1));
  } else if (bits == 32) { // the upper part of a wide one
    a_.mov(sized(reg, 32), sized(reg, 32));
  } else if (bits > 32 && bits < 64) {
    a_.shl(sized(reg, 64), 64 - bits);
    a_.shr(sized(reg, 64), 64 - bits);
  }
}

// Constants --------------------------------------------------------------------------------------------------------------

/// The scalar or vector constant that is, or holds, a part; `part` becomes the part within it.
const llvm::Constant* Emitter::leafOfPart(const llvm::Constant* constant, unsigned& part) {
  llvm::Type* type = constant->getType();
  while (type->isStructTy() || type->isArrayTy()) {
    unsigned elements = type->isStructTy() ? type->getStructNumElements() : static_cast<unsigned>(type->getArrayNumElements());
    unsigned index = 0;
    for (; index < elements; ++index) {
      llvm::Type* element = type->isStructTy() ? type->getStructElementType(index) : type->getArrayElementType();
      std::uint32_t count = plan_.partCount(element);
      if (part < count)
        break;
      part -= count;
    }
    constant = constant->getAggregateElement(index);
    if (!constant)
      refuse("constant expression of an aggregate");
    type = constant->getType();
  }
  return constant;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Emitter::bitsOfPart(const llvm::Constant* constant, unsigned part) {
  using Bits = std::pair<std::uint64_t, std::uint64_t>;
  if (llvm::isa<llvm::UndefValue, llvm::ConstantAggregateZero, llvm::ConstantPointerNull>(constant))
    return Bits{0, 0};
  const llvm::Constant* leaf = leafOfPart(constant, part);
  if (llvm::isa<llvm::UndefValue, llvm::ConstantAggregateZero, llvm::ConstantPointerNull>(leaf))
    return Bits{0, 0};
  if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(leaf)) {
    if (leaf->getType()->isVectorTy())
      return vectorBits(leaf);
    return Bits{part < integer->getValue().getNumWords() ? integer->getValue().getRawData()[part] : 0, 0};
  }
  if (const auto* real = llvm::dyn_cast<llvm::ConstantFP>(leaf)) {
    if (leaf->getType()->isVectorTy())
      return vectorBits(leaf);
    llvm::APInt bits = real->getValueAPF().bitcastToAPInt();
    return Bits{bits.getRawData()[0], bits.getNumWords() > 1 ? bits.getRawData()[1] : 0};
  }
  if (leaf->getType()->isVectorTy())
    return vectorBits(leaf);
  return std::nullopt;
}

/// A vector's lanes packed as in memory; the lanes of a mask are all ones or zeros.
std::optional<std::pair<std::uint64_t, std::uint64_t>> Emitter::vectorBits(const llvm::Constant* vector) {
  Parts parts;
  if (!plan_.partsOfType(vector->getType(), parts))
    refuse("vector wider than 128 bits");
  std::uint64_t words[2] = {0, 0};
  unsigned lanes = parts[0].words, laneBits = 8u * parts[0].lane;
  for (unsigned i = 0; i < lanes; ++i) {
    const llvm::Constant* lane = vector->getAggregateElement(i);
    if (!lane)
      return std::nullopt;
    std::uint64_t bits = 0;
    if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(lane)) {
      bits = integer->getZExtValue();
      if (integer->getBitWidth() == 1 && bits)
        bits = ~std::uint64_t{0} >> (64 - laneBits);
    } else if (const auto* real = llvm::dyn_cast<llvm::ConstantFP>(lane)) {
      bits = real->getValueAPF().bitcastToAPInt().getZExtValue();
    } else if (!llvm::isa<llvm::UndefValue, llvm::ConstantPointerNull>(lane)) {
      return std::nullopt;
    }
    words[i * laneBits / 64] |= bits << i * laneBits % 64;
  }
  return std::pair{words[0], words[1]};
}

void Emitter::materialise(Gp to, const llvm::Constant* constant, unsigned part) {
  if (auto bits = bitsOfPart(constant, part))
    return loadConstant(to, bits->first);
  const llvm::Constant* leaf = leafOfPart(constant, part);
  llvm::APInt offset(64, 0);
  const llvm::Value* base = leaf;
  if (leaf->getType()->isPointerTy())
    base = leaf->stripAndAccumulateConstantOffsets(data_, offset, true);
  if (const auto* global = llvm::dyn_cast<llvm::GlobalValue>(base)) {
    SymbolRef ref = environment_.symbolOf(global);
    std::int64_t addend = offset.getSExtValue() + ref.offset;
    switch (ref.kind) {
    case SymbolRef::Kind::Function:
    case SymbolRef::Kind::Data:
      if (!isInt32(addend))
        break;
      a_.lea(sized(to, 64), a_.outside(ref.kind == SymbolRef::Kind::Data ? Target::Data : Target::Stub, ref.id, addend));
      return;
    case SymbolRef::Kind::External:
      a_.mov(sized(to, 64), addressConstant(Target::External, ref.id, addend));
      return;
    case SymbolRef::Kind::Null: return loadConstant(to, static_cast<std::uint64_t>(addend));
    case SymbolRef::Kind::Tls: refuse("address of a thread-local variable as a constant");
    default: break;
    }
  }
  auto bits = environment_.evaluate(leaf, data_);
  if (!bits)
    refuse(bits.error().message);
  loadConstant(to, part < bits->getNumWords() ? bits->getRawData()[part] : 0);
}

void Emitter::materialise(Xmm to, const llvm::Constant* constant, unsigned part) {
  auto bits = bitsOfPart(constant, part);
  if (!bits)
    return materialiseAddresses(to, *leafOfPart(constant, part));
  if (bits->first == 0 && bits->second == 0) {
    if (hasAvx_)
      a_.vxorps(to, to, to);
    else
      a_.xorps(to, to);
    return;
  }
  unsigned bytes = bits->second ? 16 : 8;
  loadXmm(to, constantMemory(bits->first, bits->second, bytes), bytes);
}

/// A vector of addresses, lane by lane out of memory behind the code: no general register is free here.
void Emitter::materialiseAddresses(Xmm to, const llvm::Constant& vector) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(vector.getType());
  if (!type || !type->getElementType()->isPointerTy())
    refuse("vector constant with addresses");
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    const llvm::Constant* lane = vector.getAggregateElement(i);
    llvm::APInt offset(64, 0);
    const llvm::Value* base = lane ? lane->stripAndAccumulateConstantOffsets(data_, offset, true) : nullptr;
    Mem memory;
    if (const auto* global = llvm::dyn_cast_or_null<llvm::GlobalValue>(base)) {
      SymbolRef ref = environment_.symbolOf(global);
      std::int64_t addend = offset.getSExtValue() + ref.offset;
      switch (ref.kind) {
      case SymbolRef::Kind::Function: memory = addressConstant(Target::Stub, ref.id, addend); break;
      case SymbolRef::Kind::Data: memory = addressConstant(Target::Data, ref.id, addend); break;
      case SymbolRef::Kind::External: memory = addressConstant(Target::External, ref.id, addend); break;
      case SymbolRef::Kind::Null: memory = constantMemory(static_cast<std::uint64_t>(addend), 0, 8); break;
      default: refuse("vector constant with addresses");
      }
    } else if (auto bits = lane ? bitsOfPart(lane, 0) : std::nullopt) {
      memory = constantMemory(bits->first, 0, 8);
    } else {
      refuse("vector constant with addresses");
    }
    if (i == 0)
      loadXmm(to, memory, 8);
    else
      hasAvx_ ? a_.vmovhps(to, to, memory) : a_.movhps(to, memory);
  }
}

Mem Emitter::constantMemory(std::uint64_t low, std::uint64_t high, unsigned bytes) {
  auto [at, fresh] = poolIndex_.try_emplace({low, high, bytes}, static_cast<unsigned>(pool_.size()));
  if (fresh)
    pool_.push_back({a_.newLabel(), low, high, bytes, Target::Code, 0, false});
  return x86::ptr(pool_[at->second].label, 0, bytes);
}

Mem Emitter::addressConstant(Target target, std::uint32_t id, std::int64_t addend) {
  for (const PoolEntry& entry : llvm::ArrayRef(pool_).take_back(16))
    if (entry.isAddress && entry.target == target && entry.id == id && static_cast<std::int64_t>(entry.low) == addend)
      return x86::ptr(entry.label, 0, 8);
  pool_.push_back({a_.newLabel(), static_cast<std::uint64_t>(addend), 0, 8, target, id, true});
  return x86::ptr(pool_.back().label, 0, 8);
}

// SSE --------------------------------------------------------------------------------------------------------------------

void Emitter::move(Xmm to, Xmm from) {
  if (to.id() == from.id())
    return;
  if (hasAvx_)
    a_.vmovaps(to, from);
  else
    a_.movaps(to, from);
}

void Emitter::loadXmm(Xmm to, const Mem& from, unsigned bytes) {
  switch (bytes) {
  case 4: hasAvx_ ? a_.vmovss(to, from) : a_.movss(to, from); break;
  case 8: hasAvx_ ? a_.vmovsd(to, from) : a_.movsd(to, from); break;
  default: hasAvx_ ? a_.vmovups(to, from) : a_.movups(to, from); break;
  }
}

void Emitter::storeXmm(const Mem& to, Xmm from, unsigned bytes) {
  switch (bytes) {
  case 4: hasAvx_ ? a_.vmovss(to, from) : a_.movss(to, from); break;
  case 8: hasAvx_ ? a_.vmovsd(to, from) : a_.movsd(to, from); break;
  default: hasAvx_ ? a_.vmovups(to, from) : a_.movups(to, from); break;
  }
}

Xmm Emitter::readXmm(const llvm::Value* value, unsigned part, Xmm scratch) {
  if (Register reg = registerOf(value, part); reg != kNoRegister)
    return xmm(reg);
  readXmmInto(scratch, value, part);
  return scratch;
}

void Emitter::readXmmInto(Xmm to, const llvm::Value* value, unsigned part) {
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone)
    return materialise(to, llvm::cast<llvm::Constant>(value), part);
  if (plan_.stateOf(number).folded) {
    const auto* load = llvm::cast<llvm::LoadInst>(value);
    return loadXmm(to, address(load->getPointerOperand()), load->getType()->isFloatTy() ? 4 : 8);
  }
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    return move(to, xmm(place.reg));
  if (place.offset != 0)
    loadXmm(to, frame(place.offset), plan_.partOf(number, part).bytes);
}

// Results ----------------------------------------------------------------------------------------------------------------

bool Emitter::isUsed(std::uint32_t number, unsigned part) const { return plan_.placeOf(number, part).exists(); }

Gp Emitter::target(std::uint32_t number, unsigned part, Gp scratch) {
  const Place& place = plan_.placeOf(number, part);
  return place.inRegister() ? gp(place.reg) : sized(scratch, 64);
}

Xmm Emitter::targetXmm(std::uint32_t number, unsigned part, Xmm scratch) {
  const Place& place = plan_.placeOf(number, part);
  return place.inRegister() ? xmm(place.reg) : scratch;
}

void Emitter::wrote(std::uint32_t number, unsigned part, Gp from) {
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    move(gp(place.reg), from);
  else if (place.offset != 0)
    a_.mov(frame(place.offset), sized(from, 64));
}

void Emitter::wrote(std::uint32_t number, unsigned part, Xmm from) {
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    move(xmm(place.reg), from);
  else if (place.offset != 0)
    storeXmm(frame(place.offset), from, plan_.partOf(number, part).bytes);
}

} // namespace kiln::baseline
