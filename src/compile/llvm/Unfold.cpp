// The copies of a loop's blocks. The loop is first brought into a form without values that go from block to block other
// than the static ones: all others live in allocas, of which LLVM makes values again. So blocks can be copied one by
// one.
#include "compile/llvm/Unfold.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Local.h>

#include <map>
#include <vector>

namespace kiln {
namespace {

/// Of blocks and instructions that come of one loop. A table that a person wrote has some hundred entries.
constexpr std::size_t kMostCopies = 2000, kMostInstructions = 8000;

/// By what a block's end chooses its way, or null.
llvm::Value* decisionOf(llvm::BasicBlock& block) {
  if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator()))
    return branch->isConditional() ? branch->getCondition() : nullptr;
  if (auto* choice = llvm::dyn_cast<llvm::SwitchInst>(block.getTerminator()))
    return choice->getCondition();
  return nullptr;
}

bool ofConstants(const llvm::LoadInst& load) {
  llvm::SmallVector<const llvm::Value*, 4> objects;
  llvm::getUnderlyingObjects(load.getPointerOperand(), objects);
  return llvm::all_of(objects, [](const llvm::Value* object) {
    const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(object);
    return variable && variable->isConstant() && variable->hasDefinitiveInitializer();
  });
}

class Unfolding {
public:
  Unfolding(llvm::Function& function, const llvm::Loop& loop)
      : function_(function), layout_(function.getDataLayout()), header_(loop.getHeader()),
        blocks_(loop.block_begin(), loop.block_end()), inside_(loop.block_begin(), loop.block_end()) {}
  bool run();

private:
  using Phis = llvm::SmallPtrSet<llvm::PHINode*, 4>;
  /// The values of the static phis that are alive at the start of a block.
  using State = std::map<llvm::PHINode*, llvm::Constant*>;

  bool contains(const llvm::Value* value) const {
    const auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
    return instruction && inside_.contains(instruction->getParent());
  }
  bool isStatic(const llvm::Value* value) const {
    return llvm::isa<llvm::Constant>(value) ||
           (llvm::isa<llvm::Instruction>(value) && static_.contains(llvm::cast<llvm::Instruction>(value)));
  }
  bool canCopy() const;
  bool mayBeStatic(const llvm::Instruction& instruction) const;
  void shrinkStatic();
  void dropIdleChoices();
  bool chooseStatic();
  void addPhis(llvm::Value* value, Phis& to) const;
  void addSources(Phis& phis) const;
  bool splitChoice();
  void demoteOthers();
  void findAlive();
  llvm::Constant* normal(llvm::Constant* constant) const;
  llvm::Constant* evaluate(llvm::Value* value, const State& state, std::map<llvm::Value*, llvm::Constant*>& known);
  llvm::BasicBlock* copyFor(llvm::BasicBlock* block, const State& state);
  llvm::BasicBlock* way(llvm::BasicBlock* from, llvm::BasicBlock* to, const State& state,
                        std::map<llvm::Value*, llvm::Constant*>& known);
  bool fill(llvm::BasicBlock* block, const State& state, llvm::BasicBlock* copy);
  bool copyAll();

  llvm::Function& function_;
  const llvm::DataLayout& layout_;
  llvm::BasicBlock* const header_;
  std::vector<llvm::BasicBlock*> blocks_;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 16> inside_;
  llvm::SmallPtrSet<const llvm::Instruction*, 32> static_;
  llvm::DenseMap<const llvm::BasicBlock*, Phis> alive_;
  std::map<std::pair<llvm::BasicBlock*, State>, llvm::BasicBlock*> copies_;
  std::vector<std::pair<std::pair<llvm::BasicBlock*, State>, llvm::BasicBlock*>> work_;
  std::vector<llvm::BasicBlock*> made_;
  std::size_t instructions_ = 0;
  bool failed_ = false;
};

bool Unfolding::canCopy() const {
  for (const llvm::BasicBlock* block : blocks_) {
    if (block->hasAddressTaken() || block->isEHPad() ||
        !(llvm::isa<llvm::BranchInst>(block->getTerminator()) || llvm::isa<llvm::SwitchInst>(block->getTerminator()) ||
          llvm::isa<llvm::UnreachableInst>(block->getTerminator())))
      return false;
    // Where the loop leaves to, values of invokes cannot go to memory on their way.
    for (const llvm::BasicBlock* next : llvm::successors(block))
      for (const llvm::PHINode& phi : next->phis())
        for (const llvm::Value* incoming : phi.incoming_values())
          if (llvm::isa<llvm::InvokeInst>(incoming) || llvm::isa<llvm::CallBrInst>(incoming))
            return false;
    for (const llvm::Instruction& instruction : *block) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (llvm::isa<llvm::AllocaInst>(instruction) || instruction.getType()->isTokenTy() ||
          (call && call->cannotDuplicate()))
        return false;
    }
  }
  return true;
}

