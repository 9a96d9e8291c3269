#include "compile/llvm/EnterLoop.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/SSAUpdater.h>

namespace kiln {
namespace {

/// What the copies of one continuation may add, in instructions: a nest of loops is far smaller, an interpreter's main loop
/// larger, and the rounds under way there are not what matters.
constexpr std::size_t kLargestCopies = 2000;

using Blocks = llvm::DenseMap<llvm::BasicBlock*, llvm::BasicBlock*>;

class Entering {
public:
  Entering(llvm::BasicBlock& entry, llvm::BasicBlock& header, const std::vector<EntryValue>& values)
      : function_(*entry.getParent()), entry_(entry), header_(header), values_(values) {
    for (const EntryValue& each : values)
      atEntry_[each.value] = each.atEntry;
  }

  void copyRounds(const std::vector<EnclosingLoop>& around);
  void connect();
  void dropUnreachable();
  void rebuildPhis();
  void repairValues();
  void eraseUnreachable();

private:
  llvm::BasicBlock& target(std::size_t copy, llvm::BasicBlock& original) const;
  void repair(llvm::Value& value, llvm::Value* atEntry);

  llvm::Function& function_;
  llvm::BasicBlock& entry_;
  llvm::BasicBlock& header_;
  const std::vector<EntryValue>& values_;
  std::vector<Blocks> copies_;                         ///< by enclosing loop, innermost first: original to copy
  Blocks original_;                                    ///< of every copied block
  /// All copies with their number. Everything that changes the function goes in this order or the function's own, never in
  /// that of a hash table: the same request must give the same code.
  std::vector<std::pair<std::size_t, llvm::BasicBlock*>> made_;
  std::vector<llvm::Instruction*> multiple_;           ///< originals that have copies
  llvm::DenseMap<llvm::Instruction*, llvm::SmallVector<llvm::Instruction*, 2>> clones_;
  llvm::SmallPtrSet<llvm::BasicBlock*, 32> reachable_; ///< from the entry, at last
  llvm::DenseMap<llvm::Value*, llvm::Value*> atEntry_;
};

/// Copy k is the loop k+1 without its header: what is left of the round that is under way, the loops inside in full.
void Entering::copyRounds(const std::vector<EnclosingLoop>& around) {
  llvm::SmallPtrSet<llvm::BasicBlock*, 32> needed;
  for (llvm::BasicBlock* block : llvm::depth_first(&header_))
    needed.insert(block);
  std::vector<llvm::BasicBlock*> order;
  for (llvm::BasicBlock& block : function_)
    if (needed.contains(&block))
      order.push_back(&block);
  for (std::size_t k = 0; k + 1 < around.size(); ++k) {
    const EnclosingLoop& loop = around[k + 1];
    Blocks& copy = copies_.emplace_back();
    llvm::SmallVector<llvm::BasicBlock*, 16> sources, made;
    for (llvm::BasicBlock* block : order) {
      if (block == loop.header || !loop.blocks.contains(block))
        continue;
      llvm::ValueToValueMapTy values;
      llvm::BasicBlock* clone = llvm::CloneBasicBlock(block, values, ".round", &function_);
      copy[block] = clone;
      original_[clone] = block;
      made_.emplace_back(k, clone);
      sources.push_back(block);
      made.push_back(clone);
      for (llvm::Instruction& instruction : *block) {
        auto& list = clones_[&instruction];
        if (list.empty())
          multiple_.push_back(&instruction);
        list.push_back(llvm::cast<llvm::Instruction>(values.lookup(&instruction)));
      }
    }
    llvm::SmallVector<llvm::MDNode*, 4> scopes;
    llvm::identifyNoAliasScopesToClone(sources, scopes);
    llvm::cloneAndAdaptNoAliasScopes(scopes, made, function_.getContext(), "round");
  }
}

/// Where an edge to `original` leads from copy number `copy`: to a block of the same copy, or of the next one around it
/// that has it; at last to the original.
llvm::BasicBlock& Entering::target(std::size_t copy, llvm::BasicBlock& original) const {
  for (; copy < copies_.size(); ++copy)
    if (llvm::BasicBlock* found = copies_[copy].lookup(&original))
      return *found;
  return original;
}

void Entering::connect() {
  for (auto [k, copy] : made_) {
    llvm::Instruction* end = copy->getTerminator();
    for (unsigned i = 0; i < end->getNumSuccessors(); ++i)
      end->setSuccessor(i, &target(k, *end->getSuccessor(i)));
  }
  entry_.getTerminator()->setSuccessor(0, &target(0, header_));
}

/// Code without a way to it keeps its instructions for now, which are still named as definitions, but uses nothing.
void Entering::dropUnreachable() {
  for (llvm::BasicBlock* block : llvm::depth_first(&entry_))
    reachable_.insert(block);
  for (llvm::BasicBlock& block : function_)
    if (!reachable_.contains(&block))
      block.dropAllReferences();
}

/// Every phi, copied or not, still lists the blocks and values of the original function.
void Entering::rebuildPhis() {
  for (llvm::BasicBlock& block : function_) {
    if (!reachable_.contains(&block))
      continue;
    llvm::SmallVector<llvm::BasicBlock*, 8> from(llvm::predecessors(&block));
    for (llvm::PHINode& phi : block.phis()) {
      llvm::SmallVector<std::pair<llvm::Value*, llvm::BasicBlock*>, 8> incoming;
      for (llvm::BasicBlock* each : from) {
        llvm::BasicBlock* as = original_.lookup(each);
        if (each == &entry_) {
          llvm::BasicBlock* home = original_.lookup(&block);
          llvm::PHINode* known = &phi;
          if (home) // the phi's place tells which it is a copy of
            known = llvm::cast<llvm::PHINode>(&*std::next(home->begin(), std::distance(block.begin(), phi.getIterator())));
          incoming.emplace_back(atEntry_.lookup(known), each);
        } else {
          incoming.emplace_back(phi.getIncomingValueForBlock(as ? as : each), each);
        }
      }
      while (phi.getNumIncomingValues() != 0)
        phi.removeIncomingValue(phi.getNumIncomingValues() - 1, /*DeletePHIIfEmpty=*/false);
      for (auto [value, each] : incoming)
        phi.addIncoming(value, each);
    }
  }
}

/// All uses still name the original. Each gets the definition that reaches it, phis where several do.
void Entering::repair(llvm::Value& value, llvm::Value* atEntry) {
  auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
  llvm::SmallVector<llvm::Value*, 4> definitions;
  llvm::DenseMap<llvm::BasicBlock*, llvm::Instruction*> inBlock;
  auto define = [&](llvm::Instruction* each) {
    if (!reachable_.contains(each->getParent()))
      return;
    definitions.push_back(each);
    inBlock[each->getParent()] = each;
  };
  if (atEntry)
    definitions.push_back(atEntry);
  if (instruction) {
    define(instruction);
    if (auto clones = clones_.find(instruction); clones != clones_.end())
      for (llvm::Instruction* clone : clones->second)
        define(clone);
  }
  if (definitions.empty() || value.use_empty())
    return;
  if (definitions.size() == 1) {
    if (definitions[0] != &value)
      value.replaceAllUsesWith(definitions[0]);
    return;
  }
  llvm::SSAUpdater updater;
  updater.Initialize(value.getType(), value.getName());
  if (atEntry)
    updater.AddAvailableValue(&entry_, atEntry);
  for (auto [block, each] : inBlock)
    updater.AddAvailableValue(block, each);
  llvm::SmallVector<llvm::Use*, 16> uses;
  for (llvm::Use& use : value.uses())
    uses.push_back(&use);
  for (llvm::Use* use : uses) {
    auto* user = llvm::cast<llvm::Instruction>(use->getUser());
    // In its own block the definition comes first.
    if (llvm::Instruction* own = inBlock.lookup(user->getParent()); own && !llvm::isa<llvm::PHINode>(user))
      use->set(own);
    else
      updater.RewriteUse(*use);
  }
}

void Entering::repairValues() {
  llvm::SmallPtrSet<llvm::Value*, 32> done;
  for (const EntryValue& each : values_) {
    auto* phi = llvm::dyn_cast<llvm::PHINode>(each.value);
    // The header's phis took their values in themselves.
    repair(*each.value, phi && phi->getParent() == &header_ ? nullptr : each.atEntry);
    done.insert(each.value);
  }
  for (llvm::Instruction* instruction : multiple_)
    if (!instruction->getType()->isVoidTy() && !done.contains(instruction))
      repair(*instruction, nullptr);
}

void Entering::eraseUnreachable() {
  std::vector<llvm::BasicBlock*> dead;
  for (llvm::BasicBlock& block : function_)
    if (!reachable_.contains(&block))
      dead.push_back(&block);
  for (llvm::BasicBlock* block : dead)
    block->eraseFromParent();
}

} // namespace

std::vector<EnclosingLoop> loopsAround(llvm::Function& function, llvm::BasicBlock& header) {
  llvm::DominatorTree dominators(function);
  llvm::LoopInfo loops(dominators);
  std::vector<EnclosingLoop> around;
  std::size_t copied = 0;
  const llvm::Loop* loop = loops.getLoopFor(&header);
  if (!loop || loop->getHeader() != &header)
    return around;
  for (; loop; loop = loop->getParentLoop()) {
    EnclosingLoop& found = around.emplace_back();
    found.header = loop->getHeader();
    found.blocks.insert(loop->block_begin(), loop->block_end());
    if (around.size() > 1)
      for (const llvm::BasicBlock* block : loop->blocks())
        copied += block->size();
    if (copied > kLargestCopies) {
      around.pop_back();
      break;
    }
  }
  return around;
}

void enterLoop(llvm::BasicBlock& entry, llvm::BasicBlock& header, const std::vector<EntryValue>& values,
               const std::vector<EnclosingLoop>& around) {
  Entering entering(entry, header, values);
  entering.copyRounds(around);
  entering.connect();
  entering.dropUnreachable();
  entering.rebuildPhis();
  entering.repairValues();
  entering.eraseUnreachable();
}

} // namespace kiln
