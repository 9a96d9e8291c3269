// The ends of blocks: branches, moves on edges, switches, returns, invokes.
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>

#include <utility>

#include "flow/Branches.h"
#include "flow/Sequence.h"
#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {
namespace {

Predicate inverse(Predicate predicate) {
  using enum Predicate;
  switch (predicate) {
  case Eq: return Ne;
  case Ne: return Eq;
  case Ugt: return Ule;
  case Uge: return Ult;
  case Ult: return Uge;
  case Ule: return Ugt;
  case Sgt: return Sle;
  case Sge: return Slt;
  case Slt: return Sge;
  default: return Sgt;
  }
}

} // namespace

void Decoder::decodeTerminator(const llvm::Instruction& instruction) {
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Ret: return decodeReturn(llvm::cast<llvm::ReturnInst>(instruction));
  case llvm::Instruction::Br: return decodeBranch(llvm::cast<llvm::BranchInst>(instruction));
  case llvm::Instruction::Switch: return decodeSwitch(llvm::cast<llvm::SwitchInst>(instruction));
  case llvm::Instruction::Invoke: return decodeInvoke(llvm::cast<llvm::InvokeInst>(instruction));
  case llvm::Instruction::Unreachable: emit(unreachable()); return;
  case llvm::Instruction::Resume: {
    std::uintptr_t unwind = environment_.runtimeAddress("_Unwind_Resume");
    if (!unwind)
      refuse("resume, but the process has no unwinder");
    emit(resume(), 0, word(instruction.getOperand(0)));
    append(unwind);
    return;
  }
  default: refuse(std::string("instruction ") + instruction.getOpcodeName());
  }
}

LoopHeader& Decoder::headerOf(const llvm::BasicBlock* block) {
  std::uint32_t number = layout_.blockNumber(block);
  auto [at, fresh] = headers_.try_emplace(number, static_cast<std::uint32_t>(out_->headers.size()));
  if (fresh) {
    auto header = std::make_unique<LoopHeader>();
    header->block = number;
    header->entry = self_;
    out_->headers.push_back(std::move(header));
  }
  return *out_->headers[at->second];
}

void Decoder::appendLoop(const llvm::BasicBlock* header) {
  append(reinterpret_cast<Word>(&self_->counters->loops));
  append(reinterpret_cast<Word>(&headerOf(header)));
}

bool Decoder::hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  if (!llvm::isa<llvm::PHINode>(to->front()))
    return false;
  for (const llvm::PHINode& phi : to->phis()) {
    if (phi.use_empty())
      continue;
    std::uint32_t value = layout_.numberOf(phiEdges_.incoming(phi, from));
    if (value == kNone || layout_.wordOf(value) != layout_.wordOf(&phi))
      return true;
  }
  return false;
}

/// All phis of a block get their values at once. What is undefined comes in as zero: programs are known to depend on two
/// undefined values being alike.
void Decoder::emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  llvm::SmallVector<Step, 8> steps, ordered;
  llvm::SmallVector<std::pair<std::uint16_t, Word>, 8> constants;
  for (const llvm::PHINode& phi : to->phis()) {
    if (phi.use_empty())
      continue;
    const llvm::Value* value = phiEdges_.incoming(phi, from);
    std::uint32_t number = layout_.numberOf(&phi);
    for (unsigned i = 0; i < layout_.stateOf(number).words; ++i) {
      auto target = static_cast<std::uint16_t>(layout_.wordOf(number) + i);
      Operand source = operand(value, i);
      if (source.constant)
        constants.emplace_back(target, source.k);
      else if (source.word != target)
        steps.push_back({target, source.word});
    }
  }
  if (steps.size() > 1)
    orderSteps(steps, ordered);
  else
    ordered = steps;
  std::size_t i = 0;
  for (; i + 1 < ordered.size(); i += 2)
    emit(moveTwo(), ordered[i].to, ordered[i].from, ordered[i + 1].to, ordered[i + 1].from);
  if (i < ordered.size())
    emit(move(), ordered[i].to, ordered[i].from);
  for (auto [target, value] : constants)
    emitConstant(target, value);
}

