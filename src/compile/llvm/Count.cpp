#include "compile/llvm/Transform.h"

#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

namespace kiln {
namespace {

constexpr unsigned kCallsField = 0, kLoopsField = 1;

/// Inserts counting into one function.
class Counting {
public:
  Counting(Unit& unit, Tier tier) : unit_(unit), function_(*unit.function), fast_(tier == Tier::O0) {}
  void run();

private:
  struct Step {
    llvm::Instruction* before;
    unsigned index;
  };

  void countEntry();
  void countLoops();
  void countLoop(llvm::Loop& loop, llvm::ScalarEvolution& evolution, llvm::DominatorTree& dominators,
                 llvm::LoopInfo& loops);
  bool countAtStart(llvm::Loop& loop, llvm::ScalarEvolution& evolution, llvm::DominatorTree& dominators,
                    llvm::LoopInfo& loops);
  void countInRegister(llvm::Loop& loop);
  static bool isLarge(const llvm::Loop& loop);
  void countOne(llvm::Instruction* before, unsigned index);
  void subtract(llvm::IRBuilder<>& builder, unsigned index, llvm::Value* amount);
  void emitStep(const Step& step, llvm::Function* spent);
  void emitCheck(llvm::Instruction* left, llvm::Function* spent);

  Unit& unit_;
  llvm::Function& function_;
  /// The fast code generator makes seven instructions of a decrement and its check; there both are assembly.
  const bool fast_;
  llvm::GlobalVariable* counters_ = nullptr;
  std::vector<Step> steps_; ///< counts of one, to be put in as assembly
  /// The new budgets; behind the store of each stands a check that it is not below zero.
  std::vector<llvm::Instruction*> checks_;
};

void Counting::run() {
  if (function_.hasFnAttribute(llvm::Attribute::Naked))
    return;
  llvm::Module& module = *unit_.module;
  auto* word = llvm::Type::getInt64Ty(module.getContext());
  std::string name = kilnSymbolName(KilnSymbol::Counters, unit_.id, unit_.readable);
  counters_ = new llvm::GlobalVariable(module, llvm::ArrayType::get(word, 2), false,
                                       llvm::GlobalValue::ExternalLinkage, nullptr, name);
  counters_->setDSOLocal(true);
  counters_->setAlignment(llvm::Align(16));
  countLoops();
  if (unit_.loop == kNoLoop) // entering a continuation is no call
    countEntry();

  // Checks last: they split blocks, which would invalidate the loops.
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()),
                                       {llvm::PointerType::get(module.getContext(), 0)}, false);
  auto* spent = llvm::cast<llvm::Function>(
      module.getOrInsertFunction(llvm::StringRef(kBudgetSpentSymbol.data(), kBudgetSpentSymbol.size()), type).getCallee());
  spent->setCallingConv(llvm::CallingConv::PreserveAll);
  spent->addFnAttr(llvm::Attribute::Cold);
  spent->addFnAttr(llvm::Attribute::NonLazyBind);
  spent->setDoesNotThrow();
  for (llvm::Instruction* left : checks_)
    emitCheck(left, spent);
  for (const Step& step : steps_)
    emitStep(step, spent);
}

void Counting::emitCheck(llvm::Instruction* left, llvm::Function* spent) {
  llvm::MDNode* unlikely = llvm::MDBuilder(function_.getContext()).createBranchWeights(1, 1u << 20);
  llvm::IRBuilder<> builder(left->getNextNode()->getNextNode()); // behind the store
  llvm::Value* below = builder.CreateICmpSLT(left, builder.getInt64(0));
  llvm::Instruction* cold = llvm::SplitBlockAndInsertIfThen(below, builder.GetInsertPoint(), false, unlikely);
  builder.SetInsertPoint(cold);
  builder.CreateCall(spent, {counters_})->setCallingConv(llvm::CallingConv::PreserveAll);
}

/// `decq counter; js cold` as one terminator.
void Counting::emitStep(const Step& step, llvm::Function* spent) {
  llvm::BasicBlock* head = step.before->getParent();
  llvm::BasicBlock* rest = llvm::SplitBlock(head, step.before);
  auto* cold = llvm::BasicBlock::Create(function_.getContext(), "kiln.spent", &function_);
  llvm::IRBuilder<> builder(cold);
  builder.CreateCall(spent, {counters_})->setCallingConv(llvm::CallingConv::PreserveAll);
  builder.CreateBr(rest);
  head->getTerminator()->eraseFromParent();
  builder.SetInsertPoint(head);
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto* text = llvm::InlineAsm::get(type, "decq $0\n\tjs ${1:l}", "*m,!i,~{memory},~{dirflag},~{fpsr},~{flags}",
                                    /*hasSideEffects=*/true);
  llvm::Value* at = builder.CreateConstInBoundsGEP2_64(counters_->getValueType(), counters_, 0, step.index);
  llvm::CallBrInst* jump = builder.CreateCallBr(type, text, rest, {cold}, {at});
  jump->addParamAttr(0, llvm::Attribute::get(function_.getContext(), llvm::Attribute::ElementType, builder.getInt64Ty()));
}

void Counting::countOne(llvm::Instruction* before, unsigned index) {
  if (fast_) {
    steps_.push_back({before, index});
    return;
  }
  llvm::IRBuilder<> builder(before);
  subtract(builder, index, builder.getInt64(1));
}

