// The ends of blocks: branches, moves on edges, switches, returns.
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>

#include <algorithm>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {
namespace {

/// A dense table may have this many entries for each case.
constexpr std::uint64_t kTableRoom = 4;
/// Switches of fewer cases are comparisons.
constexpr std::size_t kFewCases = 4;

} // namespace

void Emitter::emitTerminator(const llvm::Instruction& instruction) {
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Ret: return emitReturn(llvm::cast<llvm::ReturnInst>(instruction));
  case llvm::Instruction::Br: return emitBranch(llvm::cast<llvm::BranchInst>(instruction));
  case llvm::Instruction::Switch: return emitSwitch(llvm::cast<llvm::SwitchInst>(instruction));
  case llvm::Instruction::Invoke: return emitInvoke(llvm::cast<llvm::InvokeInst>(instruction));
  case llvm::Instruction::Resume: return emitResume(llvm::cast<llvm::ResumeInst>(instruction));
  case llvm::Instruction::Unreachable: a_.ud2(); return;
  default: refuse(std::string("instruction ") + instruction.getOpcodeName());
  }
}

// Edges ------------------------------------------------------------------------------------------------------------------

/// What a phi gets from a block. A block that many edges come to would have all of them searched for each.
const llvm::Value* Emitter::incoming(const llvm::PHINode& phi, const llvm::BasicBlock* from) {
  constexpr unsigned kFewEdges = 8;
  if (phi.getNumIncomingValues() <= kFewEdges)
    return phi.getIncomingValueForBlock(from);
  auto [edges, fresh] = edgeIndices_.try_emplace(phi.getParent());
  if (fresh)
    for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
      edges->second[phi.getIncomingBlock(i)] = i;
  unsigned index = edges->second.lookup(from);
  // The phis of a block mostly list its edges in one order.
  return phi.getIncomingBlock(index) == from ? phi.getIncomingValue(index) : phi.getIncomingValueForBlock(from);
}

bool Emitter::hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (!llvm::isa<llvm::PHINode>(to->front()))
    return false;
  std::uint32_t number = plan_.firstNumber(plan_.place(to));
  for (const llvm::PHINode& phi : to->phis()) {
    std::uint32_t self = number++;
    if (phi.use_empty())
      continue;
    const llvm::Value* value = incoming(phi, from);
    const Place* source = placeOf(value, 0);
    if (!source)
      return true;
    const Place& target = plan_.placeOf(self, 0);
    if (target.exists() && (source->reg != target.reg || source->offset != target.offset))
      return true;
  }
  return false;
}

void Emitter::emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  moves_.clear();
  constantMoves_.clear();
  std::uint32_t number = plan_.firstNumber(plan_.place(to));
  for (const llvm::PHINode& phi : to->phis()) {
    std::uint32_t self = number++;
    const ValueState& state = plan_.stateOf(self);
    if (phi.use_empty())
      continue;
    const llvm::Value* value = incoming(phi, from);
    for (unsigned part = 0; part < state.words; ++part) {
      const Place& place = plan_.placeOf(self, part);
      if (place.exists())
        addMove({place.reg, place.inRegister() ? 0 : place.offset}, value, part, plan_.partOf(self, part).bytesToMove());
    }
  }
  moveAll(moves_, constantMoves_);
}

bool Emitter::needsStub(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (plan_.isBackEdge(from, to) && (options_.settings.count || options_.settings.osrAt != 0))
    return true;
  return leavesCountedLoop(from, to) || hasMoves(from, to);
}

/// Where a jump along an edge leads: to the block, or to a stub that does what is to be done on the way.
Emitter::Label Emitter::edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (!needsStub(from, to))
    return labels_[plan_.place(to)];
  auto [at, fresh] = stubOf_.try_emplace({from, to}, static_cast<unsigned>(stubs_.size()));
  if (fresh)
    stubs_.push_back({a_.newLabel(), from, to});
  return stubs_[at->second].label;
}

void Emitter::emitEdgeStubs() {
  for (std::size_t i = 0; i < stubs_.size(); ++i) { // by index: nothing is added meanwhile, but the labels are copied
    a_.bind(stubs_[i].label);
    emitEdge(stubs_[i].from, stubs_[i].to, false);
  }
}