void Decoder::orderSteps(llvm::SmallVectorImpl<Step>& steps, llvm::SmallVectorImpl<Step>& ordered) {
  std::vector<flow::PlaceUse>& uses = memory_.wordUses;
  if (uses.size() < top_)
    uses.resize(top_);
  flow::inSequence(
      llvm::MutableArrayRef<Step>(steps), [&](std::uint16_t word) -> flow::PlaceUse& { return uses[word]; },
      [&](const Step& step) { ordered.push_back(step); },
      [&](const Step& step) {
        std::uint16_t kept = temporary();
        if (uses.size() < top_)
          uses.resize(top_);
        ordered.push_back({kept, step.to});
        return kept;
      });
  for (const Step& step : steps)
    uses[step.to] = {};
}

Decoder::Label Decoder::edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool moves, bool& loop) {
  loop = false;
  if (moves)
    return stubLabel(from, to);
  loop = options_.loops && layout_.isBackEdge(from, to);
  return layout_.place(to);
}

void Decoder::emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough) {
  if (llvm::isa<llvm::PHINode>(to->front()))
    emitEdgeMoves(from, to);
  std::uint32_t here = layout_.place(from), target = layout_.place(to);
  if (mayFallThrough && target == here + 1)
    return;
  bool back = target <= here;
  BranchForm form{false, back && options_.loops, records(Recorder::Branches)};
  std::uint32_t op = 0;
  if (lastOp_ != ~0u && at(lastOp_)->run == moveTwo()) {
    at(lastOp_)->run = moveTwoJump(form);
    append(0);
    if (form.loop)
      appendLoop(to);
    fixup(FixupKind::Constant, target, lastOp_);
    return;
  }
  if (lastOp_ != ~0u && at(lastOp_)->run == move()) {
    Op* last = at(lastOp_);
    std::uint16_t d = last->d, a = last->a;
    code_.resize(lastOp_ / sizeof(Word));
    op = emitOffset(moveJump(form), d, a, 0);
  } else {
    op = emitOffset(jump(form), 0, 0, 0);
  }
  if (form.loop)
    appendLoop(to);
  fixup(FixupKind::Offset, target, op);
}

Decoder::Label Decoder::stubLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to) {
  auto [known, fresh] = memory_.stubLabels.try_emplace({from, to}, 0);
  if (fresh) {
    known->second = newLabel();
    memory_.stubs.push_back({known->second, from, to});
  }
  return known->second;
}

/// Behind all blocks, where they are in nobody's way.
void Decoder::emitStubs() {
  for (const DecodeMemory::EdgeStub& stub : memory_.stubs) {
    bind(stub.label);
    emitEdge(stub.from, stub.to, false);
    releaseTemporaries();
  }
}

void Decoder::decodeBranch(const llvm::BranchInst& branch) {
  const llvm::BasicBlock* from = branch.getParent();
  if (branch.isUnconditional() || branch.getSuccessor(0) == branch.getSuccessor(1))
    return emitEdge(from, branch.getSuccessor(0), true);
  const llvm::BasicBlock *yes = branch.getSuccessor(0), *no = branch.getSuccessor(1);
  const bool movesYes = hasMoves(from, yes), movesNo = hasMoves(from, no);
  const bool jumpWhenTrue = flow::jumpsWhenTrue(layout_, branch, movesYes, movesNo);
  const llvm::BasicBlock* jumpTo = jumpWhenTrue ? yes : no;
  const llvm::BasicBlock* goOn = jumpWhenTrue ? no : yes;
  emitConditional(branch, jumpTo, jumpWhenTrue ? movesYes : movesNo, jumpWhenTrue);
  lastOp_ = ~0u;
  emitEdge(from, goOn, true);
}

