// Ways out of the code at loop headers, and into it.
#include <llvm/IR/Constants.h>

#include "compile/baseline/Emitter.h"
#include "compile/baseline/LoopRecord.h"
#include "transition/FrameState.h"

namespace kiln::baseline {

std::uint32_t Emitter::loopSite(std::uint32_t block) {
  for (std::uint32_t i = 0; i < out_->loops.size(); ++i)
    if (out_->loops[i].block == block)
      return i;
  out_->loops.push_back({block});
  return static_cast<std::uint32_t>(out_->loops.size() - 1);
}

void Emitter::emitColdLoops() {
  if (coldLoops_.empty())
    return;
  const std::uint32_t entry = runtimeIndex(reinterpret_cast<std::uintptr_t>(&kiln_baseline_loop));
  for (const ColdLoop& cold : coldLoops_) {
    a_.bind(cold.entry);
    if (cold.inBatches)
      countBatch(cold);
    a_.mov(x86::r11, addressConstant(Target::Loop, cold.site, 0));
    a_.call(addressConstant(Target::Runtime, entry, 0));
    a_.jmp(cold.back);
  }
  out_->leave = a_.here();
  if (shape_->sretGpr >= 0 && hiddenSlot_ != 0)
    a_.mov(x86::rax, frame(hiddenSlot_));
  epilogue();
  keepPlaces();
}

/// Where values are: for the state that a continuation takes.
void Emitter::keepPlaces() {
  Code& out = *out_;
  out.valuePlaces.reserve(plan_.valueCount());
  for (std::uint32_t number = 0; number < plan_.valueCount(); ++number)
    out.valuePlaces.push_back(plan_.placeIndex(number));
  out.places.assign(plan_.places().begin(), plan_.places().end());
  out.variables.assign(plan_.variables().begin(), plan_.variables().end());
  out.hiddenSlot = shape_->demoted ? hiddenSlot_ : 0;
}

/// The code is `T f.osr(ptr state)`: takes the values live into the header out of the state and goes on there.
void Emitter::enterLoop() {
  FunctionNumbers numbers(function_);
  const llvm::BasicBlock& header = numbers.block(options_.loop);
  auto state = liveInto(numbers, header);
  if (!state)
    refuse(state.error());
  a_.mov(x86::r11, shape_->demoted ? x86::rsi : x86::rdi);
  if (shape_->demoted) {
    hiddenSlot_ = plan_.newSlot(8);
    a_.mov(frame(hiddenSlot_), x86::rdi);
  }
  // Other names of a value may stand for less of it than the value itself, so those come first.
  for (bool aliases : {true, false})
    for (const LiveValue& live : state->values)
      if (plan_.stateOf(live.number).alias == aliases)
        enterValue(live.number, live.value, live.word);
  a_.jmp(labels_[plan_.place(&header)]);
}

/// R11 is the state's address.
void Emitter::enterValue(std::uint32_t number, const llvm::Value* value, std::uint32_t word) {
  const ValueState& state = plan_.stateOf(number);
  auto wordAt = [&](std::uint32_t index, unsigned bytes = 8) {
    return x86::ptr(x86::r11, static_cast<std::int32_t>(8 * index), bytes);
  };
  if (state.folded) {
    // An address computed from another value: it is that value which has a place.
    const AddressParts* parts = plan_.partsOf(number);
    if (!parts || parts->index)
      refuse("entry at a loop that needs a value inside an instruction");
    std::uint32_t base = plan_.numberOf(parts->base);
    if (base == kNone || !plan_.placeOf(base, 0).exists())
      return;
    a_.mov(x86::rax, wordAt(word));
    addOffset(x86::rax, -parts->offset);
    return wrote(base, 0, x86::rax);
  }
  if (plan_.placeIndex(number) == kNone)
    return;
  llvm::Type* type = value->getType();
  const bool narrow = isOneGpr(type) && state.clean && bitsOf(type) < 64;
  // The state has it as its type is, and not as that of which it is another name.
  Parts forms;
  (void)Plan::partsOfType(type, forms);
  for (unsigned part = 0; part < state.words; ++part) {
    const Part& form = forms[part];
    const Place& place = plan_.placeOf(number, part);
    if (place.exists()) {
      if (form.bank == Bank::Memory) {
        copyX87(frame(place.offset), wordAt(word));
      } else if (form.bank == Bank::Gpr) {
        Gp to = target(number, part);
        if (narrow)
          loadInteger(to, wordAt(word), bitsOf(type) <= 8 ? 8 : bitsOf(type) <= 16 ? 16 : bitsOf(type) <= 32 ? 32 : 64);
        else
          a_.mov(to, wordAt(word));
        wrote(number, part, to);
      } else if (form.words == 1) {
        Xmm to = targetXmm(number, part);
        loadXmm(to, wordAt(word), 8);
        wrote(number, part, to);
      } else {
        enterLanes(number, part, form, word, type);
      }
    }
    word += form.words;
  }
}

/// A vector's lanes are words of their own in the state. They are put together in a slot.
void Emitter::enterLanes(std::uint32_t number, unsigned part, const Part& form, std::uint32_t word, llvm::Type* type) {
  std::int32_t slot = plan_.newSlot(16, 16);
  const bool mask = type->getScalarType()->isIntegerTy(1);
  for (std::uint32_t i = 0; i < form.words; ++i) {
    a_.mov(x86::rax, x86::ptr(x86::r11, static_cast<std::int32_t>(8 * (word + i))));
    if (mask)
      a_.neg(x86::rax);
    a_.mov(frame(slot + static_cast<std::int32_t>(i * form.lane), form.lane), sized(x86::rax, 8u * form.lane));
  }
  Xmm to = targetXmm(number, part);
  loadXmm(to, frame(slot), form.bytes);
  wrote(number, part, to);
}

} // namespace kiln::baseline
