// Moves that are to happen at once, one after the other.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>

#include <cstdint>
#include <utility>

#include "flow/ValueNumbers.h"

namespace kiln::flow {

/// What moves have to do with a place.
struct PlaceUse {
  std::uint32_t readers = 0;
  std::uint32_t writer = kNone; ///< the move that writes it
};

/// Puts moves, which have a `to` and a `from`, in an order in which each reads what was there before all: a place is
/// written only when nothing has to be read from it any more. What remains are circles, in which every place is read
/// once; they are cut with a spare place.
///
///   useOf(place)    the place's PlaceUse; for all places as when made, and again without readers at the end
///   perform(move)   the next one
///   keep(move)      keeps what the move would overwrite, and returns the place where that is now
template <typename Move, typename UseOf, typename Perform, typename Keep>
void inSequence(llvm::MutableArrayRef<Move> moves, UseOf&& useOf, Perform&& perform, Keep&& keep) {
  for (std::uint32_t i = 0; i < moves.size(); ++i) {
    ++useOf(moves[i].from).readers;
    useOf(moves[i].to).writer = i;
  }
  llvm::SmallVector<std::uint32_t, 16> ready;
  llvm::SmallVector<bool, 16> done(moves.size(), false);
  for (std::uint32_t i = 0; i < moves.size(); ++i)
    if (useOf(moves[i].to).readers == 0)
      ready.push_back(i);
  auto performReady = [&] {
    while (!ready.empty()) {
      const std::uint32_t i = ready.pop_back_val();
      if (std::exchange(done[i], true))
        continue;
      perform(std::as_const(moves[i]));
      PlaceUse& read = useOf(moves[i].from);
      if (--read.readers == 0 && read.writer != kNone)
        ready.push_back(read.writer);
    }
  };
  performReady();
  for (std::uint32_t i = 0; i < moves.size(); ++i) {
    if (done[i])
      continue;
    const auto overwritten = moves[i].to;
    const auto kept = keep(std::as_const(moves[i]));
    for (Move& other : moves)
      if (other.from == overwritten)
        other.from = kept;
    const std::uint32_t readers = std::exchange(useOf(overwritten).readers, 0);
    useOf(kept).readers = readers;
    ready.push_back(i);
    performReady();
  }
}

} // namespace kiln::flow