void Decoder::emitConditional(const llvm::BranchInst& branch, const llvm::BasicBlock* target, bool moves, bool whenTrue) {
  BranchForm form;
  form.count = records(Recorder::Branches);
  Label label = edgeLabel(branch.getParent(), target, moves, form.loop);
  const llvm::Value* condition = branch.getCondition();
  std::uint32_t op = 0;
  const auto* compare = llvm::dyn_cast<llvm::CmpInst>(condition);
  bool folded = compare && layout_.isFolded(compare);
  if (folded && llvm::isa<llvm::ICmpInst>(compare)) {
    Predicate predicate = predicateOf(compare->getPredicate());
    if (!whenTrue)
      predicate = inverse(predicate);
    const llvm::Value* left = compare->getOperand(0);
    Width width = widthOf(left->getType());
    const auto* test = llvm::dyn_cast<llvm::Instruction>(left);
    if (test && isBitTest(*test) && layout_.isFolded(test)) {
      form.constant = true;
      Operand x = operand(test->getOperand(0));
      op = emitOffset(branchBits(predicate == Predicate::Eq, width, form), word(x), 0, 0);
      append(operand(test->getOperand(1)).k);
    } else if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(left); load && layout_.isFolded(load)) {
      Address address = resolve(load->getPointerOperand());
      op = emitOffset(branchLoading(predicate, width, form), address.base, static_cast<std::uint16_t>(address.offset), 0);
      append(operand(compare->getOperand(1)).k);
    } else {
      Operand a = operand(left), b = operand(compare->getOperand(1));
      if (a.constant && !b.constant) {
        std::swap(a, b);
        predicate = predicateOf(llvm::CmpInst::getSwappedPredicate(compare->getPredicate()));
        if (!whenTrue)
          predicate = inverse(predicate);
      }
      form.constant = b.constant;
      std::uint16_t x = word(a);
      if (!fuseStep(predicate, width, form, x, b, op))
        op = emitOffset(branchInt(predicate, width, form), x, b.constant ? 0 : b.word, 0);
      if (b.constant)
        append(b.k);
    }
  } else if (folded) {
    auto predicate = static_cast<unsigned>(compare->getPredicate());
    if (!whenTrue)
      predicate = static_cast<unsigned>(compare->getInversePredicate());
    Operand a = operand(compare->getOperand(0)), b = operand(compare->getOperand(1));
    form.constant = b.constant;
    std::uint16_t x = word(a);
    op = emitOffset(branchFloat(predicate, floatTypeOf(compare->getOperand(0)->getType()), form), x,
                    b.constant ? 0 : b.word, 0);
    if (b.constant)
      append(b.k);
  } else {
    op = emitOffset(branchBit(whenTrue, form), word(condition), 0, 0);
  }
  if (form.loop)
    appendLoop(target);
  if (form.count) {
    if (form.loop)
      headerOf(target).counts.push_back(here());
    out_->branches.push_back({numberOf(branch), here(), whenTrue});
    append(0);
    append(0);
  }
  fixup(FixupKind::Offset, label, op);
}

/// x was just made by adding a constant: one op for both.
bool Decoder::fuseStep(Predicate predicate, Width width, BranchForm form, std::uint16_t x, Operand right, std::uint32_t& offset) {
  if (lastOp_ == ~0u)
    return false;
  Op* last = at(lastOp_);
  if (last->run != intBinary(IntOp::Add, width, Form::RK) || last->d != x || (!right.constant && right.word == x))
    return false;
  Word step = last->k[0];
  std::uint16_t from = last->a;
  if (from != x) {
    auto wide = static_cast<std::int64_t>(step << (64 - (8u << width))) >> (64 - (8u << width));
    if (wide != (wide << 16 >> 16))
      return false;
    step = static_cast<Word>(wide) << 16 | from;
  }
  code_.resize(lastOp_ / sizeof(Word));
  offset = emitOffset(from == x ? stepBranch(predicate, width, form) : stepFromBranch(predicate, width, form), x,
                      right.constant ? 0 : right.word, 0);
  append(step);
  return true;
}