bool Unfolding::mayBeStatic(const llvm::Instruction& instruction) const {
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return load->isSimple() && !load->getType()->isAggregateType() && ofConstants(*load);
  return llvm::isa<llvm::PHINode>(instruction) || llvm::isa<llvm::BinaryOperator>(instruction) ||
         llvm::isa<llvm::CastInst>(instruction) || llvm::isa<llvm::GetElementPtrInst>(instruction) ||
         llvm::isa<llvm::CmpInst>(instruction) || llvm::isa<llvm::SelectInst>(instruction) ||
         llvm::isa<llvm::FreezeInst>(instruction);
}

/// What depends on something that is not static is not.
void Unfolding::shrinkStatic() {
  for (bool changed = true; changed;) {
    changed = false;
    for (llvm::BasicBlock* block : blocks_)
      for (llvm::Instruction& instruction : *block)
        if (static_.contains(&instruction) && !llvm::all_of(instruction.operands(), [&](const llvm::Use& operand) {
              // A choice between two that are static may become a branch.
              return isStatic(operand.get()) ||
                     (llvm::isa<llvm::SelectInst>(instruction) && operand.getOperandNo() == 0);
            })) {
          static_.erase(&instruction);
          changed = true;
        }
  }
}

/// The phis that a static value follows from.
void Unfolding::addPhis(llvm::Value* value, Phis& to) const {
  llvm::SmallVector<llvm::Value*, 8> work{value};
  llvm::SmallPtrSet<llvm::Value*, 16> seen;
  while (!work.empty()) {
    llvm::Value* next = work.pop_back_val();
    auto* instruction = llvm::dyn_cast<llvm::Instruction>(next);
    if (!instruction || !static_.contains(instruction) || !seen.insert(next).second)
      continue;
    if (auto* phi = llvm::dyn_cast<llvm::PHINode>(instruction))
      to.insert(phi);
    else
      work.append(instruction->op_begin(), instruction->op_end());
  }
}

/// What they follow from in turn.
void Unfolding::addSources(Phis& phis) const {
  for (bool changed = true; changed;) {
    const std::size_t before = phis.size();
    for (llvm::PHINode* phi : Phis(phis))
      for (llvm::Value* incoming : phi->incoming_values())
        addPhis(incoming, phis);
    changed = phis.size() != before;
  }
}

/// Choices by something that is not static stay choices, unless a static phi or a decision follows from them.
void Unfolding::dropIdleChoices() {
  llvm::SmallPtrSet<const llvm::Instruction*, 16> used;
  llvm::SmallVector<llvm::Value*, 16> work;
  for (llvm::BasicBlock* block : blocks_) {
    for (llvm::PHINode& phi : block->phis())
      if (static_.contains(&phi))
        work.append(phi.op_begin(), phi.op_end());
    work.push_back(decisionOf(*block));
  }
  while (!work.empty()) {
    auto* next = llvm::dyn_cast_or_null<llvm::Instruction>(work.pop_back_val());
    if (next && static_.contains(next) && used.insert(next).second)
      work.append(next->op_begin(), next->op_end());
  }
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::Instruction& instruction : *block)
      if (auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction);
          select && !isStatic(select->getCondition()) && !used.contains(select))
        static_.erase(select);
}

/// Static is first what can be; of that, what decides where the loop goes on by what a table says.
bool Unfolding::chooseStatic() {
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::Instruction& instruction : *block)
      if (mayBeStatic(instruction))
        static_.insert(&instruction);
  shrinkStatic();
  Phis needed;
  std::vector<Phis> others;
  auto readsTable = [&](llvm::Value* value) {
    llvm::SmallVector<llvm::Value*, 8> work{value};
    llvm::SmallPtrSet<llvm::Value*, 16> seen;
    while (!work.empty()) {
      auto* next = llvm::dyn_cast<llvm::Instruction>(work.pop_back_val());
      if (!next || !static_.contains(next) || !seen.insert(next).second)
        continue;
      if (llvm::isa<llvm::LoadInst>(next))
        return true;
      work.append(next->op_begin(), next->op_end());
    }
    return false;
  };
  for (llvm::BasicBlock* block : blocks_) {
    llvm::Value* decides = decisionOf(*block);
    if (!decides || !llvm::isa<llvm::Instruction>(decides) || !isStatic(decides))
      continue;
    if (readsTable(decides))
      addPhis(decides, needed);
    else
      addPhis(decides, others.emplace_back());
  }
  addSources(needed);
  // Which way led to a place may decide as well; but not a count of rounds.
  for (Phis& phis : others) {
    addSources(phis);
    if (llvm::all_of(phis, [&](llvm::PHINode* phi) { return phi->getParent() != header_ || needed.contains(phi); }))
      needed.insert(phis.begin(), phis.end());
  }
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::PHINode& phi : block->phis())
      if (!needed.contains(&phi))
        static_.erase(&phi);
  dropIdleChoices();
  shrinkStatic();
  return llvm::any_of(header_->phis(), [&](llvm::PHINode& phi) { return static_.contains(&phi); });
}

