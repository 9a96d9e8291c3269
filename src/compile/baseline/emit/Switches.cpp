// Switches: a table of distances where cases are dense, else a search.
#include <llvm/IR/Constants.h>

#include <cstring>

#include "compile/baseline/emit/Control.h"
#include "compile/baseline/emit/Counts.h"

namespace kiln::baseline {
namespace {

/// Switches of fewer cases are comparisons.
constexpr std::size_t kFewCases = 4;

} // namespace

void Control::emitSwitch(const llvm::SwitchInst& choice) {
  const llvm::BasicBlock* from = choice.getParent();
  if (choice.getNumCases() == 0)
    return emitEdge(from, choice.getDefaultDest(), true);
  const llvm::Value* value = choice.getCondition();
  if (value->getType()->getIntegerBitWidth() > 64)
    refuse("switch over an integer of more than 64 bits");
  const std::vector<SwitchCase> cases = flow::casesOf(choice);
  SwitchForm form{choice, {}, kNone};
  if (records(Baseline::Switches))
    form.counts = families_.counts.site(CountSite::Kind::Switch, numberOf(choice),
                                        8 * (static_cast<std::uint32_t>(cases.size()) + 1),
                                        static_cast<std::uint32_t>(cases.size()));
  zeroExtendInto(x86::rax, value);
  form.otherwise = caseLabel(form, choice.getDefaultDest(), 0);
  if (cases.size() > kFewCases && flow::isDense(cases))
    emitDenseSwitch(form, cases);
  else
    emitCaseSearch(form, cases);
  for (const CaseStub& stub : caseStubs_) {
    a_.bind(stub.label);
    families_.counts.countOne(form.counts + 8 * stub.number);
    a_.jmp(edgeLabel(from, stub.to));
  }
  caseStubs_.clear();
}

Label Control::caseLabel(const SwitchForm& form, const llvm::BasicBlock* to, std::uint32_t number) {
  if (form.counts == kNone)
    return edgeLabel(form.choice.getParent(), to);
  caseStubs_.push_back({a_.newLabel(), to, number});
  return caseStubs_.back().label;
}

/// A table of distances behind the jump, relative to the table.
void Control::emitDenseSwitch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases) {
  std::uint64_t low = cases.front().value, span = cases.back().value - low;
  if (low != 0) {
    if (isInt32(static_cast<std::int64_t>(low))) {
      a_.sub(x86::rax, static_cast<std::int32_t>(low));
    } else {
      loadConstant(x86::r11, low);
      a_.sub(x86::rax, x86::r11);
    }
  }
  a_.cmp(x86::rax, static_cast<std::int32_t>(span));
  a_.ja(form.otherwise);
  Label table = a_.newLabel();
  a_.lea(x86::r11, x86::ptr(table));
  a_.movsxd(x86::rax, x86::dword_ptr(x86::r11, x86::rax, 2));
  a_.add(x86::rax, x86::r11);
  a_.jmp(x86::rax);
  a_.align(asmjit::AlignMode::kZero, 4);
  a_.bind(table);
  std::size_t next = 0;
  for (std::uint64_t i = 0; i <= span; ++i) {
    bool hit = cases[next].value == low + i;
    Label to = hit ? caseLabel(form, cases[next].to, cases[next].number) : form.otherwise;
    next += hit;
    tableEntries_.push_back({a_.here(), to, table});
    a_.embedUInt32(0);
  }
}

void Control::fillTables() {
  Code& out = *e_.out;
  for (const TableEntry& entry : tableEntries_) {
    auto distance = static_cast<std::int32_t>(e_.holder.labelOffset(entry.to) - e_.holder.labelOffset(entry.table));
    memcpy(out.bytes.data() + entry.at, &distance, 4);
    if (e_.options.lines)
      out.tables.emplace_back(entry.at, static_cast<std::uint32_t>(e_.holder.labelOffset(entry.to)));
  }
}

/// Binary search down to a few comparisons in a row.
void Control::emitCaseSearch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases) {
  auto compare = [&](std::uint64_t value) {
    if (isInt32(static_cast<std::int64_t>(value))) {
      a_.cmp(x86::rax, static_cast<std::int32_t>(value));
    } else {
      loadConstant(x86::r11, value);
      a_.cmp(x86::rax, x86::r11);
    }
  };
  if (cases.size() <= kFewCases) {
    for (const SwitchCase& each : cases) {
      compare(each.value);
      a_.je(caseLabel(form, each.to, each.number));
    }
    a_.jmp(form.otherwise);
    return;
  }
  std::size_t middle = cases.size() / 2;
  Label upper = a_.newLabel();
  compare(cases[middle].value);
  a_.jae(upper);
  emitCaseSearch(form, cases.take_front(middle));
  a_.bind(upper);
  emitCaseSearch(form, cases.drop_front(middle));
}

} // namespace kiln::baseline
