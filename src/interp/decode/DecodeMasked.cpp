// Memory by lanes: loads and stores of those lanes of a vector that a mask has set.
//
// The other lanes must not touch memory, which may not be there. So each lane has a branch around it: two ops, or one
// where the lane is not set. To choose between its address and one in the frame would take three. With a constant mask a
// lane is one op or none.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>

#include "interp/decode/Decoder.h"

namespace kiln::interp {
namespace {

struct MaskedAccess {
  enum class Places : std::uint8_t {
    Own,       ///< each lane where it is in a vector in memory
    Scattered, ///< each at an address of its own
    Packed     ///< lanes that are set, one behind the other
  };
  bool isLoad;
  Places places;
  const llvm::Value* pointer;
  const llvm::Value* mask;
  const llvm::Value* vector; ///< what is stored, or what a load gives for lanes that are not set
};

std::optional<MaskedAccess> maskedAccessOf(const llvm::IntrinsicInst& call) {
  namespace Intrinsic = llvm::Intrinsic;
  using enum MaskedAccess::Places;
  auto load = [&](MaskedAccess::Places places, unsigned mask) {
    return MaskedAccess{true, places, call.getArgOperand(0), call.getArgOperand(mask), call.getArgOperand(mask + 1)};
  };
  auto store = [&](MaskedAccess::Places places, unsigned mask) {
    return MaskedAccess{false, places, call.getArgOperand(1), call.getArgOperand(mask), call.getArgOperand(0)};
  };
  switch (call.getIntrinsicID()) {
  case Intrinsic::masked_load: return load(Own, 2);
  case Intrinsic::masked_gather: return load(Scattered, 2);
  case Intrinsic::masked_expandload: return load(Packed, 1);
  case Intrinsic::masked_store: return store(Own, 3);
  case Intrinsic::masked_scatter: return store(Scattered, 3);
  case Intrinsic::masked_compressstore: return store(Packed, 2);
  default: return std::nullopt;
  }
}

} // namespace

bool Decoder::decodeMaskedAccess(const llvm::IntrinsicInst& call) {
  using enum MaskedAccess::Places;
  std::optional<MaskedAccess> access = maskedAccessOf(call);
  if (!access)
    return false;
  auto* type = llvm::cast<llvm::FixedVectorType>(access->vector->getType());
  llvm::Type* lane = type->getElementType();
  std::uint64_t size = data_.getTypeAllocSize(lane).getFixedValue();
  // LLVM leaves gaps between such lanes if it does not know the mask, and none if the mask is all ones, as in a vector
  // in memory. Nothing here could agree with both.
  if (access->places != Scattered && data_.getTypeSizeInBits(lane).getFixedValue() != 8 * size)
    refuse("masked access to lanes of an unusual size");
  const auto* known = llvm::dyn_cast<llvm::Constant>(access->mask);
  Leaf leaf = leavesFor(lane).front();
  unsigned d = 0;
  if (access->isLoad) {
    d = callResult(call);
    if (!known || !known->isAllOnesValue())
      emitMoveWords(d, access->vector, leaf.words * type->getNumElements());
  }
  Address base;
  if (access->places != Scattered)
    base = withoutIndex(resolve(access->pointer));
  // Where the next of packed lanes lies is only known with the mask.
  bool steps = access->places == Packed && !known;
  if (steps) {
    std::uint16_t next = temporary();
    emitAddress(next, base);
    base = addressAt({false, 0, next});
  }
  unsigned set = 0;
  for (unsigned i = 0; i < type->getNumElements(); ++i, leaf.word += leaf.words) {
    Operand bit = operand(access->mask, i);
    if (known && (bit.k & 1) == 0)
      continue;
    Label over = 0;
    if (!known) {
      over = newLabel();
      fixup(FixupKind::Offset, over, emitOffset(branchBit(false, {}), bit.word, 0, 0));
    }
    Address address = access->places == Scattered ? addressAt(operand(access->pointer, i)) : base;
    leaf.offset = access->places == Own ? i * size : access->places == Packed ? set * size : 0;
    if (access->isLoad)
      emitLoadLeaf(leaf, d, address);
    else
      emitStoreLeaf(leaf, access->vector, address);
    if (steps) {
      emit(intBinary(IntOp::Add, 3, Form::RK), base.base, base.base);
      append(size);
    }
    if (known)
      ++set;
    else
      bind(over);
  }
  return true;
}

} // namespace kiln::interp