/// Afterwards values go from one block to another only if they are static.
void Unfolding::demoteOthers() {
  // Static values that are used behind the loop are stored where they are made.
  llvm::SmallVector<llvm::Instruction*, 8> seenOutside;
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::Instruction& instruction : *block)
      if (static_.contains(&instruction) &&
          llvm::any_of(instruction.users(), [&](const llvm::User* user) { return !contains(user); }))
        seenOutside.push_back(&instruction);
  const llvm::BasicBlock::iterator top = function_.getEntryBlock().getFirstInsertionPt();
  for (llvm::Instruction* value : seenOutside) {
    auto* slot = new llvm::AllocaInst(value->getType(), layout_.getAllocaAddrSpace(), "kiln.static", top);
    llvm::SmallVector<llvm::Use*, 4> outside;
    for (llvm::Use& use : value->uses())
      if (!contains(use.getUser()))
        outside.push_back(&use);
    for (llvm::Use* use : outside) {
      auto* user = llvm::cast<llvm::Instruction>(use->getUser());
      auto* phi = llvm::dyn_cast<llvm::PHINode>(user);
      llvm::Instruction* at = phi ? phi->getIncomingBlock(*use)->getTerminator() : user;
      auto* load = new llvm::LoadInst(value->getType(), slot, "", at->getIterator());
      use->set(load);
    }
    llvm::BasicBlock::iterator behind =
        llvm::isa<llvm::PHINode>(value) ? value->getParent()->getFirstInsertionPt() : std::next(value->getIterator());
    new llvm::StoreInst(value, slot, behind);
  }
  // Phis of the blocks that the loop leaves to.
  llvm::SmallPtrSet<llvm::BasicBlock*, 8> exits;
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::BasicBlock* next : llvm::successors(block))
      if (!inside_.contains(next))
        exits.insert(next);
  llvm::SmallVector<llvm::PHINode*, 16> phis;
  for (llvm::BasicBlock* block : exits)
    for (llvm::PHINode& phi : block->phis())
      phis.push_back(&phi);
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::PHINode& phi : block->phis())
      if (!static_.contains(&phi))
        phis.push_back(&phi);
  for (llvm::PHINode* phi : phis)
    llvm::DemotePHIToStack(phi, function_.getEntryBlock().getFirstInsertionPt());
  llvm::SmallVector<llvm::Instruction*, 32> crossing;
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::Instruction& instruction : *block)
      if (!static_.contains(&instruction) && llvm::any_of(instruction.users(), [&](const llvm::User* user) {
            return llvm::cast<llvm::Instruction>(user)->getParent() != block;
          }))
        crossing.push_back(&instruction);
  for (llvm::Instruction* instruction : crossing)
    llvm::DemoteRegToStack(*instruction, false, function_.getEntryBlock().getFirstInsertionPt());
}

/// Backwards from uses: a copy is made for each set of values of what is alive, so that what is not must not tell
/// copies apart.
void Unfolding::findAlive() {
  for (bool changed = true; changed;) {
    changed = false;
    for (llvm::BasicBlock* block : llvm::reverse(blocks_)) {
      Phis alive;
      for (llvm::BasicBlock* next : llvm::successors(block)) {
        if (!inside_.contains(next))
          continue;
        for (llvm::PHINode* phi : alive_[next])
          if (phi->getParent() != next)
            alive.insert(phi);
        for (llvm::PHINode& phi : next->phis())
          addPhis(phi.getIncomingValueForBlock(block), alive);
      }
      for (llvm::Instruction& instruction : *block)
        if (!llvm::isa<llvm::PHINode>(instruction) && !static_.contains(&instruction))
          for (llvm::Value* operand : instruction.operands())
            addPhis(operand, alive);
      for (llvm::PHINode& phi : block->phis()) // whose value comes with the way in
        alive.insert(&phi);
      const std::size_t before = alive_[block].size();
      alive_[block].insert(alive.begin(), alive.end());
      changed |= alive_[block].size() != before;
    }
  }
}

