#include "compile/baseline/emit/Control.h"

#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Counts.h"
#include "compile/baseline/emit/Exceptions.h"
#include "compile/baseline/emit/Loops.h"
#include "compile/baseline/emit/Signature.h"

namespace kiln::baseline {

void Control::makeLabels() {
  labels_.reserve(plan_.order().size());
  for (std::size_t i = 0; i < plan_.order().size(); ++i)
    labels_.push_back(a_.newLabel());
}

void Control::emit(const llvm::Instruction& terminator) {
  switch (terminator.getOpcode()) {
  case llvm::Instruction::Ret: return families_.signature.emitReturn(llvm::cast<llvm::ReturnInst>(terminator));
  case llvm::Instruction::Br: return emitBranch(llvm::cast<llvm::BranchInst>(terminator));
  case llvm::Instruction::Switch: return emitSwitch(llvm::cast<llvm::SwitchInst>(terminator));
  case llvm::Instruction::Invoke: return families_.exceptions.emitInvoke(llvm::cast<llvm::InvokeInst>(terminator));
  case llvm::Instruction::Resume: return families_.exceptions.emitResume(llvm::cast<llvm::ResumeInst>(terminator));
  case llvm::Instruction::Unreachable: a_.ud2(); return;
  default: refuse(std::string("instruction ") + terminator.getOpcodeName());
  }
}

// Edges ---------------------------------------------------------------------------------------------------------------

bool Control::hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (!llvm::isa<llvm::PHINode>(to->front()))
    return false;
  std::uint32_t number = plan_.firstNumber(plan_.place(to));
  for (const llvm::PHINode& phi : to->phis()) {
    std::uint32_t self = number++;
    if (phi.use_empty())
      continue;
    const llvm::Value* value = phiEdges_.incoming(phi, from);
    const Place* source = placeOf(value, 0);
    if (!source)
      return true;
    const Place& target = plan_.placeOf(self, 0);
    if (target.exists() && (source->reg != target.reg || source->offset != target.offset))
      return true;
  }
  return false;
}

void Control::emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  startMoves();
  std::uint32_t number = plan_.firstNumber(plan_.place(to));
  for (const llvm::PHINode& phi : to->phis()) {
    std::uint32_t self = number++;
    const ValueState& state = plan_.stateOf(self);
    if (phi.use_empty())
      continue;
    const llvm::Value* value = phiEdges_.incoming(phi, from);
    for (unsigned part = 0; part < state.words; ++part) {
      const Place& place = plan_.placeOf(self, part);
      if (place.exists())
        addMove(Location::of(place), value, part, plan_.partOf(self, part).bytesToMove());
    }
  }
  makeMoves();
}

bool Control::needsStub(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (plan_.isBackEdge(from, to) && countsLoops())
    return true;
  return families_.loops.leftBy(from, to) || hasMoves(from, to);
}

/// Where a jump along an edge leads: to the block, or to a stub that does what is to be done on the way.
Label Control::edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (!needsStub(from, to))
    return labels_[plan_.place(to)];
  auto [at, fresh] = stubOf_.try_emplace({from, to}, static_cast<unsigned>(stubs_.size()));
  if (fresh)
    stubs_.push_back({a_.newLabel(), from, to});
  return stubs_[at->second].label;
}

void Control::emitEdgeStubs() {
  for (std::size_t i = 0; i < stubs_.size(); ++i) { // by index: nothing is added meanwhile, but the labels are copied
    a_.bind(stubs_[i].label);
    e_.comesFrom(stubs_[i].from->getTerminator());
    emitEdge(stubs_[i].from, stubs_[i].to, false);
  }
}

void Control::emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough, std::uint32_t counted) {
  if (const CountedLoop* left = families_.loops.leftBy(from, to))
    families_.loops.endBatch(*left);
  if (llvm::isa<llvm::PHINode>(to->front()))
    emitEdgeMoves(from, to);
  std::uint32_t here = plan_.place(from), place = plan_.place(to);
  if (place <= here && countsLoops())
    return families_.loops.jumpBack(to, counted);
  if (!mayFallThrough || place != here + 1)
    a_.jmp(labels_[place]);
}

// Branches ------------------------------------------------------------------------------------------------------------

void Control::emitBranch(const llvm::BranchInst& branch) {
  const llvm::BasicBlock* from = branch.getParent();
  if (branch.isUnconditional() || branch.getSuccessor(0) == branch.getSuccessor(1))
    return emitEdge(from, branch.getSuccessor(0), true);
  const llvm::BasicBlock *yes = branch.getSuccessor(0), *no = branch.getSuccessor(1);
  if (records(Baseline::Branches))
    return emitCountedBranch(branch);
  // The way back in a loop stands right behind: it counts.
  const bool backYes = countsLoops() && plan_.isBackEdge(from, yes), backNo = countsLoops() && plan_.isBackEdge(from, no);
  const bool jumpWhenTrue =
      backYes != backNo ? backNo : flow::jumpsWhenTrue(plan_, branch, needsStub(from, yes), needsStub(from, no));
  const llvm::BasicBlock* jumpTo = jumpWhenTrue ? yes : no;
  const llvm::BasicBlock* goOn = jumpWhenTrue ? no : yes;
  families_.conditions.branch(branch.getCondition(), edgeLabel(from, jumpTo), jumpWhenTrue);
  emitEdge(from, goOn, true);
}

/// Taken and not taken, each on its way; the way back in a loop comes first. The only way back of a loop that counts by
/// itself is counted there.
void Control::emitCountedBranch(const llvm::BranchInst& branch) {
  const llvm::BasicBlock* from = branch.getParent();
  std::uint32_t counts[2];
  bool isLoop[2];
  for (unsigned way : {0u, 1u}) {
    const llvm::BasicBlock* to = branch.getSuccessor(way);
    const CountedLoop* loop = plan_.isBackEdge(from, to) ? plan_.countedLoop(plan_.place(to)) : nullptr;
    isLoop[way] = loop && loop->backEdges == 1;
    counts[way] = isLoop[way] ? families_.loops.countOf(to) : families_.counts.add();
  }
  e_.out->counts.push_back({CountSite::Kind::Branch, numberOf(branch), counts[0], counts[1]});
  const unsigned first = plan_.isBackEdge(from, branch.getSuccessor(1)) && !plan_.isBackEdge(from, branch.getSuccessor(0));
  Label other = a_.newLabel();
  families_.conditions.branch(branch.getCondition(), other, first == 1);
  for (unsigned way : {first, 1 - first}) {
    if (!isLoop[way])
      families_.counts.countOne(counts[way]);
    emitEdge(from, branch.getSuccessor(way), way != first, counts[way]);
    if (way == first)
      a_.bind(other);
  }
}

} // namespace kiln::baseline
