#include "flow/Intervals.h"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <numeric>

#include "abi/Leaves.h"

namespace kiln::flow {

namespace {

/// Intervals that a class of coalesced values may have; more would make joining them slow.
constexpr std::size_t kMostMembers = 24;
/// Loops around a use that make it heavier.
constexpr std::uint32_t kDeepestWeight = 1u << 15;

} // namespace

bool isPure(const llvm::Instruction& instruction) {
  return !instruction.isTerminator() &&
         !llvm::isa<llvm::StoreInst, llvm::AllocaInst, llvm::CallBase>(instruction) &&
         !instruction.mayHaveSideEffects();
}

bool Intervals::analyse(const llvm::Function& function, bool asWritten) {
  forget();
  function_ = &function;
  data_ = &function.getParent()->getDataLayout();
  if (!number())
    return false;
  findEdges();
  if (asWritten) {
    numbersInOrder_.resize(blocks_.size() - 1);
    std::iota(numbersInOrder_.begin(), numbersInOrder_.end(), 0u);
  } else {
    orderBlocks();
  }
  placeBlocks();
  findRanges();
  fold();
  live();
  coalesce();
  return true;
}

/// What the steps append to; the other arrays are set in full.
void Intervals::forget() {
  numbers_.clear();
  blockNumbers_.clear();
  values_.clear();
  addresses_.clear();
  blocks_.clear();
  edges_.clear();
  order_.clear();
  numbersInOrder_.clear();
  blockFirst_.clear();
  blockLast_.clear();
  ranges_.clear();
  knownPhi_ = nullptr;
  callCount_ = 0;
}

/// False if values of the type have no words.
[[gnu::always_inline]] inline bool Intervals::add(const llvm::Value& value) {
  llvm::Type* type = value.getType();
  std::uint32_t words = 1;
  if (!isOneWord(type)) {
    words = wordsFor(type);
    if (words == kNone)
      return false;
  }
  values_.push_back({.root = numbers_.size(), .words = static_cast<std::uint16_t>(words)});
  numbers_.add(&value);
  return true;
}

bool Intervals::number() {
  for (const llvm::Argument& argument : function_->args())
    if (!add(argument))
      return false;
  for (const llvm::BasicBlock& block : *function_) {
    blockNumbers_.add(&block);
    blocks_.push_back({&block, numbers_.size()});
    for (const llvm::Instruction& instruction : block)
      if (!add(instruction))
        return false;
  }
  numbers_.index();
  blockNumbers_.index();
  return true;
}

void Intervals::findEdges() {
  for (Block& block : blocks_) {
    block.firstEdge = static_cast<std::uint32_t>(edges_.size());
    const llvm::Instruction& last = block.block->back();
    if (const auto* branch = llvm::dyn_cast<llvm::BranchInst>(&last)) { // most, and cheaper than any terminator
      for (unsigned i = 0; i < branch->getNumSuccessors(); ++i)
        edges_.push_back(blockNumber(branch->getSuccessor(i)));
      continue;
    }
    for (unsigned i = 0, count = last.getNumSuccessors(); i < count; ++i)
      edges_.push_back(blockNumber(last.getSuccessor(i)));
  }
  Block& end = blocks_.emplace_back();
  end.firstValue = static_cast<std::uint32_t>(values_.size());
  end.firstEdge = static_cast<std::uint32_t>(edges_.size());
}

void Intervals::orderBlocks() {
  struct Visit {
    std::uint32_t block;
    std::size_t waiting; ///< how many were waiting before its successors
  };
  llvm::SmallVector<Visit, 32> stack;
  llvm::SmallVector<std::uint32_t, 64> waiting;
  auto enter = [&](std::uint32_t block) {
    if (std::exchange(blocks_[block].seen, true))
      return;
    stack.push_back({block, waiting.size()});
    llvm::ArrayRef<std::uint32_t> successors = edgesFrom(block);
    for (std::uint32_t to : successors)
      waiting.push_back(to);
    // What is visited last comes first in the order: the block that the front end put first.
    if (successors.size() > 2 || (successors.size() == 2 && successors[0] > successors[1]))
      std::sort(waiting.end() - static_cast<std::ptrdiff_t>(successors.size()), waiting.end());
  };
  enter(0);
  while (!stack.empty()) {
    Visit top = stack.back();
    if (waiting.size() > top.waiting) {
      enter(waiting.pop_back_val());
      continue;
    }
    numbersInOrder_.push_back(top.block);
    stack.pop_back();
  }
  std::reverse(numbersInOrder_.begin(), numbersInOrder_.end());
}

void Intervals::placeBlocks() {
  placeOf_.resize(values_.size());
  std::uint32_t position = 0;
  for (std::uint32_t place = 0; place < numbersInOrder_.size(); ++place) {
    Block& block = blocks_[numbersInOrder_[place]];
    std::uint32_t count = blocks_[numbersInOrder_[place] + 1].firstValue - block.firstValue;
    block.place = place;
    order_.push_back(block.block);
    std::fill_n(placeOf_.begin() + block.firstValue, count, place);
    blockFirst_.push_back(2 * position);
    position += count;
    blockLast_.push_back(2 * (position - 1));
  }
  positionCount_ = 2 * position + 2;
}

void Intervals::findRanges() {
  std::uint32_t back = 0;
  rangeOf_.assign(order_.size(), kNone); // first: the end of the range that begins there
  std::vector<std::uint32_t>& end = rangeOf_;
  for (std::uint32_t place = 0; place < order_.size(); ++place)
    for (std::uint32_t to : edgesFrom(numbersInOrder_[place]))
      if (std::uint32_t target = blocks_[to].place; target <= place) {
        end[target] = end[target] == kNone ? place : std::max(end[target], place);
        ++back;
      }
  if (back == 0)
    return;
  // From the last to the first: a range takes along those that begin inside it.
  llvm::SmallVector<std::uint32_t, 16> open; ///< indices into ranges_, outermost ones so far; the earliest begin at the end
  for (std::uint32_t place = static_cast<std::uint32_t>(order_.size()); place-- > 0;) {
    if (end[place] == kNone)
      continue;
    auto self = static_cast<std::uint32_t>(ranges_.size());
    std::uint32_t last = end[place];
    while (!open.empty() && ranges_[open.back()].first <= last) {
      last = std::max(last, ranges_[open.back()].last);
      ranges_[open.back()].parent = self;
      open.pop_back();
    }
    ranges_.push_back({place, last, kNone, 8});
    open.push_back(self);
  }
  // A parent was made after its children; inner ranges overwrite outer ones.
  for (std::size_t range = ranges_.size(); range-- > 0;)
    if (ranges_[range].parent != kNone)
      ranges_[range].weight = std::min(kDeepestWeight, ranges_[ranges_[range].parent].weight * 8);
  rangeOf_.assign(order_.size(), kNone);
  llvm::SmallVector<std::uint32_t, 16> current;
  auto byFirst = static_cast<std::uint32_t>(ranges_.size());
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    while (!current.empty() && ranges_[current.back()].last < place)
      current.pop_back();
    while (byFirst > 0 && ranges_[byFirst - 1].first == place)
      current.push_back(--byFirst);
    if (!current.empty())
      rangeOf_[place] = current.back();
  }
}