/// Equal addresses must be equal constants.
llvm::Constant* Unfolding::normal(llvm::Constant* constant) const {
  if (!constant || !constant->getType()->isPointerTy() || !llvm::isa<llvm::ConstantExpr>(constant))
    return constant;
  llvm::APInt offset(layout_.getIndexTypeSizeInBits(constant->getType()), 0);
  auto* base = llvm::dyn_cast<llvm::GlobalVariable>(constant->stripAndAccumulateConstantOffsets(layout_, offset, true));
  if (!base)
    return constant;
  if (offset.isZero())
    return base;
  llvm::LLVMContext& context = constant->getContext();
  return llvm::ConstantExpr::getGetElementPtr(llvm::Type::getInt8Ty(context), base,
                                              llvm::ConstantInt::get(context, offset));
}

llvm::Constant* Unfolding::evaluate(llvm::Value* value, const State& state,
                                    std::map<llvm::Value*, llvm::Constant*>& known) {
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(value))
    return constant;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  llvm::Constant* result = nullptr;
  auto* instruction = llvm::cast<llvm::Instruction>(value);
  if (auto* phi = llvm::dyn_cast<llvm::PHINode>(instruction)) {
    auto found = state.find(phi);
    result = found != state.end() ? found->second : nullptr;
  } else {
    llvm::SmallVector<llvm::Constant*, 4> operands;
    for (llvm::Value* operand : instruction->operands())
      if (llvm::Constant* one = evaluate(operand, state, known))
        operands.push_back(one);
      else
        return nullptr;
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction))
      result = llvm::ConstantFoldLoadFromConstPtr(operands[0], load->getType(), layout_);
    else if (llvm::isa<llvm::FreezeInst>(instruction))
      result = llvm::isa<llvm::UndefValue>(operands[0]) ? nullptr : operands[0];
    else
      result = llvm::ConstantFoldInstOperands(instruction, operands, layout_);
  }
  return known[value] = normal(result);
}

llvm::BasicBlock* Unfolding::copyFor(llvm::BasicBlock* block, const State& state) {
  auto [at, isNew] = copies_.try_emplace({block, state}, nullptr);
  if (!isNew)
    return at->second;
  at->second = llvm::BasicBlock::Create(function_.getContext(), block->getName(), &function_);
  made_.push_back(at->second);
  failed_ |= made_.size() > kMostCopies;
  work_.push_back({at->first, at->second});
  return at->second;
}

/// Where an edge out of a copy leads.
llvm::BasicBlock* Unfolding::way(llvm::BasicBlock* from, llvm::BasicBlock* to, const State& state,
                                 std::map<llvm::Value*, llvm::Constant*>& known) {
  if (!inside_.contains(to))
    return to;
  State next;
  for (llvm::PHINode* phi : alive_[to]) {
    llvm::Constant* value = phi->getParent() == to ? evaluate(phi->getIncomingValueForBlock(from), state, known)
                                                   : evaluate(phi, state, known);
    failed_ |= !value;
    next[phi] = value;
  }
  return copyFor(to, next);
}

/// Behind a table's end: no run comes there.
bool neverDecided(llvm::Constant* condition, llvm::BasicBlock* copy) {
  if (!llvm::isa_and_nonnull<llvm::UndefValue>(condition))
    return false;
  new llvm::UnreachableInst(copy->getContext(), copy);
  return true;
}