/// `counted`: as countLoop().
void Emitter::emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough, std::uint32_t counted) {
  if (const CountedLoop* left = leavesCountedLoop(from, to))
    endCountedLoop(*left);
  if (llvm::isa<llvm::PHINode>(to->front()))
    emitEdgeMoves(from, to);
  std::uint32_t here = plan_.place(from), place = plan_.place(to);
  if (place <= here && (options_.settings.count || options_.settings.osrAt != 0))
    return countLoop(to, counted);
  if (!mayFallThrough || place != here + 1)
    a_.jmp(labels_[place]);
}

void Emitter::emitBranch(const llvm::BranchInst& branch) {
  const llvm::BasicBlock* from = branch.getParent();
  if (branch.isUnconditional() || branch.getSuccessor(0) == branch.getSuccessor(1))
    return emitEdge(from, branch.getSuccessor(0), true);
  const llvm::BasicBlock *yes = branch.getSuccessor(0), *no = branch.getSuccessor(1);
  if (records(Baseline::Branches))
    return emitCountedBranch(branch);
  // Which way is taken by jumping: not the one that goes on with the next block, nor, if there is a choice, one that has
  // something to do on the way, since that can stand right behind. Most of all the way back in a loop.
  std::uint32_t next = plan_.place(from) + 1;
  bool workYes = needsStub(from, yes), workNo = needsStub(from, no);
  const bool backYes = workYes && plan_.isBackEdge(from, yes), backNo = workNo && plan_.isBackEdge(from, no);
  bool jumpWhenTrue = true;
  if (backYes != backNo)
    jumpWhenTrue = backNo;
  else if (plan_.place(yes) == next && !workYes)
    jumpWhenTrue = false;
  else if (plan_.place(no) == next && !workNo)
    jumpWhenTrue = true;
  else if (workYes && !workNo)
    jumpWhenTrue = false;
  const llvm::BasicBlock* jumpTo = jumpWhenTrue ? yes : no;
  const llvm::BasicBlock* goOn = jumpWhenTrue ? no : yes;
  branchTo(branch.getCondition(), edgeLabel(from, jumpTo), jumpWhenTrue);
  emitEdge(from, goOn, true);
}

/// Jumps to the label if the condition is `when`; else goes on.
void Emitter::branchTo(const llvm::Value* condition, const Label& to, bool when) {
  if (const auto* compare = llvm::dyn_cast<llvm::CmpInst>(condition); compare && plan_.isFolded(compare)) {
    if (const auto* real = llvm::dyn_cast<llvm::FCmpInst>(compare))
      return branchFloat(*real, to, when);
    Condition holds = compareInt(*llvm::cast<llvm::ICmpInst>(compare));
    return jump(when ? holds : x86::negateCond(holds), to);
  }
  if (plan_.isFolded(condition) && isFlag(*condition))
    return jump(when ? flag_ : x86::negateCond(flag_), to);
  if (const auto constant = constantOf(condition)) {
    if ((*constant != 0) == when)
      a_.jmp(to);
    return;
  }
  testBit(condition);
  jump(when ? Condition::kNotZero : Condition::kZero, to);
}

/// Sets the flags by an i1: not zero if it is set.
void Emitter::testBit(const llvm::Value* condition) {
  if (std::optional<Mem> slot = inMemory(condition, 0, 4)) {
    a_.cmp(*slot, 0);
    return;
  }
  Gp bit = sized(read(condition), 32);
  a_.test(bit, bit);
}

// Switches ---------------------------------------------------------------------------------------------------------------

void Emitter::emitSwitch(const llvm::SwitchInst& choice) {
  const llvm::BasicBlock* from = choice.getParent();
  if (choice.getNumCases() == 0)
    return emitEdge(from, choice.getDefaultDest(), true);
  const llvm::Value* value = choice.getCondition();
  if (value->getType()->getIntegerBitWidth() > 64)
    refuse("switch over an integer of more than 64 bits");
  std::vector<SwitchCase> cases;
  std::uint32_t number = 1;
  for (const auto& each : choice.cases())
    cases.push_back({each.getCaseValue()->getZExtValue(), each.getCaseSuccessor(), number++});
  std::sort(cases.begin(), cases.end(), [](const SwitchCase& a, const SwitchCase& b) { return a.value < b.value; });
  SwitchForm form{choice, {}, kNone};
  if (records(Baseline::Switches))
    form.counts = countSite(CountSite::Kind::Switch, numberOf(choice), 8 * (static_cast<std::uint32_t>(cases.size()) + 1),
                            static_cast<std::uint32_t>(cases.size()));
  zeroExtendInto(x86::rax, value);
  form.otherwise = caseLabel(form, choice.getDefaultDest(), 0);
  std::uint64_t span = cases.back().value - cases.front().value;
  if (cases.size() > kFewCases && span / kTableRoom <= cases.size())
    emitDenseSwitch(form, cases);
  else
    emitCaseSearch(form, cases);
  for (const CaseStub& stub : caseStubs_) {
    a_.bind(stub.label);
    countOne(form.counts + 8 * stub.number);
    a_.jmp(edgeLabel(from, stub.to));
  }
  caseStubs_.clear();
}

