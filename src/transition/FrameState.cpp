#include "transition/FrameState.h"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <algorithm>
#include <utility>

#include "abi/Leaves.h"

namespace kiln {

FunctionNumbers::FunctionNumbers(const llvm::Function& function) : function_(function) {
  auto number = [this](const llvm::Value& value) {
    valueNumbers_[&value] = static_cast<std::uint32_t>(values_.size());
    values_.push_back(&value);
  };
  for (const llvm::Argument& argument : function.args())
    number(argument);
  for (const llvm::BasicBlock& block : function) {
    blockNumbers_[&block] = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back(&block);
    for (const llvm::Instruction& instruction : block)
      number(instruction);
  }
}

namespace {

/// A value that is live into the header is defined in a block that dominates it, or is an argument. The dominators form
/// a chain: the entry is 0, the header's immediate dominator n-1, the header itself n. Whether a value of dominator i
/// is live depends on the blocks that can be reached from the header without passing i. Passing a dominator above i (a
/// smaller number) leads to no use that is not behind i again, so one number per block answers for all i: the largest k
/// so that some way from the header leads through no dominator below k. Its values of dominators below k are live.
class Liveness {
public:
  Liveness(const FunctionNumbers& numbers, const llvm::BasicBlock& header) : numbers_(numbers), header_(header) {}
  bool findChain();
  void walk();
  std::vector<std::uint32_t> liveNumbers();

private:
  static constexpr int kUnreached = -1, kNotOnChain = -1;

  void use(const llvm::Value& value, int level);
  void phiUses(const llvm::BasicBlock& block);
  int level(const llvm::BasicBlock& block) const { return levels_[numbers_.of(block)]; }

  const FunctionNumbers& numbers_;
  const llvm::BasicBlock& header_;
  std::vector<int> chain_;  ///< by block: its place among the header's dominators
  std::vector<int> levels_; ///< by block: the k from above
  std::vector<bool> live_;  ///< by value
  int headerPlace_ = 0;
};

bool Liveness::findChain() {
  // The tree's nodes are not changed, but its constructor wants to be able to.
  llvm::DominatorTree tree(const_cast<llvm::Function&>(numbers_.function()));
  const auto* node = tree.getNode(&header_);
  if (!node || !node->getIDom())
    return false;
  headerPlace_ = static_cast<int>(node->getLevel());
  chain_.assign(numbers_.blockCount(), kNotOnChain);
  for (; node; node = node->getIDom())
    chain_[numbers_.of(*node->getBlock())] = static_cast<int>(node->getLevel());
  return true;
}

/// Blocks by falling level: each is reached first at its highest, and then done with.
void Liveness::walk() {
  levels_.assign(numbers_.blockCount(), kUnreached);
  std::vector<std::vector<const llvm::BasicBlock*>> waiting(static_cast<std::size_t>(headerPlace_) + 1);
  waiting.back().push_back(&header_);
  for (int at = headerPlace_; at >= 0; --at) {
    auto& blocks = waiting[static_cast<std::size_t>(at)];
    while (!blocks.empty()) {
      const llvm::BasicBlock* block = blocks.back();
      blocks.pop_back();
      int& known = levels_[numbers_.of(*block)];
      if (known != kUnreached)
        continue;
      known = at;
      for (const llvm::BasicBlock* next : llvm::successors(block)) {
        int place = chain_[numbers_.of(*next)];
        int reached = place == kNotOnChain ? at : std::min(at, place);
        if (levels_[numbers_.of(*next)] == kUnreached)
          waiting[static_cast<std::size_t>(reached)].push_back(next);
      }
    }
  }
}

/// A use in code of this level. Values of the header's own instructions are never live into it: every way to their uses
/// passes them.
void Liveness::use(const llvm::Value& value, int level) {
  if (llvm::isa<llvm::Argument>(value)) {
    live_[numbers_.of(value)] = true;
  } else if (const auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value)) {
    int place = chain_[numbers_.of(*instruction->getParent())];
    if (place != kNotOnChain && place < level)
      live_[numbers_.of(value)] = true;
  }
}

/// A phi uses its value at the end of the block that it comes from.
void Liveness::phiUses(const llvm::BasicBlock& block) {
  for (const llvm::PHINode& phi : block.phis())
    for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
      if (int from = level(*phi.getIncomingBlock(i)); from != kUnreached)
        use(*phi.getIncomingValue(i), from);
}

std::vector<std::uint32_t> Liveness::liveNumbers() {
  live_.assign(numbers_.valueCount(), false);
  for (const llvm::PHINode& phi : header_.phis())
    live_[numbers_.of(phi)] = true;
  for (const llvm::BasicBlock& block : numbers_.function()) {
    int at = level(block);
    if (at == kUnreached)
      continue;
    phiUses(block);
    for (const llvm::Instruction& instruction : block)
      if (!llvm::isa<llvm::PHINode>(instruction))
        for (const llvm::Use& operand : instruction.operands())
          use(*operand, at);
  }
  std::vector<std::uint32_t> found;
  for (std::uint32_t number = 0; number < live_.size(); ++number)
    if (live_[number])
      found.push_back(number);
  return found;
}

} // namespace

namespace {

/// The values as words, in order.
std::expected<FrameState, std::string> layOut(const FunctionNumbers& numbers, llvm::ArrayRef<std::uint32_t> live) {
  FrameState state;
  const llvm::DataLayout& layout = numbers.function().getDataLayout();
  Leaves leaves;
  for (std::uint32_t number : live) {
    const llvm::Value& value = numbers.value(number);
    leaves.clear();
    if (!leavesOf(value.getType(), layout, leaves))
      return std::unexpected("a value of a type without words is live");
    std::uint32_t words = wordsOf(value.getType());
    state.values.push_back({number, &value, state.words, words});
    state.words += words;
  }
  return state;
}

} // namespace

