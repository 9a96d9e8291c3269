#include "compile/baseline/emit/Loops.h"

#include <llvm/IR/Constants.h>

#include "compile/baseline/LoopRecord.h"
#include "compile/baseline/emit/Control.h"
#include "compile/baseline/emit/Counts.h"
#include "compile/baseline/emit/Frame.h"
#include "compile/baseline/emit/Signature.h"
#include "transition/FrameState.h"

namespace kiln::baseline {
namespace {

/// A word of the state whose address is in R11.
Mem wordAt(std::uint32_t index) { return x86::ptr(x86::r11, static_cast<std::int32_t>(8 * index), 8); }

} // namespace

// The budget ----------------------------------------------------------------------------------------------------------

void Loops::jumpBack(const llvm::BasicBlock* header, std::uint32_t counted) {
  std::uint32_t place = plan_.place(header);
  const Label& to = families_.control.label(place);
  ColdLoop cold{a_.newLabel(), to, siteOf(plan_.blockNumberAt(place)), kNone, false};
  const bool recorded = records(Baseline::Branches);
  if (const CountedLoop* loop = plan_.countedLoop(place)) {
    cold.inBatches = true;
    if (recorded)
      cold.count = countOf(header);
    a_.dec(gp(plan_.placeOf(loop->counter, 0).reg));
    a_.jge(inside_.lookup(place));
  } else {
    if (recorded && counted != kNone)
      e_.out->counts.push_back({CountSite::Kind::Loop, plan_.blockNumber(header), counted, 0});
    else if (recorded)
      families_.counts.countOne(countOf(header));
    a_.dec(qword(a_.outside(Target::Counters, e_.out->function, 8)));
    a_.jns(to);
  }
  a_.jmp(cold.entry);
  coldLoops_.push_back(cold);
}

void Loops::beginBatch(std::uint32_t place) {
  const CountedLoop* loop = plan_.countedLoop(place);
  if (!loop || loop->first != place)
    return;
  a_.mov(gp(plan_.placeOf(loop->counter, 0).reg), static_cast<std::int32_t>(e_.options.settings.batch) - 1);
  a_.bind(inside_[place] = a_.newLabel());
}

const CountedLoop* Loops::leftBy(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const {
  const CountedLoop* loop = plan_.countedLoop(plan_.place(from));
  if (!loop)
    return nullptr;
  std::uint32_t place = plan_.place(to);
  return place < loop->first || place > loop->last ? loop : nullptr;
}

/// The register becomes what was counted, negated.
void Loops::endBatch(const CountedLoop& loop) {
  Gp counter = gp(plan_.placeOf(loop.counter, 0).reg);
  a_.sub(counter, static_cast<std::int32_t>(e_.options.settings.batch) - 1);
  a_.add(qword(a_.outside(Target::Counters, e_.out->function, 8)), counter);
  if (records(Baseline::Branches))
    a_.sub(qword(a_.outside(Target::Profile, 0, countOf(plan_.order()[loop.first]))), counter);
}

/// A batch is counted: the runtime is asked if the budget is spent, and else the next one begins.
void Loops::countBatch(const ColdLoop& cold) {
  const auto batch = static_cast<std::int32_t>(e_.options.settings.batch);
  if (cold.count != kNone)
    a_.add(qword(a_.outside(Target::Profile, 0, cold.count)), batch);
  a_.sub(qword(a_.outside(Target::Counters, e_.out->function, 8)), batch);
  a_.jns(cold.back);
}

std::uint32_t Loops::countOf(const llvm::BasicBlock* header) {
  auto [at, fresh] = counts_.try_emplace(header, 0);
  if (fresh)
    at->second = families_.counts.site(CountSite::Kind::Loop, plan_.blockNumber(header), 8);
  return at->second;
}

std::uint32_t Loops::siteOf(std::uint32_t block) {
  for (std::uint32_t i = 0; i < e_.out->loops.size(); ++i)
    if (e_.out->loops[i].block == block)
      return i;
  e_.out->loops.push_back({block});
  return static_cast<std::uint32_t>(e_.out->loops.size() - 1);
}

// The way out ---------------------------------------------------------------------------------------------------------

void Loops::emitCold() {
  if (coldLoops_.empty())
    return;
  for (const ColdLoop& cold : coldLoops_) {
    a_.bind(cold.entry);
    if (cold.inBatches)
      countBatch(cold);
    a_.mov(x86::r11, addressConstant(Target::Loop, cold.site, 0));
    a_.call(runtimeAddress(RuntimeAddress::kiln(&kiln_baseline_loop)));
    a_.jmp(cold.back);
  }
  e_.out->leave = a_.here();
  if (std::int32_t slot = families_.signature.resultAddressSlot(); e_.shape->sretGpr >= 0 && slot != 0)
    a_.mov(x86::rax, frame(slot));
  families_.frame.leaveAndReturn();
  keepPlaces();
}

/// Where values are: for the state that a continuation takes.
void Loops::keepPlaces() {
  Code& out = *e_.out;
  out.valuePlaces.reserve(plan_.valueCount());
  for (std::uint32_t number = 0; number < plan_.valueCount(); ++number)
    out.valuePlaces.push_back(plan_.placeIndex(number));
  out.places.assign(plan_.places().begin(), plan_.places().end());
  out.variables.assign(plan_.variables().begin(), plan_.variables().end());
  out.hiddenSlot = e_.shape->demoted ? families_.signature.resultAddressSlot() : 0;
}

// The way in ----------------------------------------------------------------------------------------------------------

/// The code is `T f.osr(ptr state)`: takes the values live into the header out of the state and goes on there.
void Loops::enter() {
  FunctionNumbers numbers(e_.function);
  const llvm::BasicBlock& header = numbers.block(e_.options.loop);
  auto state = liveInto(numbers, header);
  if (!state)
    refuse(state.error());
  a_.mov(x86::r11, e_.shape->demoted ? x86::rsi : x86::rdi);
  if (e_.shape->demoted)
    families_.signature.keepResultAddress(x86::rdi);
  // Other names of a value may stand for less of it than the value itself, so those come first.
  for (bool aliases : {true, false})
    for (const LiveValue& live : state->values)
      if (plan_.stateOf(live.number).alias == aliases)
        enterValue(live.number, live.value, live.word);
  // A function that is called seldom may be compiled by LLVM before it is called again.
  const Baseline::Settings& settings = e_.options.settings;
  if (settings.recordLate && (settings.record & Baseline::Arguments))
    for (const LiveValue& live : state->values)
      if (const auto* argument = llvm::dyn_cast<llvm::Argument>(live.value))
        families_.counts.recordArgument(*argument);
  a_.jmp(families_.control.label(plan_.place(&header)));
}

void Loops::enterValue(std::uint32_t number, const llvm::Value* value, std::uint32_t word) {
  const ValueState& state = plan_.stateOf(number);
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
  // The state has it as its type is, and not as that of which it is another name.
  llvm::Type* type = value->getType();
  const Parts forms = partsOf(type);
  for (unsigned part = 0; part < state.words; word += forms[part].words, ++part)
    if (isUsed(number, part))
      enterPart(number, part, forms[part], type, word);
}

void Loops::enterPart(std::uint32_t number, unsigned part, const Part& form, llvm::Type* type, std::uint32_t word) {
  if (form.bank == Bank::Memory)
    return copyX87(frame(plan_.placeOf(number, part).offset), wordAt(word));
  if (form.bank == Bank::Gpr) {
    Gp to = target(number, part);
    if (isOneGpr(type) && plan_.stateOf(number).clean && bitsOf(type) < 64)
      loadInteger(to, wordAt(word), std::max(8u, std::bit_ceil(bitsOf(type))));
    else
      a_.mov(to, wordAt(word));
    return wrote(number, part, to);
  }
  if (form.words > 1)
    return enterLanes(number, part, form, word, type);
  Xmm to = targetXmm(number, part);
  loadXmm(to, wordAt(word), 8);
  wrote(number, part, to);
}

/// A vector's lanes are words of their own in the state. They are put together in a slot.
void Loops::enterLanes(std::uint32_t number, unsigned part, const Part& form, std::uint32_t word, llvm::Type* type) {
  std::int32_t slot = plan_.newSlot(16, 16);
  const bool mask = type->getScalarType()->isIntegerTy(1);
  for (std::uint32_t i = 0; i < form.words; ++i) {
    a_.mov(x86::rax, wordAt(word + i));
    if (mask)
      a_.neg(x86::rax);
    a_.mov(frame(slot + static_cast<std::int32_t>(i * form.lane), form.lane), sized(x86::rax, 8u * form.lane));
  }
  Xmm to = targetXmm(number, part);
  loadXmm(to, frame(slot), form.bytes);
  wrote(number, part, to);
}

} // namespace kiln::baseline
