// Many moves at once, as the phis of a block and the arguments of a call need them.
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {
namespace {

/// A location as one number: registers 0 to 31, then the frame by 8 bytes.
std::int64_t keyOf(Register reg, std::int32_t offset) { return reg != kNoRegister ? reg : std::int64_t{1 << 20} + offset; }

} // namespace

void Emitter::addMove(Location to, const llvm::Value* value, unsigned part, unsigned bytes) {
  const Place* place = placeOf(value, part);
  if (!place) {
    constantMoves_.push_back({to, value, part, static_cast<std::uint8_t>(bytes)});
    return;
  }
  Location from{place->reg, place->inRegister() ? 0 : place->offset};
  if (!(from == to) && place->exists())
    moves_.push_back({to, from, static_cast<std::uint8_t>(bytes)});
}

void Emitter::moveOne(Location to, Location from, unsigned bytes) {
  const bool toGpr = to.reg < kFirstXmm, toXmm = to.reg != kNoRegister && !toGpr;
  const bool fromGpr = from.reg < kFirstXmm, fromXmm = from.reg != kNoRegister && !fromGpr;
  if (toGpr && fromGpr)
    return move(gp(to.reg), gp(from.reg));
  if (toXmm && fromXmm)
    return move(xmm(to.reg), xmm(from.reg));
  if (toGpr) {
    a_.mov(gp(to.reg), frame(from.offset));
  } else if (fromGpr) {
    a_.mov(frame(to.offset), gp(from.reg));
  } else if (toXmm) {
    loadXmm(xmm(to.reg), frame(from.offset), bytes);
  } else if (fromXmm) {
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

/// A place is written only when nothing has to be read from it any more; what remains are circles, which are cut with RAX or
/// XMM14.
void Emitter::moveAll(llvm::SmallVectorImpl<PendingMove>& moves, llvm::ArrayRef<PendingConstant> constants) {
  if (moves.size() == 1) {
    moveOne(moves[0].to, moves[0].from, moves[0].bytes);
  } else if (!moves.empty()) {
    struct Use {
      unsigned readers = 0;
      unsigned writer = ~0u;
    };
    llvm::SmallDenseMap<std::int64_t, Use, 16> uses;
    for (unsigned i = 0; i < moves.size(); ++i) {
      ++uses[keyOf(moves[i].from.reg, moves[i].from.offset)].readers;
      uses[keyOf(moves[i].to.reg, moves[i].to.offset)].writer = i;
    }
    llvm::SmallVector<unsigned, 16> ready;
    llvm::SmallVector<bool, 16> done(moves.size(), false);
    for (unsigned i = 0; i < moves.size(); ++i)
      if (uses[keyOf(moves[i].to.reg, moves[i].to.offset)].readers == 0)
        ready.push_back(i);
    auto perform = [&] {
      while (!ready.empty()) {
        unsigned i = ready.pop_back_val();
        if (done[i])
          continue;
        done[i] = true;
        moveOne(moves[i].to, moves[i].from, moves[i].bytes);
        Use& read = uses[keyOf(moves[i].from.reg, moves[i].from.offset)];
        if (--read.readers == 0 && read.writer != ~0u)
          ready.push_back(read.writer);
      }
    };
    perform();
    for (unsigned i = 0; i < moves.size(); ++i) {
      if (done[i])
        continue;
      // In a circle every place is read once: keep what would be overwritten, and let its reader take it from there.
      const bool wide = moves[i].bytes > 8 || (moves[i].to.reg != kNoRegister && moves[i].to.reg >= kFirstXmm) ||
                        (moves[i].from.reg != kNoRegister && moves[i].from.reg >= kFirstXmm);
      Location kept{static_cast<Register>(wide ? kFirstXmm + 14 : 0), 0};
      moveOne(kept, moves[i].to, moves[i].bytes);
      for (PendingMove& other : moves)
        if (other.from == moves[i].to)
          other.from = kept;
      Use& overwritten = uses[keyOf(moves[i].to.reg, moves[i].to.offset)];
      unsigned readers = std::exchange(overwritten.readers, 0);
      uses[keyOf(kept.reg, 0)].readers = readers;
      ready.push_back(i);
      perform();
    }
  }
  for (const PendingConstant& constant : constants) {
    if (constant.to.reg != kNoRegister && constant.to.reg < kFirstXmm) {
      readInto(gp(constant.to.reg), constant.value, constant.part);
    } else if (constant.to.reg != kNoRegister) {
      readXmmInto(xmm(constant.to.reg), constant.value, constant.part);
    } else if (constant.bytes > 8) {
      readXmmInto(x86::xmm15, constant.value, constant.part);
      storeXmm(frame(constant.to.offset), x86::xmm15, constant.bytes);
    } else {
      // As in a register, narrow ones with zeros above: immediateOf() would extend their sign.
      const auto* fixed = llvm::dyn_cast<llvm::Constant>(constant.value);
      auto bits = fixed ? bitsOfPart(fixed, constant.part) : std::nullopt;
      if (bits && isInt32(static_cast<std::int64_t>(bits->first))) {
        a_.mov(frame(constant.to.offset, 8), static_cast<std::int32_t>(bits->first));
      } else if (bits) {
        loadConstant(x86::rax, bits->first);
        a_.mov(frame(constant.to.offset), x86::rax);
      } else {
        readInto(x86::rax, constant.value, constant.part);
        a_.mov(frame(constant.to.offset), x86::rax);
      }
    }
  }
}

} // namespace kiln::baseline