AddressParts Intervals::addressOf(const llvm::Value* pointer) const {
  if (std::uint32_t number = numberOf(pointer); number != kNone && values_[number].folded)
    if (const AddressParts* parts = partsOf(number))
      return *parts;
  AddressParts parts;
  parts.base = pointer;
  return parts;
}

/// In the innermost loop: the compiler would call it.
[[gnu::always_inline]] inline void Intervals::use(const llvm::Value* value, std::uint32_t position, std::uint32_t place) {
  std::uint32_t number = numberOf(value);
  if (number == kNone)
    return;
  if (values_[number].folded)
    return useFolded(number, value, position, place);
  std::uint32_t root = values_[number].root;
  if (rangeOf_[place] != kNone)
    position = lastInRanges(root, position, place);
  ValueState& state = values_[root];
  state.weight += weightAt(place);
  state.last = std::max(state.last, position);
}

/// A value that was defined outside of a range is needed until its end: the end of the outermost such range around the use.
std::uint32_t Intervals::lastInRanges(std::uint32_t root, std::uint32_t position, std::uint32_t place) const {
  bool isArgument = root < function_->arg_size();
  for (std::uint32_t range = rangeOf_[place]; range != kNone; range = ranges_[range].parent) {
    if (!isArgument && ranges_[range].first <= placeOf_[root])
      break;
    position = std::max(position, blockLast_[ranges_[range].last] + 1);
  }
  return position;
}

/// What a folded value is made of is read where the value is.
void Intervals::useFolded(std::uint32_t number, const llvm::Value* value, std::uint32_t position, std::uint32_t place) {
  if (const AddressParts* parts = partsOf(number)) {
    use(parts->base, position, place);
    if (parts->index)
      use(parts->index, position, place);
  } else {
    useOperands(*llvm::cast<llvm::Instruction>(value), position, place);
  }
}

void Intervals::useOperands(const llvm::Instruction& instruction, std::uint32_t position, std::uint32_t place) {
  for (const llvm::Use& operand : instruction.operands())
    use(operand.get(), position, place);
}

/// The places of the blocks that a phi lists. The phis of a block mostly list the same, so the last answer is kept.
const std::vector<std::uint32_t>& Intervals::placesInto(const llvm::PHINode& phi) {
  if (!knownPhi_ || knownPhi_->getNumIncomingValues() != phi.getNumIncomingValues() ||
      !std::equal(phi.block_begin(), phi.block_end(), knownPhi_->block_begin())) {
    knownPlaces_.clear();
    for (const llvm::BasicBlock* from : phi.blocks())
      knownPlaces_.push_back(place(from));
  }
  knownPhi_ = &phi;
  return knownPlaces_;
}

void Intervals::livePhi(const llvm::PHINode& phi, std::uint32_t place) {
  const std::vector<std::uint32_t>& from = placesInto(phi);
  for (unsigned i = 0; i < from.size(); ++i)
    use(phi.getIncomingValue(i), blockLast_[from[i]] + 1, from[i]);
}

