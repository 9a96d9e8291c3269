// Where operands are read and results written.
#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

const Place* Family::placeOf(const llvm::Value* value, unsigned part) const {
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone || plan_.stateOf(number).folded)
    return nullptr;
  return &plan_.placeOf(number, part);
}

Register Family::registerOf(const llvm::Value* value, unsigned part) const {
  const Place* place = placeOf(value, part);
  return place ? place->reg : kNoRegister;
}

std::optional<std::int64_t> Family::constantOf(const llvm::Value* value) {
  if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(value)) {
    if (integer->getBitWidth() > 64)
      return std::nullopt;
    return integer->getSExtValue();
  }
  if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(value) && isOneGpr(value->getType()))
    return 0;
  return std::nullopt;
}

std::optional<std::int32_t> Family::immediateOf(const llvm::Value* value) {
  std::optional<std::int64_t> constant = constantOf(value);
  if (!constant || !isInt32(*constant))
    return std::nullopt;
  return static_cast<std::int32_t>(*constant);
}

// Integers ------------------------------------------------------------------------------------------------------------

Gp Family::read(const llvm::Value* value, unsigned part, Gp scratch) {
  if (Register reg = registerOf(value, part); reg != kNoRegister)
    return gp(reg);
  readInto(scratch, value, part);
  return sized(scratch, 64);
}

