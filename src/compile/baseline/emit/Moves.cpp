// Many moves at once, as the phis of a block and the arguments of a call need them.
#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Family.h"
#include "flow/Sequence.h"

namespace kiln::baseline {
namespace {

/// A location as one number: registers 0 to 31, then the frame by 8 bytes.
std::int64_t keyOf(Location at) { return at.reg != kNoRegister ? at.reg : std::int64_t{1 << 20} + at.offset; }

} // namespace

void Family::startMoves() {
  e_.pending.moves.clear();
  e_.pending.constants.clear();
}

void Family::addMove(Location to, const llvm::Value* value, unsigned part, unsigned bytes) {
  const Place* place = placeOf(value, part);
  if (!place)
    e_.pending.constants.push_back({to, value, part, static_cast<std::uint8_t>(bytes)});
  else if (place->exists())
    addMove(to, Location::of(*place), bytes);
}

void Family::addMove(Location to, Location from, unsigned bytes) {
  if (!(from == to))
    e_.pending.moves.push_back({to, from, static_cast<std::uint8_t>(bytes)});
}

void Family::moveOne(Location to, Location from, unsigned bytes) {
  if (to.isGpr() && from.isGpr())
    return move(gp(to.reg), gp(from.reg));
  if (to.isXmm() && from.isXmm())
    return move(xmm(to.reg), xmm(from.reg));
  if (to.isGpr()) {
    a_.mov(gp(to.reg), frame(from.offset));
  } else if (from.isGpr()) {
    a_.mov(frame(to.offset), gp(from.reg));
  } else if (to.isXmm()) {
    loadXmm(xmm(to.reg), frame(from.offset), bytes);
  } else if (from.isXmm()) {
    storeXmm(frame(to.offset), xmm(from.reg), bytes);
  } else if (bytes == kX87Bytes) {
    copyX87(frame(to.offset), frame(from.offset));
  } else if (bytes > 8) {
    loadXmm(x86::xmm15, frame(from.offset), bytes);
    storeXmm(frame(to.offset), x86::xmm15, bytes);
  } else {
    a_.mov(x86::r11, frame(from.offset));
    a_.mov(frame(to.offset), x86::r11);
  }
}

void Family::moveConstant(const PendingMoves::Constant& constant) {
  if (constant.to.isGpr())
    return readInto(gp(constant.to.reg), constant.value, constant.part);
  if (constant.to.isXmm())
    return readXmmInto(xmm(constant.to.reg), constant.value, constant.part);
  if (constant.bytes > 8) {
    readXmmInto(x86::xmm15, constant.value, constant.part);
    return storeXmm(frame(constant.to.offset), x86::xmm15, constant.bytes);
  }
  // As in a register, narrow ones with zeros above: immediateOf() would extend their sign.
  const auto* fixed = llvm::dyn_cast<llvm::Constant>(constant.value);
  auto bits = fixed ? bitsOfPart(fixed, constant.part) : std::nullopt;
  if (bits && isInt32(static_cast<std::int64_t>(bits->first))) {
    a_.mov(frame(constant.to.offset, 8), static_cast<std::int32_t>(bits->first));
    return;
  }
  readInto(x86::rax, constant.value, constant.part);
  a_.mov(frame(constant.to.offset), x86::rax);
}

/// Circles are cut with RAX or XMM14.
void Family::makeMoves() {
  auto& moves = e_.pending.moves;
  if (moves.size() == 1) {
    moveOne(moves[0].to, moves[0].from, moves[0].bytes);
  } else if (!moves.empty()) {
    llvm::SmallDenseMap<std::int64_t, flow::PlaceUse, 16> uses;
    using Move = PendingMoves::Move;
    flow::inSequence(
        llvm::MutableArrayRef<Move>(moves), [&](Location at) -> flow::PlaceUse& { return uses[keyOf(at)]; },
        [&](const Move& one) { moveOne(one.to, one.from, one.bytes); },
        [&](const Move& one) {
          const bool wide = one.bytes > 8 || one.to.isXmm() || one.from.isXmm();
          const Location kept = Location::of(static_cast<Register>(wide ? kFirstXmm + 14 : kRax));
          moveOne(kept, one.to, one.bytes);
          return kept;
        });
  }
  for (const PendingMoves::Constant& constant : e_.pending.constants)
    moveConstant(constant);
}

} // namespace kiln::baseline