bool Unfolding::fill(llvm::BasicBlock* block, const State& state, llvm::BasicBlock* copy) {
  std::map<llvm::Value*, llvm::Constant*> known;
  llvm::DenseMap<llvm::Value*, llvm::Value*> mapped;
  auto constantOf = [&](llvm::Value* value) -> llvm::Constant* {
    llvm::Constant* constant = evaluate(value, state, known);
    failed_ |= !constant;
    return constant;
  };
  for (llvm::Instruction& instruction : *block) {
    if (static_.contains(&instruction))
      continue;
    if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(&instruction);
        branch && branch->isConditional() && contains(branch->getCondition()) && isStatic(branch->getCondition())) {
      llvm::Constant* condition = constantOf(branch->getCondition());
      if (neverDecided(condition, copy))
        continue;
      const auto* taken = llvm::dyn_cast_or_null<llvm::ConstantInt>(condition);
      if (!taken)
        return false;
      llvm::BranchInst::Create(way(block, branch->getSuccessor(taken->isZero()), state, known), copy);
      continue;
    }
    if (auto* choice = llvm::dyn_cast<llvm::SwitchInst>(&instruction);
        choice && contains(choice->getCondition()) && isStatic(choice->getCondition())) {
      llvm::Constant* condition = constantOf(choice->getCondition());
      if (neverDecided(condition, copy))
        continue;
      auto* taken = llvm::dyn_cast_or_null<llvm::ConstantInt>(condition);
      if (!taken)
        return false;
      llvm::BranchInst::Create(way(block, choice->findCaseValue(taken)->getCaseSuccessor(), state, known), copy);
      continue;
    }
    llvm::Instruction* clone = instruction.clone();
    clone->insertInto(copy, copy->end());
    if (++instructions_ > kMostInstructions)
      return false;
    mapped[&instruction] = clone;
    for (llvm::Use& operand : clone->operands()) {
      llvm::Value* value = operand.get();
      if (!contains(value) || llvm::isa<llvm::BasicBlock>(value))
        continue;
      llvm::Value* becomes = isStatic(value) ? constantOf(value) : mapped.lookup(value);
      if (!becomes)
        return false;
      operand.set(becomes);
    }
    if (clone->isTerminator()) {
      clone->setMetadata(llvm::LLVMContext::MD_prof, nullptr); // of all the table's entries together
      for (unsigned i = 0; i < clone->getNumSuccessors(); ++i)
        clone->setSuccessor(i, way(block, clone->getSuccessor(i), state, known));
    }
  }
  return !failed_;
}

bool Unfolding::copyAll() {
  // From outside, with the constants that come in.
  std::vector<std::pair<llvm::BasicBlock*, llvm::BasicBlock*>> entries;
  std::map<llvm::Value*, llvm::Constant*> none;
  for (llvm::BasicBlock* from : llvm::predecessors(header_))
    if (!inside_.contains(from))
      entries.emplace_back(from, way(from, header_, {}, none));
  bool good = !failed_;
  while (good && !work_.empty()) {
    auto [what, copy] = work_.back();
    work_.pop_back();
    good = fill(what.first, what.second, copy);
  }
  if (!good) {
    for (llvm::BasicBlock* block : made_)
      block->dropAllReferences();
    for (llvm::BasicBlock* block : made_)
      block->eraseFromParent();
    return false;
  }
  for (auto [from, to] : entries)
    from->getTerminator()->replaceSuccessorWith(header_, to);
  for (llvm::BasicBlock* block : blocks_)
    block->dropAllReferences();
  for (llvm::BasicBlock* block : blocks_)
    block->eraseFromParent();
  return true;
}

/// A choice by something that is not static: two ways, and a copy for each. Whether there was one.
bool Unfolding::splitChoice() {
  llvm::SelectInst* choice = nullptr;
  for (llvm::BasicBlock* block : blocks_)
    for (llvm::Instruction& instruction : *block)
      if (auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction);
          select && static_.contains(select) && !isStatic(select->getCondition()))
        choice = select;
  if (!choice)
    return false;
  llvm::BasicBlock* first = choice->getParent();
  llvm::BasicBlock* behind = llvm::SplitBlock(first, choice->getIterator());
  auto* other = llvm::BasicBlock::Create(function_.getContext(), "", &function_, behind);
  llvm::BranchInst::Create(behind, other);
  first->getTerminator()->eraseFromParent();
  llvm::BranchInst::Create(behind, other, choice->getCondition(), first);
  auto* value = llvm::PHINode::Create(choice->getType(), 2, "", behind->begin());
  value->addIncoming(choice->getTrueValue(), first);
  value->addIncoming(choice->getFalseValue(), other);
  choice->replaceAllUsesWith(value);
  choice->eraseFromParent();
  for (llvm::BasicBlock* block : {behind, other}) {
    blocks_.push_back(block);
    inside_.insert(block);
  }
  return true;
}

bool Unfolding::run() {
  if (!canCopy())
    return false;
  do {
    static_.clear();
    if (!chooseStatic())
      return false;
  } while (splitChoice());
  demoteOthers();
  findAlive();
  return copyAll();
}

} // namespace

bool unfoldLoops(llvm::Function& function) {
  // From outside in, one in all, so that the size is bounded. What is tried and fails may have split blocks.
  for (std::size_t next = 0;; ++next) {
    llvm::DominatorTree tree(function);
    llvm::LoopInfo loops(tree);
    auto all = loops.getLoopsInPreorder();
    if (next >= all.size())
      return false;
    if (Unfolding(function, *all[next]).run())
      return true;
  }
}

} // namespace kiln