void Family::readInto(Gp to, const llvm::Value* value, unsigned part) {
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

void Family::zeroExtendInto(Gp to, const llvm::Value* value) {
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

void Family::signExtendInto(Gp to, const llvm::Value* value) {
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

Gp Family::readZeroExtended(const llvm::Value* value, Gp scratch) {
  unsigned bits = bitsOf(value->getType());
  std::uint32_t number = plan_.numberOf(value);
  bool known = bits == 64 || !isExactWidth(bits) || (number != kNone && plan_.stateOf(number).clean);
  if (known && !constantOf(value))
    return read(value, 0, scratch);
  zeroExtendInto(scratch, value);
  return sized(scratch, 64);
}

Gp Family::readSignExtended(const llvm::Value* value, Gp scratch) {
  if (bitsOf(value->getType()) == 64)
    return read(value, 0, scratch);
  signExtendInto(scratch, value);
  return sized(scratch, 64);
}

std::optional<Mem> Family::inMemory(const llvm::Value* value, unsigned part, unsigned bytes) {
  std::uint32_t number = plan_.numberOf(value);
  if (number == kNone)
    return std::nullopt;
  if (plan_.stateOf(number).folded) {
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
    if (!load)
      return std::nullopt;
    return ofSize(address(load->getPointerOperand()), bytes);
  }
  const Place& place = plan_.placeOf(number, part);
  if (!place.inSlot())
    return std::nullopt;
  return frame(place.offset, bytes);
}

// Floating point and vectors ------------------------------------------------------------------------------------------

Xmm Family::readXmm(const llvm::Value* value, unsigned part, Xmm scratch) {
  if (Register reg = registerOf(value, part); reg != kNoRegister)
    return xmm(reg);
  readXmmInto(scratch, value, part);
  return scratch;
}

void Family::readXmmInto(Xmm to, const llvm::Value* value, unsigned part) {
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

asmjit::Operand Family::floatOperand(const llvm::Value* value) {
  if (Register reg = registerOf(value); reg != kNoRegister)
    return xmm(reg);
  const unsigned bytes = value->getType()->isFloatTy() ? 4 : 8;
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    auto bits = bitsOfPart(constant, 0);
    if (!bits)
      refuse("floating-point constant made of an address");
    return ofSize(constantMemory(bits->first, 0, 8), bytes);
  }
  if (std::optional<Mem> memory = inMemory(value, 0, bytes))
    return *memory;
  return x86::xmm15; // without a place: whatever it holds
}

// Results -------------------------------------------------------------------------------------------------------------

Gp Family::target(std::uint32_t number, unsigned part, Gp scratch) {
  const Place& place = plan_.placeOf(number, part);
  return place.inRegister() ? gp(place.reg) : sized(scratch, 64);
}

Xmm Family::targetXmm(std::uint32_t number, unsigned part, Xmm scratch) {
  const Place& place = plan_.placeOf(number, part);
  return place.inRegister() ? xmm(place.reg) : scratch;
}

void Family::wrote(std::uint32_t number, unsigned part, Gp from) {
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    move(gp(place.reg), from);
  else if (place.offset != 0)
    a_.mov(frame(place.offset), sized(from, 64));
}

void Family::wrote(std::uint32_t number, unsigned part, Xmm from) {
  const Place& place = plan_.placeOf(number, part);
  if (place.inRegister())
    move(xmm(place.reg), from);
  else if (place.offset != 0)
    storeXmm(frame(place.offset), from, plan_.partOf(number, part).bytes);
}

void Family::wroteWide(std::uint32_t number, Gp low, Gp high) {
  wrote(number, 0, low);
  wrote(number, 1, high);
}

// Between registers and memory ----------------------------------------------------------------------------------------

void Family::move(Xmm to, Xmm from) {
  if (to.id() == from.id())
    return;
  if (hasAvx_)
    a_.vmovaps(to, from);
  else
    a_.movaps(to, from);
}

void Family::moveBits(Xmm to, Gp from, unsigned bits) {
  if (bits == 64)
    hasAvx_ ? a_.vmovq(to, sized(from, 64)) : a_.movq(to, sized(from, 64));
  else
    hasAvx_ ? a_.vmovd(to, sized(from, 32)) : a_.movd(to, sized(from, 32));
}

void Family::moveBits(Gp to, Xmm from, unsigned bits) {
  if (bits == 64)
    hasAvx_ ? a_.vmovq(sized(to, 64), from) : a_.movq(sized(to, 64), from);
  else
    hasAvx_ ? a_.vmovd(sized(to, 32), from) : a_.movd(sized(to, 32), from);
}

void Family::clearXmm(Xmm reg) { hasAvx_ ? a_.vxorps(reg, reg, reg) : a_.xorps(reg, reg); }

void Family::loadXmm(Xmm to, const Mem& from, unsigned bytes) {
  switch (bytes) {
  case 4: hasAvx_ ? a_.vmovss(to, from) : a_.movss(to, from); break;
  case 8: hasAvx_ ? a_.vmovsd(to, from) : a_.movsd(to, from); break;
  default: hasAvx_ ? a_.vmovups(to, from) : a_.movups(to, from); break;
  }
}

void Family::storeXmm(const Mem& to, Xmm from, unsigned bytes) {
  switch (bytes) {
  case 4: hasAvx_ ? a_.vmovss(to, from) : a_.movss(to, from); break;
  case 8: hasAvx_ ? a_.vmovsd(to, from) : a_.movsd(to, from); break;
  default: hasAvx_ ? a_.vmovups(to, from) : a_.movups(to, from); break;
  }
}

void Family::loadInteger(Gp to, const Mem& memory, unsigned bits) {
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

void Family::storeInteger(const Mem& memory, Gp from, unsigned bits) {
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

/// Through the x87 stack, which keeps all bits: what is written in pieces would be read as a whole only when the pieces
/// have arrived in the cache.
void Family::copyX87(const Mem& to, const Mem& from) {
  a_.fld(ofSize(from, kX87Bytes));
  a_.fstp(ofSize(to, kX87Bytes));
}

void Family::clean(Gp reg, unsigned bits) {
  if (bits < 32) {
    a_.and_(sized(reg, 32), static_cast<std::int32_t>((1u << bits) - 1));
  } else if (bits == 32) { // the upper part of a wide one
    a_.mov(sized(reg, 32), sized(reg, 32));
  } else if (bits > 32 && bits < 64) {
    a_.shl(sized(reg, 64), 64 - bits);
    a_.shr(sized(reg, 64), 64 - bits);
  }
}

/// Zeros above the width.
void Family::cleanHigh(Gp high, unsigned width) {
  if (width < 128)
    clean(high, width - 64);
}

/// Copies of the sign above the width.
void Family::signExtendHigh(Gp high, unsigned width) {
  if (width == 128)
    return;
  a_.shl(sized(high, 64), 128 - width);
  a_.sar(sized(high, 64), 128 - width);
}

} // namespace kiln::baseline
