// What Baseline does when activations leave its code at loops.
#include <llvm/IR/Constants.h>

#include "compile/baseline/Baseline.h"
#include "compile/baseline/LoopRecord.h"
#include "compile/baseline/Work.h"
#include "transition/FrameState.h"

namespace kiln::baseline {
namespace {

/// The words of a value of that type whose first part is at `first`. What the places are made for may be another type: one name
/// for a vector of bytes can be a vector of longer lanes.
void appendParts(const Code& code, std::uint32_t first, llvm::Type* type, std::vector<StateWord>& out) {
  const Parts parts = partsOf(type);
  const bool mask = type->getScalarType()->isIntegerTy(1);
  for (const Part& part : parts) {
    const Place& place = code.places[first++];
    for (unsigned i = 0; i < part.words; ++i) {
      StateWord word;
      const bool memory = part.bank == Bank::Memory;
      const unsigned step = memory ? 8 : part.lane;
      if (place.inRegister()) {
        word.kind = StateWord::Kind::Register;
        word.reg = place.reg;
        word.offset = static_cast<std::int32_t>(i * step);
      } else if (place.offset != 0) {
        word.kind = StateWord::Kind::Frame;
        word.offset = place.offset + static_cast<std::int32_t>(i * step);
      }
      word.bytes = static_cast<std::uint8_t>(memory && i == 1 ? 2 : step);
      word.mask = mask && part.words > 1;
      out.push_back(word);
    }
  }
}

} // namespace

/// The state's words for one value that has no place: a variable, or an address made of other values.
bool Baseline::appendFolded(const Code& code, const llvm::Value* value, const FunctionNumbers& numbers, std::vector<StateWord>& out) {
  StateWord word;
  const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(value);
  const llvm::Value* base = value;
  if (address) {
    auto parts = flow::splitAddress(*address, address->getModule()->getDataLayout());
    if (!parts || parts->index)
      return false;
    base = parts->base;
    word.addend = parts->offset;
  }
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(base)) {
    auto bits = work_->evaluate(constant, numbers.function().getParent()->getDataLayout());
    if (!bits)
      return false;
    word.kind = StateWord::Kind::Constant;
    word.addend += bits->getSExtValue();
    out.push_back(word);
    return true;
  }
  std::uint32_t number = numbers.of(*base);
  for (auto [variable, offset] : code.variables)
    if (variable == number && offset != 0) {
      word.kind = StateWord::Kind::FrameAddress;
      word.addend += offset;
      out.push_back(word);
      return true;
    }
  std::uint32_t first = code.valuePlaces[number];
  if (!address || first == kNone)
    return false;
  std::int64_t addend = word.addend;
  appendParts(code, first, base->getType(), out);
  out.back().addend = addend;
  return true;
}

void Baseline::prepareOsr(const Source& source, LoopRecord& record) {
  if (record.recipe.load(std::memory_order_acquire) || record.impossible.load(std::memory_order_relaxed))
    return;
  record.impossible.store(true, std::memory_order_relaxed);
  work_->see(*source.symbols);
  const Code& code = *record.code;
  const FunctionInfo& info = parts_.map.functions[code.function];
  auto body = source.world->prepared(source.world->functionAt(info.module, info.index));
  if (!body)
    return;
  FunctionNumbers numbers(**body);
  auto state = liveInto(numbers, numbers.block(record.block));
  if (!state)
    return;
  std::vector<StateWord> words;
  for (const LiveValue& live : state->values) {
    words.resize(live.word);
    std::uint32_t first = code.valuePlaces[live.number];
    if (first == kNone) {
      if (!appendFolded(code, live.value, numbers, words))
        return;
    } else {
      appendParts(code, first, live.value->getType(), words);
    }
  }
  words.resize(state->words);
  record.recipe.store(&work_->recipes.emplace_back(std::move(words)), std::memory_order_release);
  record.impossible.store(false, std::memory_order_relaxed);
}

std::uintptr_t Baseline::arrive(LoopRecord& record) {
  const std::uint32_t function = record.code->function;
  std::uintptr_t entry = 0;
  if (settings_.osrAt) {
    // Every back-edge comes here.
    parts_.table.record(function).arm(kUnbounded, 0);
    if (__atomic_add_fetch(&record.arrivals, 1, __ATOMIC_RELAXED) % settings_.osrAt == 0)
      entry = host_.forceOsr(function, record.block);
  } else {
    entry = host_.loopBudgetSpent(function, record.block, record.code->records);
  }
  if (entry && !record.recipe.load(std::memory_order_acquire)) {
    host_.prepareOsr(record);
    if (!record.recipe.load(std::memory_order_acquire))
      entry = 0;
  }
  return entry;
}

} // namespace kiln::baseline