/// Written where the invoke ends, in front of the moves on its edge.
void Intervals::liveLandingPad(std::uint32_t place, ValueState& self) {
  for (const llvm::BasicBlock* from : llvm::predecessors(order_[place])) {
    std::uint32_t end = blockLast_[this->place(from)];
    self.first = std::min(self.first, end);
    self.last = std::max(self.last, end + 1);
  }
}

void Intervals::live() {
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t number = firstNumber(place), position = blockFirst_[place];
    for (const llvm::Instruction& instruction : *order_[place]) {
      ValueState& self = values_[number++];
      self.first = position;
      self.last = std::max(self.last, position + 1);
      position += 2;
      if (self.alias || self.folded)
        continue;
      switch (instruction.getOpcode()) {
      case llvm::Instruction::PHI:
        self.first = blockFirst_[place];
        livePhi(llvm::cast<llvm::PHINode>(instruction), place);
        break;
      case llvm::Instruction::LandingPad:
        liveLandingPad(place, self);
        break;
      default:
        callCount_ += llvm::isa<llvm::CallBase>(instruction);
        if (instruction.use_empty() && isPure(instruction))
          break;
        useOperands(instruction, self.first + readsLate(instruction, self), place);
      }
    }
  }
}

std::uint32_t Intervals::representative(std::uint32_t value) {
  while (members_[value].representative != value)
    value = members_[value].representative = members_[members_[value].representative].representative;
  return value;
}

/// Joins each phi with what comes in where it can be done (see above). A class's words are reserved from the first to the
/// last of its members' intervals and of the edges that write the phi.
void Intervals::coalesce() {
  members_.resize(values_.size());
  for (std::uint32_t i = 0; i < values_.size(); ++i)
    members_[i] = {i, kNone, i, 1, values_[i].first, values_[i].last, 0, 0};
  findWrites();
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t self = firstNumber(place);
    for (const llvm::PHINode& phi : order_[place]->phis())
      coalescePhi(phi, self++, place);
  }
}

void Intervals::coalescePhi(const llvm::PHINode& phi, std::uint32_t self, std::uint32_t place) {
  const std::vector<std::uint32_t>& from = placesInto(phi);
  if (from.size() <= kMostMembers)
    for (bool back : {true, false}) // a loop's own value first: its move would run in every round
      for (unsigned i = 0; i < from.size(); ++i) {
        const llvm::Value* incoming = phi.getIncomingValue(i);
        if ((from[i] >= place) != back || !llvm::isa<llvm::Instruction>(incoming))
          continue;
        const ValueState& value = state(incoming);
        if (value.folded || (value.alias && value.word != 0) || value.root < function_->arg_size() ||
            values_[value.root].words != values_[self].words)
          continue;
        join(representative(self), representative(value.root));
      }
  // Edges write the words.
  Member& all = members_[representative(self)];
  for (std::uint32_t each : from) {
    all.first = std::min(all.first, blockLast_[each] + 1);
    all.last = std::max(all.last, blockLast_[each] + 2);
  }
}

void Intervals::findWrites() {
  writes_.clear();
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t self = firstNumber(place);
    for (const llvm::PHINode& phi : order_[place]->phis()) {
      const std::vector<std::uint32_t>& from = placesInto(phi);
      Member& member = members_[self++];
      member.firstWrite = static_cast<std::uint32_t>(writes_.size());
      member.writeCount = static_cast<std::uint32_t>(from.size());
      for (unsigned i = 0; i < from.size(); ++i) {
        const llvm::Value* incoming = phi.getIncomingValue(i);
        writes_.push_back({blockLast_[from[i]] + 1, isNumbered(incoming) ? state(incoming).root : kNone});
      }
    }
  }
}

/// Whether an edge writes the phi while the value is alive, and writes another value there.
bool Intervals::isWrittenIn(std::uint32_t phi, std::uint32_t value) const {
  const Member& member = members_[phi];
  for (const Write& write : llvm::ArrayRef(writes_).slice(member.firstWrite, member.writeCount))
    if (write.position > values_[value].first && write.position < values_[value].last && write.root != value)
      return true;
  return false;
}

/// Makes one class of two, if no member of one is alive where a member of the other is alive or written.
bool Intervals::join(std::uint32_t mine, std::uint32_t other) {
  if (mine == other || members_[mine].count + members_[other].count > kMostMembers)
    return false;
  for (std::uint32_t b = other; b != kNone; b = members_[b].next) {
    if (members_[b].writeCount > kMostMembers)
      return false;
    for (std::uint32_t a = mine; a != kNone; a = members_[a].next)
      if ((values_[a].last > values_[b].first && values_[b].last > values_[a].first) || isWrittenIn(a, b) ||
          isWrittenIn(b, a))
        return false;
  }
  Member &ours = members_[mine], &theirs = members_[other];
  members_[ours.lastMember].next = other;
  ours.lastMember = theirs.lastMember;
  ours.count += theirs.count;
  ours.first = std::min(ours.first, theirs.first);
  ours.last = std::max(ours.last, theirs.last);
  theirs.representative = mine;
  return true;
}

} // namespace kiln::flow
