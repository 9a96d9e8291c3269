#include "compile/baseline/emit/Counts.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>

#include "compile/baseline/Record.h"
#include "function/FunctionTable.h"
#include "profile/ValueCounts.h"

namespace kiln::baseline {

void Counts::countEntry() {
  coldEntry_ = a_.newLabel();
  entryBack_ = a_.newLabel();
  a_.dec(qword(a_.outside(Target::Counters, e_.out->function, 0)));
  a_.js(coldEntry_);
  a_.bind(entryBack_);
}

/// The budget's handler keeps all registers but takes the counters in RDI.
void Counts::emitColdEntry() {
  a_.bind(coldEntry_);
  a_.mov(x86::r10, x86::rdi);
  a_.lea(x86::rdi, a_.outside(Target::Counters, e_.out->function, 0));
  a_.call(runtimeAddress({RuntimeAddress::Kind::Kiln, budgetEntry()}));
  a_.mov(x86::rdi, x86::r10);
  a_.jmp(entryBack_);
}

std::uint32_t Counts::site(CountSite::Kind kind, std::uint32_t value, std::uint32_t bytes, std::uint32_t count) {
  std::uint32_t offset = e_.out->profileBytes;
  e_.out->counts.push_back({kind, value, offset, count});
  e_.out->profileBytes += bytes;
  return offset;
}

std::uint32_t Counts::add() {
  e_.out->profileBytes += 8;
  return e_.out->profileBytes - 8;
}

void Counts::countOne(std::uint32_t offset) { a_.inc(qword(a_.outside(Target::Profile, 0, offset))); }

// Values --------------------------------------------------------------------------------------------------------------

/// Compares with the value that was seen last, and counts it if it is that again: a comparison and an increment.
Counts::Cold Counts::recordValue(Gp value, std::uint32_t counts, std::uint32_t count) {
  Cold cold{a_.newLabel(), a_.newLabel(), counts};
  a_.cmp(value, qword(a_.outside(Target::Profile, 0, counts)));
  a_.jne(cold.entry);
  countOne(counts + count);
  a_.bind(cold.back);
  return cold;
}

/// Records what is in R10 in ValueCounts of its own. Keeps all registers but R11.
void Counts::recordIn10(CountSite::Kind kind, const llvm::CallBase& call) {
  static_assert(offsetof(ValueCounts, value) == 0 && offsetof(ValueCounts, count) == 32 && kTopValues == 4); // Record.S too
  values_.push_back(
      recordValue(x86::r10, site(kind, numberOf(call), sizeof(ValueCounts)), offsetof(ValueCounts, count)));
}

void Counts::recordTarget(const llvm::CallBase& call) {
  if (records(Baseline::Targets))
    recordIn10(CountSite::Kind::Target, call);
}

void Counts::recordSize(const llvm::CallBase& call, const llvm::Value* size) {
  if (!records(Baseline::Sizes) || llvm::isa<llvm::Constant>(size))
    return;
  zeroExtendInto(x86::r10, size);
  recordIn10(CountSite::Kind::Size, call);
}

void Counts::recordCompareSize(const llvm::CallBase& call) {
  if (!records(Baseline::Sizes))
    return;
  const auto* callee = llvm::dyn_cast<llvm::Function>(call.getCalledOperand());
  if (callee && callee->isDeclaration() && call.arg_size() == 3 &&
      (callee->getName() == "memcmp" || callee->getName() == "bcmp"))
    recordSize(call, call.getArgOperand(2));
}

/// Most vary in the first few calls, which a tier below has seen. One that always had one value costs a comparison and an
/// increment, any other a jump and a store more.
void Counts::recordArguments() {
  for (const llvm::Argument& argument : e_.function.args())
    recordArgument(argument);
}

void Counts::recordArgument(const llvm::Argument& argument) {
  static_assert(offsetof(ArgumentCounts, value) == 0);
  const Place* place = placeOf(&argument);
  if (!isOneGpr(argument.getType()) || !place || !place->exists() ||
      e_.environment.argumentVaries(e_.out->function, argument.getArgNo()))
    return;
  std::uint32_t counts = site(CountSite::Kind::Argument, argument.getArgNo(), sizeof(ArgumentCounts));
  zeroExtendInto(x86::r11, &argument);
  arguments_.push_back(recordValue(x86::r11, counts, offsetof(ArgumentCounts, calls)));
}

void Counts::emitCold() {
  for (const Cold& cold : values_) {
    a_.bind(cold.entry);
    a_.lea(x86::r11, a_.outside(Target::Profile, 0, cold.counts));
    a_.call(runtimeAddress({RuntimeAddress::Kind::Kiln, recordEntry()}));
    a_.jmp(cold.back);
  }
  for (const Cold& cold : arguments_)
    emitColdArgument(cold);
  if (coldEntry_.isValid())
    emitColdEntry();
}

void Counts::emitColdArgument(const Cold& cold) {
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

} // namespace kiln::baseline
