// Budgets and the profile's counts.
#include "compile/baseline/Emitter.h"
#include "compile/baseline/Record.h"
#include "function/FunctionTable.h"
#include "profile/ValueCounts.h"

namespace kiln::baseline {

/// At the function's entry, every register as the caller left it.
void Emitter::countEntry() {
  coldEntry_ = a_.newLabel();
  entryBack_ = a_.newLabel();
  a_.dec(qword(a_.outside(Target::Counters, out_->function, 0)));
  a_.js(coldEntry_);
  a_.bind(entryBack_);
}

/// The budget's handler keeps all registers but takes the counters in RDI.
void Emitter::emitColdEntry() {
  a_.bind(coldEntry_);
  a_.mov(x86::r10, x86::rdi);
  a_.lea(x86::rdi, a_.outside(Target::Counters, out_->function, 0));
  a_.call(addressConstant(Target::Runtime, runtimeIndex(budgetEntry()), 0));
  a_.mov(x86::rdi, x86::r10);
  a_.jmp(entryBack_);
}

/// The end of an edge back to a loop header: counts it and jumps. `counted` is where the edge itself was counted, if it was.
void Emitter::countLoop(const llvm::BasicBlock* header, std::uint32_t counted) {
  std::uint32_t place = plan_.place(header);
  ColdLoop cold{a_.newLabel(), labels_[place], loopSite(plan_.blockNumberAt(place)), kNone, false};
  const bool recorded = records(Baseline::Branches);
  if (const CountedLoop* loop = plan_.countedLoop(place)) {
    cold.inBatches = true;
    if (recorded)
      cold.count = loopCount(header);
    a_.dec(gp(plan_.placeOf(loop->counter, 0).reg));
    a_.jge(insideLabels_.lookup(place));
  } else {
    if (recorded && counted != kNone)
      out_->counts.push_back({CountSite::Kind::Loop, plan_.blockNumber(header), counted, 0});
    else if (recorded)
      countOne(loopCount(header));
    a_.dec(qword(a_.outside(Target::Counters, out_->function, 8)));
    a_.jns(labels_[place]);
  }
  a_.jmp(cold.entry);
  coldLoops_.push_back(cold);
}

/// A batch is counted: the runtime is asked if the budget is spent, and else the next one begins.
void Emitter::countBatch(const ColdLoop& cold) {
  const auto batch = static_cast<std::int32_t>(options_.settings.batch);
  if (cold.count != kNone)
    a_.add(qword(a_.outside(Target::Profile, 0, static_cast<std::int32_t>(cold.count))), batch);
  a_.sub(qword(a_.outside(Target::Counters, out_->function, 8)), batch);
  a_.jns(cold.back);
}

/// In front of a block: the header of such a loop has a second label behind the beginning of a batch.
void Emitter::beginCountedLoop(std::uint32_t place) {
  const CountedLoop* loop = plan_.countedLoop(place);
  if (!loop || loop->first != place)
    return;
  a_.mov(gp(plan_.placeOf(loop->counter, 0).reg), static_cast<std::int32_t>(options_.settings.batch) - 1);
  a_.bind(insideLabels_[place] = a_.newLabel());
}

const CountedLoop* Emitter::leavesCountedLoop(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const {
  const CountedLoop* loop = plan_.countedLoop(plan_.place(from));
  if (!loop)
    return nullptr;
  std::uint32_t place = plan_.place(to);
  return place < loop->first || place > loop->last ? loop : nullptr;
}

/// What the batch at hand has counted: the register becomes that, negated.
void Emitter::endCountedLoop(const CountedLoop& loop) {
  Gp counter = gp(plan_.placeOf(loop.counter, 0).reg);
  a_.sub(counter, static_cast<std::int32_t>(options_.settings.batch) - 1);
  a_.add(qword(a_.outside(Target::Counters, out_->function, 8)), counter);
  if (records(Baseline::Branches))
    a_.sub(qword(a_.outside(Target::Profile, 0, static_cast<std::int32_t>(loopCount(plan_.order()[loop.first])))), counter);
}

std::uint32_t Emitter::countSite(CountSite::Kind kind, std::uint32_t value, std::uint32_t bytes, std::uint32_t count) {
  std::uint32_t offset = out_->profileBytes;
  out_->counts.push_back({kind, value, offset, count});
  out_->profileBytes += bytes;
  return offset;
}

std::uint32_t Emitter::addCount() {
  out_->profileBytes += 8;
  return out_->profileBytes - 8;
}

void Emitter::countOne(std::uint32_t offset) { a_.inc(qword(a_.outside(Target::Profile, 0, offset))); }

std::uint32_t Emitter::loopCount(const llvm::BasicBlock* header) {
  auto [at, fresh] = loopCounts_.try_emplace(header, 0);
  if (fresh)
    at->second = countSite(CountSite::Kind::Loop, plan_.blockNumber(header), 8);
  return at->second;
}

/// Taken and not taken, each on its way; the way back in a loop comes first. The only way back of a loop that counts by
/// itself is counted there.
void Emitter::emitCountedBranch(const llvm::BranchInst& branch) {
  const llvm::BasicBlock* from = branch.getParent();
  std::uint32_t counts[2];
  bool isLoop[2];
  for (unsigned way : {0u, 1u}) {
    const llvm::BasicBlock* to = branch.getSuccessor(way);
    const CountedLoop* loop = plan_.isBackEdge(from, to) ? plan_.countedLoop(plan_.place(to)) : nullptr;
    isLoop[way] = loop && loop->backEdges == 1;
    counts[way] = isLoop[way] ? loopCount(to) : addCount();
  }
  out_->counts.push_back({CountSite::Kind::Branch, numberOf(branch), counts[0], counts[1]});
  const unsigned first = plan_.isBackEdge(from, branch.getSuccessor(1)) && !plan_.isBackEdge(from, branch.getSuccessor(0));
  Label other = a_.newLabel();
  branchTo(branch.getCondition(), other, first == 1);
  for (unsigned way : {first, 1 - first}) {
    if (!isLoop[way])
      countOne(counts[way]);
    emitEdge(from, branch.getSuccessor(way), way != first, counts[way]);
    if (way == first)
      a_.bind(other);
  }
}

/// The target is in R10, and no argument is in its register yet. The common case is a comparison and an increment.
void Emitter::countTarget(const llvm::CallBase& call) {
  std::uint32_t counts = countSite(CountSite::Kind::Target, numberOf(call), sizeof(ValueCounts));
  recordValue(counts);
}

/// Records the value in R10 in the ValueCounts at an offset. Keeps all registers but R11.
void Emitter::recordValue(std::uint32_t counts) {
  static_assert(offsetof(ValueCounts, value) == 0 && offsetof(ValueCounts, count) == 32 && kTopValues == 4); // Record.S too
  ColdRecord cold{a_.newLabel(), a_.newLabel(), counts};
  a_.cmp(x86::r10, qword(a_.outside(Target::Profile, 0, counts)));
  a_.jne(cold.entry);
  countOne(counts + offsetof(ValueCounts, count));
  a_.bind(cold.back);
  coldRecords_.push_back(cold);
}

void Emitter::emitColdRecords() {
  for (const ColdRecord& cold : coldRecords_) {
    a_.bind(cold.entry);
    a_.lea(x86::r11, a_.outside(Target::Profile, 0, cold.counts));
    a_.call(addressConstant(Target::Runtime, runtimeIndex(recordEntry()), 0));
    a_.jmp(cold.back);
  }
  for (const ColdArgument& cold : coldArguments_) {
    auto count = [&](std::size_t offset) {
      return qword(a_.outside(Target::Profile, 0, static_cast<std::int64_t>(cold.counts + offset)));
    };
    a_.bind(cold.entry);
    a_.cmp(count(offsetof(ArgumentCounts, calls)), 0);
    Label varied = a_.newLabel();
    a_.jne(varied);
    a_.mov(count(offsetof(ArgumentCounts, value)), x86::r11); // the first call
    a_.inc(count(offsetof(ArgumentCounts, calls)));
    a_.jmp(cold.back);
    a_.bind(varied);
    a_.mov(count(offsetof(ArgumentCounts, varied)), 1);
    a_.jmp(cold.back);
  }
}

/// Behind the entry, with the arguments in their places. Most vary in the first few calls, which a tier below has seen. One that
/// always had one value costs a comparison and an increment, any other a jump and a store more.
void Emitter::recordArguments() {
  static_assert(offsetof(ArgumentCounts, value) == 0);
  for (const llvm::Argument& argument : function_.args()) {
    const Place* place = placeOf(&argument);
    if (!isOneGpr(argument.getType()) || !place || !place->exists() ||
        environment_.argumentVaries(out_->function, argument.getArgNo()))
      continue;
    std::uint32_t counts = countSite(CountSite::Kind::Argument, argument.getArgNo(), sizeof(ArgumentCounts));
    zeroExtendInto(x86::r11, &argument);
    ColdArgument cold{a_.newLabel(), a_.newLabel(), counts};
    a_.cmp(x86::r11, qword(a_.outside(Target::Profile, 0, counts)));
    a_.jne(cold.entry);
    countOne(counts + offsetof(ArgumentCounts, calls));
    a_.bind(cold.back);
    coldArguments_.push_back(cold);
  }
}

} // namespace kiln::baseline
