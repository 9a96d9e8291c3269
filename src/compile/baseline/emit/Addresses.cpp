// Operands in memory at a pointer.
#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

Mem Family::address(const llvm::Value* pointer, std::int64_t offset, bool reusable) {
  std::uint32_t number = plan_.numberOf(pointer);
  if (number != kNone && !plan_.isFolded(pointer)) {
    Register reg = plan_.placeOf(number, 0).reg;
    if (reg != kNoRegister && isInt32(offset))
      return x86::ptr(gp(reg), static_cast<std::int32_t>(offset));
  }
  return address(plan_.addressOf(pointer), offset, reusable);
}

Mem Family::address(const AddressParts& parts, std::int64_t offset, bool reusable) {
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

Mem Family::blockAt(const llvm::Value* pointer, Gp scratch) {
  std::uint32_t number = plan_.numberOf(pointer);
  if (number != kNone && plan_.isFrameAddress(number))
    return frame(plan_.frameOffset(number));
  return x86::ptr(read(pointer, 0, scratch));
}

void Family::addOffset(Gp to, std::int64_t offset) {
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

bool Family::isAddressedBy(const llvm::Value* value, Register reg) {
  if (!plan_.isFolded(value))
    return false;
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
  if (!load)
    return false;
  AddressParts parts = plan_.addressOf(load->getPointerOperand());
  return registerOf(parts.base) == reg || (parts.index && registerOf(parts.index) == reg);
}

} // namespace kiln::baseline