void Decoder::decodeSwitch(const llvm::SwitchInst& choice) {
  const llvm::BasicBlock* from = choice.getParent();
  if (choice.getNumCases() == 0)
    return emitEdge(from, choice.getDefaultDest(), true);
  const llvm::Value* condition = choice.getCondition();
  if (condition->getType()->getIntegerBitWidth() > 64)
    refuse("switch over an integer of more than 64 bits");
  const std::vector<flow::SwitchCase> entries = flow::casesOf(choice);
  auto table = std::make_unique<SwitchTable>();
  SwitchSite site;
  site.value = numberOf(choice);
  site.table = table.get();
  site.caseCount = choice.getNumCases();
  Width width = widthOf(condition->getType());
  const bool dense = flow::isDense(entries);
  std::uint16_t value = word(condition);
  std::uint32_t op = emit(dense ? switchDense(width) : switchSparse(width), 0, value);
  append(reinterpret_cast<Word>(table.get()));
  bool loop = false;
  // Every case is a jump of the table, so an edge back to a loop header needs a stub that counts.
  auto labelOf = [&](const llvm::BasicBlock* to) {
    return layout_.isBackEdge(from, to) ? stubLabel(from, to) : edgeLabel(from, to, hasMoves(from, to), loop);
  };
  llvm::DenseMap<const llvm::BasicBlock*, Label> labels;
  auto remembered = [&](const llvm::BasicBlock* to) {
    auto [known, fresh] = labels.try_emplace(to, 0);
    if (fresh)
      known->second = labelOf(to);
    return labels.lookup(to);
  };
  auto point = [&](SwitchTable::Case& at, const llvm::BasicBlock* to) {
    fixup(FixupKind::Case, remembered(to), op, 0, &at.offset);
  };
  point(table->otherwise, choice.getDefaultDest());
  if (dense) {
    const std::uint64_t span = entries.back().value - entries.front().value;
    table->low = entries.front().value;
    table->dense = span + 1;
    table->cases.resize(span + 1);
    site.cases.assign(span + 1, 0);
    std::size_t next = 0;
    for (std::uint64_t i = 0; i <= span; ++i) {
      bool hit = next < entries.size() && entries[next].value == table->low + i;
      point(table->cases[i], hit ? entries[next].to : choice.getDefaultDest());
      if (hit)
        site.cases[i] = entries[next++].number;
    }
  } else {
    table->sorted = entries.size();
    table->cases.resize(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      table->values.push_back(entries[i].value);
      point(table->cases[i], entries[i].to);
      site.cases.push_back(entries[i].number);
    }
  }
  if (records(Recorder::Switches))
    out_->switchSites.push_back(std::move(site));
  out_->switches.push_back(std::move(table));
}

void Decoder::decodeReturn(const llvm::ReturnInst& leave) {
  const llvm::Value* value = leave.getReturnValue();
  unsigned words = value ? wordsOf(value->getType()) : 0;
  if (words == 0) {
    emit(returnVoid());
    return;
  }
  if (words == 1) {
    Operand result = operand(value);
    if (!result.constant) {
      emit(returnWord(), 0, result.word);
      return;
    }
    emit(returnConstant());
    append(result.k);
    return;
  }
  emit(returnWords(), 0, wordsFor(value, words), 0, words);
}

void Decoder::decodeInvoke(const llvm::InvokeInst& call) {
  const llvm::LandingPadInst* pad = call.getUnwindDest()->getLandingPadInst();
  if (!pad)
    refuse("invoke without a landing pad of the Itanium kind");
  const llvm::BasicBlock* from = call.getParent();
  std::uint16_t pair = layout_.state(pad).words == 2 ? layout_.wordOf(pad) : temporary(2);
  std::uint32_t op = emitOffset(invoke(), pair, 0, 0);
  append(0);
  append(0);
  invokes_.push_back({op, flow::siteOf(*pad, [&](const llvm::Constant* type) { return types_.indexOf(constantWord(type)); })});
  if (llvm::isa<llvm::IntrinsicInst>(call) && !llvm::cast<llvm::IntrinsicInst>(call).isAssumeLikeIntrinsic())
    decodeIntrinsic(llvm::cast<llvm::IntrinsicInst>(call));
  else
    decodeCall(call);
  emit(invokeEnd());
  at(op)->k[1] = here() - op;
  bool loop = false;
  const llvm::BasicBlock* to = call.getUnwindDest();
  Label unwind = layout_.isBackEdge(from, to) ? stubLabel(from, to) : edgeLabel(from, to, hasMoves(from, to), loop);
  fixup(FixupKind::Offset, unwind, op);
  lastOp_ = ~0u;
  emitEdge(from, call.getNormalDest(), true);
}

} // namespace kiln::interp
