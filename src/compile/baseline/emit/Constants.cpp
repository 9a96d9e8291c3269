// Constants as operands: in registers, and in memory behind the code.
#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

void Family::loadConstant(Gp to, std::uint64_t bits) {
  if (bits <= 0xffffffff)
    a_.mov(sized(to, 32), static_cast<std::uint32_t>(bits));
  else
    a_.mov(sized(to, 64), static_cast<std::int64_t>(bits));
}

Mem Family::floatConstant(double value, bool twice) {
  const std::uint64_t bits = twice ? std::bit_cast<std::uint64_t>(value)
                                   : std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return ofSize(constantMemory(bits, 0, 8), twice ? 8 : 4);
}

Mem Family::runtimeAddress(RuntimeAddress address) {
  std::vector<RuntimeAddress>& known = e_.out->runtime;
  std::uint32_t id = 0;
  while (id < known.size() && known[id].address != address.address)
    ++id;
  if (id == known.size())
    known.push_back(std::move(address));
  return addressConstant(Target::Runtime, id, 0);
}

// Bits ----------------------------------------------------------------------------------------------------------------

/// The scalar or vector constant that is, or holds, a part; `part` becomes the part within it.
const llvm::Constant* Family::leafOfPart(const llvm::Constant* constant, unsigned& part) {
  llvm::Type* type = constant->getType();
  while (type->isStructTy() || type->isArrayTy()) {
    unsigned elements =
        type->isStructTy() ? type->getStructNumElements() : static_cast<unsigned>(type->getArrayNumElements());
    unsigned index = 0;
    for (; index < elements; ++index) {
      llvm::Type* element = type->isStructTy() ? type->getStructElementType(index) : type->getArrayElementType();
      std::uint32_t count = partCount(element);
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

std::optional<Family::Bits> Family::bitsOfPart(const llvm::Constant* constant, unsigned part) {
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
std::optional<Family::Bits> Family::vectorBits(const llvm::Constant* vector) {
  Parts parts;
  if (!partsOfType(vector->getType(), parts))
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
  return Bits{words[0], words[1]};
}

// Addresses -----------------------------------------------------------------------------------------------------------

/// What the constant is a distance from, and the distance. Nothing if it is no address of a symbol.
std::optional<Family::SymbolAddress> Family::symbolIn(const llvm::Constant* constant) {
  if (const auto* cast = llvm::dyn_cast<llvm::ConstantExpr>(constant);
      cast && cast->getOpcode() == llvm::Instruction::PtrToInt && cast->getType()->isIntegerTy(64))
    constant = cast->getOperand(0);
  if (!constant->getType()->isPointerTy())
    return std::nullopt;
  llvm::APInt offset(64, 0);
  const llvm::Value* base = constant->stripAndAccumulateConstantOffsets(e_.data, offset, true);
  const auto* global = llvm::dyn_cast<llvm::GlobalValue>(base);
  if (!global)
    return std::nullopt;
  SymbolRef ref = e_.environment.symbolOf(global);
  return SymbolAddress{ref, offset.getSExtValue() + ref.offset};
}

/// Memory of the program at a constant address, relative to RIP.
std::optional<Mem> Family::outsideAddress(const llvm::Constant* constant, std::int64_t offset) {
  std::optional<SymbolAddress> symbol = symbolIn(constant);
  if (!symbol || symbol->ref.kind != SymbolRef::Kind::Data || !isInt32(symbol->addend + offset))
    return std::nullopt;
  return a_.outside(Target::Data, symbol->ref.id, symbol->addend + offset);
}

void Family::materialise(Gp to, const llvm::Constant* constant, unsigned part) {
  if (auto bits = bitsOfPart(constant, part))
    return loadConstant(to, bits->first);
  const llvm::Constant* leaf = leafOfPart(constant, part);
  if (std::optional<SymbolAddress> symbol = symbolIn(leaf)) {
    auto [ref, addend] = *symbol;
    switch (ref.kind) {
    case SymbolRef::Kind::Function:
    case SymbolRef::Kind::Data:
      if (!isInt32(addend))
        break;
      a_.lea(sized(to, 64),
             a_.outside(ref.kind == SymbolRef::Kind::Data ? Target::Data : Target::Stub, ref.id, addend));
      return;
    case SymbolRef::Kind::External:
      a_.mov(sized(to, 64), addressConstant(Target::External, ref.id, addend));
      return;
    case SymbolRef::Kind::Null: return loadConstant(to, static_cast<std::uint64_t>(addend));
    case SymbolRef::Kind::Tls: refuse("address of a thread-local variable as a constant");
    default: break;
    }
  }
  auto bits = e_.environment.evaluate(leaf, e_.data);
  if (!bits)
    refuse(bits.error().message);
  e_.out->bound |= e_.environment.hasAddress(leaf, *bits, e_.data);
  loadConstant(to, part < bits->getNumWords() ? bits->getRawData()[part] : 0);
}

void Family::materialise(Xmm to, const llvm::Constant* constant, unsigned part) {
  auto bits = bitsOfPart(constant, part);
  if (!bits)
    return materialiseAddresses(to, *leafOfPart(constant, part));
  if (bits->first == 0 && bits->second == 0)
    return clearXmm(to);
  unsigned bytes = bits->second ? 16 : 8;
  loadXmm(to, constantMemory(bits->first, bits->second, bytes), bytes);
}

/// A vector of addresses, lane by lane out of memory behind the code: no general register is free here.
void Family::materialiseAddresses(Xmm to, const llvm::Constant& vector) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(vector.getType());
  if (!type || !type->getElementType()->isPointerTy())
    refuse("vector constant with addresses");
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    const llvm::Constant* lane = vector.getAggregateElement(i);
    Mem memory;
    if (std::optional<SymbolAddress> symbol = lane ? symbolIn(lane) : std::nullopt) {
      auto [ref, addend] = *symbol;
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

} // namespace kiln::baseline