Emitter::Label Emitter::caseLabel(const SwitchForm& form, const llvm::BasicBlock* to, std::uint32_t number) {
  if (form.counts == kNone)
    return edgeLabel(form.choice.getParent(), to);
  caseStubs_.push_back({a_.newLabel(), to, number});
  return caseStubs_.back().label;
}

/// A table of distances behind the jump, relative to the table.
void Emitter::emitDenseSwitch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases) {
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

/// Binary search down to a few comparisons in a row.
void Emitter::emitCaseSearch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases) {
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

// Returns ----------------------------------------------------------------------------------------------------------------

void Emitter::emitReturn(const llvm::ReturnInst& leave) {
  const llvm::Value* value = leave.getReturnValue();
  if (value)
    giveResult(value);
  if (hiddenSlot_ != 0) // the address that the results lie behind is a result itself
    a_.mov(x86::rax, frame(hiddenSlot_));
  epilogue();
}

/// A result in RAX waits in R10 while the others are moved: moves use RAX.
void Emitter::giveResult(const llvm::Value* value) {
  Parts parts;
  (void)plan_.partsOfType(value->getType(), parts);
  if (parts.empty())
    return;
  if (shape_->demoted)
    return storeResult(value);
  const bool single = parts.size() == 1;
  bool usesRax = false;
  moves_.clear();
  constantMoves_.clear();
  llvm::SmallVector<unsigned, 2> x87;
  std::uint32_t word = 0;
  for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
    const Move* move = moveOfWord(shape_->results, word);
    if (!move)
      refuse("a result in an unusual place");
    requireWhole(parts[part], shape_->results, word);
    if (parts[part].bank == Bank::Memory) {
      x87.push_back(part);
    } else if (move->offset >= offsetof(RegisterFile, resultSse)) {
      if (move->transfer == Transfer::FloatX87 || move->transfer == Transfer::DoubleX87 ||
          move->offset >= offsetof(RegisterFile, resultX87))
        refuse("a float in an x87 register");
      auto reg = static_cast<Register>(kFirstXmm + (move->offset - offsetof(RegisterFile, resultSse)) / 16);
      addMove({reg, 0}, value, part, parts[part].bytes);
    } else {
      constexpr Register kResults[] = {0, 2, 1};
      Register reg = kResults[(move->offset - offsetof(RegisterFile, result)) / 8];
      if (reg == 0 && single)
        return giveInteger(x86::rax, value, *move);
      usesRax |= reg == 0;
      addMove({reg == 0 ? Register{10} : reg, 0}, value, part, 8);
    }
  }
  for (unsigned part : llvm::reverse(x87)) // the first one on top
    loadX87(value, part);
  moveAll(moves_, constantMoves_);
  if (usesRax)
    a_.mov(x86::rax, x86::r10);
}

void Emitter::giveInteger(Gp to, const llvm::Value* value, const Move& move) {
  if (move.transfer == Transfer::SignExtend)
    signExtendInto(to, value);
  else if (move.transfer == Transfer::ZeroExtend)
    zeroExtendInto(to, value);
  else
    readInto(to, value);
}

/// Behind the hidden pointer. Where words lie there is where they lie in memory.
void Emitter::storeResult(const llvm::Value* value) {
  forEachLeaf(value->getType(), [&](unsigned part, llvm::Type* type, std::int64_t offset) {
    a_.mov(x86::r11, frame(hiddenSlot_));
    storeLeaf(x86::ptr(x86::r11, static_cast<std::int32_t>(offset)), value, part, type);
  });
}

const Move* Emitter::moveOfWord(const std::vector<Move>& moves, std::uint32_t word) const {
  // Mostly one move a word, in order.
  if (word < moves.size() && moves[word].word == word)
    return &moves[word];
  for (const Move& move : moves)
    if (move.word == word)
      return &move;
  return nullptr;
}

} // namespace kiln::baseline
