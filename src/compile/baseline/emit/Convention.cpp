#include "compile/baseline/emit/Convention.h"

#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

bool isSseResult(const Move& move) { return move.offset >= offsetof(RegisterFile, resultSse); }

Register resultRegister(const Move& move) {
  constexpr Register kResults[] = {kRax, kRdx, kRcx};
  return isSseResult(move) ? static_cast<Register>(kFirstXmm + (move.offset - offsetof(RegisterFile, resultSse)) / 16)
                           : kResults[(move.offset - offsetof(RegisterFile, result)) / 8];
}

const Move* moveOfWord(const std::vector<Move>& moves, std::uint32_t word) {
  // Mostly one move a word, in order.
  if (word < moves.size() && moves[word].word == word)
    return &moves[word];
  for (const Move& move : moves)
    if (move.word == word)
      return &move;
  return nullptr;
}

void Convention::requireWhole(const Part& part, const std::vector<Move>& moves, std::uint32_t word) {
  if (part.bank != Bank::Xmm)
    return;
  const Move* first = moveOfWord(moves, word);
  const bool isResult = first->offset >= offsetof(RegisterFile, result);
  if (first->area == Area::Registers &&
      first->offset < (isResult ? offsetof(RegisterFile, resultSse) : offsetof(RegisterFile, sse)))
    refuse("a vector passed lane by lane");
  if (part.words == 1)
    return;
  const Move* second = moveOfWord(moves, word + 1);
  if (!second || second->area != first->area || second->offset != first->offset + part.lane)
    refuse("a vector passed lane by lane");
}

void Convention::giveInteger(Gp to, const llvm::Value* value, const Move& move) {
  if (move.transfer == Transfer::SignExtend)
    signExtendInto(to, value);
  else if (move.transfer == Transfer::ZeroExtend)
    zeroExtendInto(to, value);
  else
    readInto(to, value);
}

void Convention::normaliseMasks(std::uint32_t number, llvm::Type* type) {
  if (isOneGpr(type) || isOneXmm(type))
    return;
  forEachLeaf(type, e_.data, [&](unsigned part, llvm::Type* leaf, std::int64_t) {
    if (!leaf->isVectorTy() || leaf->getScalarSizeInBits() != 1 || !isUsed(number, part))
      return;
    const Place& place = plan_.placeOf(number, part);
    Xmm mask = place.inRegister() ? xmm(place.reg) : x86::xmm15;
    if (!place.inRegister())
      loadXmm(mask, frame(place.offset), 16);
    const unsigned lane = plan_.partOf(number, part).lane;
    families_.vectors.maskFromLanes(mask, lane, lane);
    wrote(number, part, mask);
  });
}

} // namespace kiln::baseline