std::expected<FrameState, std::string> liveInto(const FunctionNumbers& numbers, const llvm::BasicBlock& header) {
  if (header.isEHPad())
    return std::unexpected("the block is entered by unwinding only");
  Liveness liveness(numbers, header);
  if (!liveness.findChain())
    return std::unexpected("the block is the entry or is never reached");
  liveness.walk();
  return layOut(numbers, liveness.liveNumbers());
}

namespace {

/// Whether a value that an exception's type number went into has that in it as well.
bool passesOn(const llvm::Instruction& instruction) {
  if (const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction))
    return part->getIndices().front() != 0;
  return llvm::isa<llvm::InsertValueInst, llvm::PHINode, llvm::SelectInst, llvm::CastInst, llvm::FreezeInst>(
      instruction);
}

bool isSelector(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  return llvm::isa<llvm::LandingPadInst>(instruction) ||
         (intrinsic && intrinsic->getIntrinsicID() == llvm::Intrinsic::eh_typeid_for);
}

} // namespace

/// Those that only reach a `resume` do no harm.
void LivePoints::findSelectors() {
  selectors_.resize(numbers_.valueCount());
  std::vector<const llvm::Instruction*> carriers;
  llvm::BitVector carries(numbers_.valueCount());
  auto carry = [&](const llvm::Instruction& instruction) {
    if (!carries.test(numbers_.of(instruction))) {
      carries.set(numbers_.of(instruction));
      carriers.push_back(&instruction);
    }
  };
  for (const llvm::BasicBlock& block : numbers_.function())
    for (const llvm::Instruction& instruction : block)
      if (isSelector(instruction))
        carry(instruction);
  for (std::size_t i = 0; i < carriers.size(); ++i)
    for (const llvm::User* user : carriers[i]->users())
      if (const auto* instruction = llvm::cast<llvm::Instruction>(user); passesOn(*instruction))
        carry(*instruction);
  auto isUsed = [&](const llvm::User* user) {
    const auto* instruction = llvm::cast<llvm::Instruction>(user);
    if (passesOn(*instruction))
      return selectors_.test(numbers_.of(*instruction));
    return !llvm::isa<llvm::ResumeInst, llvm::ExtractValueInst>(instruction);
  };
  for (bool changed = true; std::exchange(changed, false);)
    for (const llvm::Instruction* carrier : llvm::reverse(carriers))
      if (std::uint32_t number = numbers_.of(*carrier);
          !selectors_.test(number) && llvm::any_of(carrier->users(), isUsed)) {
        selectors_.set(number);
        changed = true;
      }
}

LivePoints::LivePoints(const FunctionNumbers& numbers) : numbers_(numbers), in_(numbers.blockCount()) {
  findSelectors();
  std::vector<const llvm::BasicBlock*> order;
  for (const llvm::BasicBlock* block : llvm::post_order(&numbers.function()))
    order.push_back(block);
  for (llvm::BitVector& each : in_)
    each.resize(numbers.valueCount());
  for (bool changed = true; std::exchange(changed, false);)
    for (const llvm::BasicBlock* block : order) {
      llvm::BitVector live = liveOut(*block);
      for (const llvm::Instruction& instruction : llvm::reverse(*block)) {
        live.reset(numbers.of(instruction));
        addUses(instruction, live);
      }
      llvm::BitVector& known = in_[numbers.of(*block)];
      if (live != known) {
        known = std::move(live);
        changed = true;
      }
    }
}

/// A phi's uses are in the blocks that it comes from.
void LivePoints::addUses(const llvm::Instruction& instruction, llvm::BitVector& live) const {
  if (llvm::isa<llvm::PHINode>(instruction))
    return;
  for (const llvm::Use& operand : instruction.operands())
    if (llvm::isa<llvm::Instruction, llvm::Argument>(operand))
      live.set(numbers_.of(*operand));
}

llvm::BitVector LivePoints::liveOut(const llvm::BasicBlock& block) const {
  llvm::BitVector live(numbers_.valueCount());
  for (const llvm::BasicBlock* next : llvm::successors(&block)) {
    live |= in_[numbers_.of(*next)];
    for (const llvm::PHINode& phi : next->phis())
      if (const llvm::Value* value = phi.getIncomingValueForBlock(&block);
          llvm::isa<llvm::Instruction, llvm::Argument>(value))
        live.set(numbers_.of(*value));
  }
  return live;
}

std::expected<FrameState, std::string> LivePoints::at(const llvm::Instruction& instruction) const {
  llvm::BitVector live = liveOut(*instruction.getParent());
  for (const llvm::Instruction& each : llvm::reverse(*instruction.getParent())) {
    live.reset(numbers_.of(each));
    addUses(each, live);
    if (&each == &instruction)
      break;
  }
  std::vector<std::uint32_t> found;
  for (unsigned number : live.set_bits()) {
    if (const auto* save = llvm::dyn_cast<llvm::IntrinsicInst>(&numbers_.value(number));
        save && save->getIntrinsicID() == llvm::Intrinsic::stacksave)
      return std::unexpected("a stack pointer saved in the old frame is live");
    if (selectors_.test(number))
      return std::unexpected("the number of an exception's type is live");
    found.push_back(number);
  }
  return layOut(numbers_, found);
}

} // namespace kiln