void Counting::subtract(llvm::IRBuilder<>& builder, unsigned index, llvm::Value* amount) {
  llvm::Value* at = builder.CreateConstInBoundsGEP2_64(counters_->getValueType(), counters_, 0, index);
  llvm::Value* old = builder.CreateAlignedLoad(builder.getInt64Ty(), at, llvm::Align(8));
  llvm::Value* left = builder.CreateSub(old, amount);
  builder.CreateAlignedStore(left, at, llvm::Align(8));
  checks_.push_back(llvm::cast<llvm::Instruction>(left));
}

void Counting::countEntry() {
  // After the allocas, which must stay in the entry block to be static.
  llvm::BasicBlock& entry = function_.getEntryBlock();
  auto at = entry.getFirstNonPHIOrDbgOrAlloca();
  countOne(&*at, kCallsField);
}

void Counting::countLoops() {
  llvm::DominatorTree dominators(function_);
  llvm::LoopInfo loops(dominators);
  if (loops.empty())
    return;
  llvm::AssumptionCache assumptions(function_);
  llvm::TargetLibraryInfoImpl libraryImpl(llvm::Triple(unit_.module->getTargetTriple()));
  llvm::TargetLibraryInfo library(libraryImpl, &function_);
  llvm::ScalarEvolution evolution(function_, library, assumptions, dominators, loops);
  for (llvm::Loop* top : loops)
    llvm::simplifyLoop(top, &dominators, &loops, &evolution, &assumptions, nullptr, false);
  for (llvm::Loop* loop : loops.getLoopsInPreorder())
    countLoop(*loop, evolution, dominators, loops);
}

void Counting::countLoop(llvm::Loop& loop, llvm::ScalarEvolution& evolution, llvm::DominatorTree& dominators,
                         llvm::LoopInfo& loops) {
  if (!loop.getLoopPreheader() || !loop.getLoopLatch())
    return; // irregular control flow: its other loops and the entry still count
  if (countAtStart(loop, evolution, dominators, loops))
    return;
  // What a loop counts in a register is seen when it is left. A loop that does much in a round may never be left soon
  // (an interpreter's), and its functions are called meanwhile: it is asked at every back-edge.
  if (fast_ || isLarge(loop))
    countOne(loop.getLoopLatch()->getTerminator(), kLoopsField);
  else
    countInRegister(loop);
}

bool Counting::isLarge(const llvm::Loop& loop) {
  constexpr std::size_t kLargeLoop = 50; // instructions
  std::size_t size = 0;
  for (const llvm::BasicBlock* block : loop.blocks())
    if ((size += block->size()) >= kLargeLoop)
      return true;
  return false;
}

bool Counting::countAtStart(llvm::Loop& loop, llvm::ScalarEvolution& evolution, llvm::DominatorTree& dominators,
                            llvm::LoopInfo& loops) {
  const llvm::SCEV* trips = evolution.getBackedgeTakenCount(&loop);
  if (llvm::isa<llvm::SCEVCouldNotCompute>(trips) || trips->getType()->getIntegerBitWidth() > 64)
    return false;
  llvm::SCEVExpander expander(evolution, unit_.module->getDataLayout(), "kiln.trips");
  llvm::Instruction* at = loop.getLoopPreheader()->getTerminator();
  auto* word = llvm::Type::getInt64Ty(function_.getContext());
  const llvm::SCEV* count = evolution.getNoopOrZeroExtend(trips, word);
  if (!expander.isSafeToExpandAt(count, at) || count->getExpressionSize() > 12)
    return false;
  llvm::Value* amount = expander.expandCodeFor(count, word, at);
  llvm::IRBuilder<> builder(at);
  subtract(builder, kLoopsField, amount);
  return true;
}

void Counting::countInRegister(llvm::Loop& loop) {
  llvm::BasicBlock* header = loop.getHeader();
  llvm::BasicBlock* latch = loop.getLoopLatch();
  llvm::IRBuilder<> builder(header, header->begin());
  auto* count = builder.CreatePHI(builder.getInt64Ty(), 2, "kiln.loops");
  count->addIncoming(builder.getInt64(0), loop.getLoopPreheader());
  builder.SetInsertPoint(latch->getTerminator());
  llvm::Value* next = builder.CreateAdd(count, builder.getInt64(1));
  count->addIncoming(next, latch);
  // The exits are dedicated after simplifyLoop, so the header's count dominates them. Landing pads cannot take code
  // first; what an exception leaves uncounted does not matter.
  llvm::SmallVector<llvm::BasicBlock*, 8> exits;
  loop.getUniqueExitBlocks(exits);
  for (llvm::BasicBlock* exit : exits) {
    if (exit->isEHPad())
      continue;
    bool dedicated = true;
    for (llvm::BasicBlock* from : llvm::predecessors(exit))
      dedicated &= loop.contains(from);
    if (!dedicated || exit->getFirstInsertionPt() == exit->end())
      continue;
    builder.SetInsertPoint(exit, exit->getFirstInsertionPt());
    subtract(builder, kLoopsField, count);
  }
}

} // namespace

void countUnit(Unit& unit, Tier tier) { Counting(unit, tier).run(); }

} // namespace kiln
