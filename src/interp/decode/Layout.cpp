#include "interp/decode/Layout.h"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include <algorithm>

#include "abi/Leaves.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {

namespace {

constexpr unsigned kMostAddressUsers = 16;
/// Intervals that a class of coalesced values may have; more would make joining them slow.
constexpr std::size_t kMostMembers = 16;

} // namespace

Layout::Layout(const llvm::Function& function) : function_(function), data_(function.getParent()->getDataLayout()) {}

std::string Layout::run() {
  number();
  for (const ValueState& value : values_)
    if (value.words == 0xffff)
      return "a value of a type that has no words";
  orderBlocks();
  findRanges();
  fold();
  live();
  coalesce();
  if (!allocate())
    return "more than 65,535 words of live values";
  return {};
}

void Layout::number() {
  std::uint32_t next = 0;
  auto add = [&](const llvm::Value& value) {
    numbers_[&value] = ++next;
    ValueState state;
    llvm::Type* type = value.getType();
    if (!type->isVoidTy() && !type->isTokenTy()) {
      std::uint32_t words = type->isSingleValueType() && !type->isVectorTy() && !type->isIntegerTy() ? 1 : 0;
      if (type->isIntegerTy())
        words = (type->getIntegerBitWidth() + 63) / 64;
      if (words == 0 || type->isX86_FP80Ty() || type->isFP128Ty())
        words = wordsOf(type);
      bool empty = words == 0 && (type->isStructTy() || type->isArrayTy()) && type->isSized() &&
                   data_.getTypeAllocSize(type) == 0;
      state.words = words == 0 && !empty ? 0xffff : static_cast<std::uint16_t>(words);
    }
    state.root = next - 1;
    values_.push_back(state);
  };
  values_.reserve(function_.arg_size() + function_.getInstructionCount());
  numbers_.reserve(static_cast<unsigned>(values_.capacity()));
  for (const llvm::Argument& argument : function_.args()) {
    add(argument);
    values_.back().word = static_cast<std::uint16_t>(argumentWords_);
    argumentWords_ += values_.back().words;
  }
  std::uint32_t block = 0;
  for (const llvm::BasicBlock& each : function_) {
    blockNumbers_[&each] = block++;
    for (const llvm::Instruction& instruction : each)
      add(instruction);
  }
}

void Layout::orderBlocks() {
  struct Visit {
    const llvm::BasicBlock* block;
    llvm::SmallVector<const llvm::BasicBlock*, 4> successors; ///< not yet visited, the next at the end
  };
  std::vector<bool> seen(blockNumbers_.size());
  std::vector<Visit> stack;
  auto enter = [&](const llvm::BasicBlock* block) {
    std::uint32_t number = blockNumbers_.lookup(block);
    if (seen[number])
      return;
    seen[number] = true;
    Visit visit{block, {}};
    visit.successors.assign(llvm::succ_begin(block), llvm::succ_end(block));
    // What is visited last comes first in the order: the block that the front end put first.
    if (visit.successors.size() > 1)
      std::stable_sort(visit.successors.begin(), visit.successors.end(), [&](auto* a, auto* b) {
        return blockNumbers_.lookup(a) < blockNumbers_.lookup(b);
      });
    stack.push_back(std::move(visit));
  };
  enter(&function_.getEntryBlock());
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.successors.empty()) {
      order_.push_back(top.block);
      stack.pop_back();
      continue;
    }
    const llvm::BasicBlock* next = top.successors.pop_back_val();
    enter(next);
  }
  std::reverse(order_.begin(), order_.end());

  positions_.resize(values_.size());
  blockOf_.resize(values_.size());
  std::uint32_t position = 0;
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    places_[order_[place]] = place;
    blockFirst_.push_back(2 * position);
    // Numbers within a block are consecutive.
    std::uint32_t number = numberOf(&order_[place]->front());
    for (std::size_t i = 0, count = order_[place]->size(); i < count; ++i, ++number) {
      positions_[number] = 2 * position++;
      blockOf_[number] = place;
    }
    blockLast_.push_back(2 * (position - 1));
  }
  positionCount_ = 2 * position + 2;
}

void Layout::findRanges() {
  std::vector<std::uint32_t> end(order_.size(), kNone);
  for (std::uint32_t place = 0; place < order_.size(); ++place)
    for (const llvm::BasicBlock* to : llvm::successors(order_[place]))
      if (std::uint32_t target = places_.lookup(to); target <= place)
        end[target] = end[target] == kNone ? place : std::max(end[target], place);
  // From the last to the first: a range takes along those that begin inside it.
  std::vector<std::uint32_t> open; ///< indices into ranges_, outermost ones so far; the earliest begin at the end
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
    ranges_.push_back({place, last, kNone});
    open.push_back(self);
  }
  // A parent was made after its children; inner ranges overwrite outer ones.
  rangeOf_.assign(order_.size(), kNone);
  std::vector<std::uint32_t> current;
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

void Layout::fold() {
  for (const llvm::BasicBlock* block : order_)
    for (const llvm::Instruction& instruction : *block) {
      ValueState& value = values_[numberOf(&instruction)];
      if (value.words == 0)
        continue;
      if (aliasOne(instruction)) {
        value.alias = true;
        continue;
      }
      value.folded = foldOne(instruction);
      value.clean = writesClean(instruction);
    }
}

const llvm::Value* Layout::strip(const llvm::Value* value) {
  while (const auto* instruction = llvm::dyn_cast<llvm::Instruction>(value)) {
    const llvm::Value* same = nullptr;
    if (llvm::isa<llvm::PtrToIntInst, llvm::IntToPtrInst, llvm::AddrSpaceCastInst>(instruction) &&
        instruction->getType()->getScalarSizeInBits() == 64)
      same = instruction->getOperand(0);
    if (!same)
      break;
    value = same;
  }
  return value;
}

/// Whether the value is another name for words of a value that exists.
bool Layout::aliasOne(const llvm::Instruction& instruction) {
  ValueState& self = values_[numberOf(&instruction)];
  std::optional<SameWords> same = sameWords(instruction);
  if (!same || !isNumbered(same->value))
    return false;
  const ValueState& of = state(same->value);
  if (of.folded)
    return false;
  if (same->needsClean && !of.clean && !isAlwaysClean(same->value->getType()))
    return false;
  self.root = of.root;
  self.word = static_cast<std::uint16_t>((of.alias ? of.word : 0) + same->word);
  self.clean = same->needsClean || (same->keepsClean && of.clean);
  return true;
}

bool Layout::foldOne(const llvm::Instruction& instruction) {
  if (llvm::isa<llvm::CmpInst>(instruction))
    return isFoldableCompare(instruction);
  if (const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
    return foldAddress(*address);
  if (isBitTest(instruction))
    return isFoldableCompare(*llvm::cast<llvm::Instruction>(*instruction.user_begin()));
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return foldLoad(*load);
  if (const llvm::LoadInst* load = updatedLoad(instruction); load && state(load).folded)
    return true;
  if (isProductOfSum(instruction) || isScaledAddend(instruction))
    return true;
  if (isChained(instruction))
    return !isNumbered(instruction.getOperand(0)) || !state(instruction.getOperand(0)).folded;
  if (llvm::isa<llvm::SExtInst, llvm::ZExtInst>(instruction) && instruction.getType()->isIntegerTy(64) &&
      instruction.getOperand(0)->getType()->isIntegerTy(32) && isNumbered(instruction.getOperand(0))) {
    unsigned users = 0;
    for (const llvm::User* user : instruction.users()) {
      const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(user);
      if (!address || address->getParent() != instruction.getParent() || ++users > kMostAddressUsers)
        return false;
      std::optional<AddressParts> parts = splitAddress(*address, data_);
      if (!parts || parts->index != &instruction || address->getPointerOperand() == &instruction)
        return false;
    }
    return users > 0;
  }
  return false;
}

bool Layout::foldAddress(const llvm::GetElementPtrInst& address) {
  std::optional<AddressParts> parts = splitAddress(address, data_);
  if (!parts)
    return false;
  if (parts->index && isNumbered(parts->index) && state(parts->index).folded) {
    const auto* extension = llvm::cast<llvm::CastInst>(parts->index);
    parts->kind = llvm::isa<llvm::SExtInst>(extension) ? IndexKind::S32 : IndexKind::U32;
    parts->index = extension->getOperand(0);
  }
  addresses_[&address] = *parts;
  if (!isOneOp(*parts))
    return false;
  unsigned users = 0;
  for (const llvm::User* user : address.users()) {
    const auto* instruction = llvm::cast<llvm::Instruction>(user);
    if (!accessesOnly(*instruction, &address) || ++users > kMostAddressUsers)
      return false;
    if (parts->index && instruction->getParent() != address.getParent())
      return false;
  }
  return users > 0;
}

/// A load becomes part of its user if the user's op has room for the address: a base with a small offset, or one with an
/// index that counts values of the loaded type.
bool Layout::foldLoad(const llvm::LoadInst& load) {
  if (!load.hasOneUse())
    return false;
  const auto* user = llvm::cast<llvm::Instruction>(*load.user_begin());
  if (updatedLoad(*user) != &load && !loadingOperand(load))
    return false;
  for (const llvm::Use& other : user->operands())
    if (other.get() != &load && isNumbered(other.get()) && state(other.get()).folded)
      return false;
  AddressParts parts = addressOf(load.getPointerOperand());
  if (llvm::isa<llvm::Constant>(parts.base))
    return false;
  if (!parts.index)
    return parts.offset == static_cast<std::int16_t>(parts.offset);
  return !llvm::isa<llvm::ICmpInst>(user) && parts.kind == IndexKind::I64 && parts.offset == 0 &&
         parts.scale == data_.getTypeStoreSize(load.getType()).getFixedValue();
}

AddressParts Layout::addressOf(const llvm::Value* pointer) const {
  if (auto known = addresses_.find(pointer); known != addresses_.end())
    if (const auto* address = llvm::dyn_cast<llvm::Instruction>(pointer); address && state(address).folded)
      return known->second;
  AddressParts parts;
  parts.base = pointer;
  return parts;
}

void Layout::use(const llvm::Value* value, std::uint32_t position, std::uint32_t block) {
  auto found = numbers_.find(value);
  if (found == numbers_.end())
    return;
  std::uint32_t number = found->second - 1;
  values_[number].used = true;
  if (values_[number].folded) {
    if (auto known = addresses_.find(value); known != addresses_.end()) {
      use(known->second.base, position, block);
      if (known->second.index)
        use(known->second.index, position, block);
    } else {
      useOperands(*llvm::cast<llvm::Instruction>(value), position, block);
    }
    return;
  }
  std::uint32_t root = values_[number].root;
  ValueState& state = values_[root];
  state.used = true;
  std::uint32_t last = position;
  bool isArgument = root < function_.arg_size();
  std::uint32_t defined = isArgument ? 0 : blockOf_[root];
  // The outermost range around the use that does not hold the definition.
  for (std::uint32_t range = rangeOf_[block]; range != kNone; range = ranges_[range].parent) {
    if (ranges_[range].first <= defined && !isArgument)
      break;
    last = std::max(last, blockLast_[ranges_[range].last] + 1);
  }
  state.last = std::max(state.last, last);
}

void Layout::useOperands(const llvm::Instruction& instruction, std::uint32_t position, std::uint32_t block) {
  for (const llvm::Use& operand : instruction.operands())
    use(operand.get(), position, block);
}

void Layout::live() {
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t number = numberOf(&order_[place]->front());
    for (const llvm::Instruction& instruction : *order_[place]) {
      ValueState& self = values_[number];
      std::uint32_t position = positions_[number++];
      self.first = position;
      self.last = std::max(self.last, position + 1);
      if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(&instruction)) {
        self.first = blockFirst_[place];
        for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
          std::uint32_t from = places_.lookup(phi->getIncomingBlock(i));
          use(phi->getIncomingValue(i), blockLast_[from] + 1, from);
        }
        continue;
      }
      if (llvm::isa<llvm::LandingPadInst>(instruction)) {
        // Written where the invoke ends, in front of the moves on its edge.
        for (const llvm::BasicBlock* from : llvm::predecessors(order_[place]))
          self.first = std::min(self.first, blockLast_[places_.lookup(from)]);
        for (const llvm::BasicBlock* from : llvm::predecessors(order_[place]))
          self.last = std::max(self.last, blockLast_[places_.lookup(from)] + 1);
        continue;
      }
      if (self.alias || self.folded || (instruction.use_empty() && isPure(instruction)))
        continue;
      useOperands(instruction, position + takesSteps(instruction), place);
    }
  }
}

/// Joins each phi with what comes in where it can be done (see above). A class's words are reserved from the first to the
/// last of its members' intervals and of the edges that write the phi.
void Layout::coalesce() {
  classOf_.resize(values_.size());
  hulls_.resize(values_.size());
  for (std::uint32_t i = 0; i < values_.size(); ++i) {
    classOf_[i] = i;
    hulls_[i] = {values_[i].first, values_[i].last};
  }
  auto find = [&](std::uint32_t value) {
    while (classOf_[value] != value)
      value = classOf_[value] = classOf_[classOf_[value]];
    return value;
  };
  llvm::DenseMap<std::uint32_t, llvm::SmallVector<Interval, 8>> members;
  auto membersOf = [&](std::uint32_t representative) -> llvm::SmallVector<Interval, 8>& {
    auto& list = members[representative];
    if (list.empty())
      list.push_back({values_[representative].first, values_[representative].last});
    return list;
  };
  auto disjoint = [](Interval a, Interval b) { return a.last <= b.first || b.last <= a.first; };

  for (std::uint32_t place = 0; place < order_.size(); ++place)
    for (const llvm::PHINode& phi : order_[place]->phis()) {
      std::uint32_t self = numberOf(&phi);
      llvm::SmallVector<std::uint32_t, 8> edges;
      for (const llvm::BasicBlock* from : phi.blocks())
        edges.push_back(blockLast_[places_.lookup(from)] + 1);
      bool small = edges.size() <= kMostMembers;
      for (bool back : {true, false}) // a loop's own value first: its move would run in every round
        for (unsigned i = 0; small && i < phi.getNumIncomingValues(); ++i) {
          if ((places_.lookup(phi.getIncomingBlock(i)) >= place) != back)
            continue;
          const llvm::Value* incoming = phi.getIncomingValue(i);
          if (!llvm::isa<llvm::Instruction>(incoming))
            continue;
          const ValueState& value = state(incoming);
          if (value.folded || (value.alias && value.word != 0))
            continue;
          std::uint32_t root = value.root;
          if (root < function_.arg_size() || values_[root].words != values_[self].words)
            continue;
          std::uint32_t mine = find(self), other = find(root);
          if (mine == other)
            continue;
          auto theirs = membersOf(other); // a copy: the map may move with the next line
          auto& own = membersOf(mine);
          if (own.size() + theirs.size() > kMostMembers)
            continue;
          bool fits = true;
          for (Interval a : own)
            for (Interval b : theirs)
              fits &= disjoint(a, b);
          // No other edge may write the phi while they are alive.
          for (unsigned e = 0; e < edges.size(); ++e)
            for (Interval b : theirs)
              fits &= phi.getIncomingValue(e) == incoming ? true : edges[e] <= b.first || edges[e] >= b.last;
          if (!fits)
            continue;
          own.append(theirs.begin(), theirs.end());
          classOf_[other] = mine;
          hulls_[mine].first = std::min(hulls_[mine].first, hulls_[other].first);
          hulls_[mine].last = std::max(hulls_[mine].last, hulls_[other].last);
        }
      // Edges write the words.
      std::uint32_t mine = find(self);
      for (std::uint32_t edge : edges) {
        hulls_[mine].first = std::min(hulls_[mine].first, edge);
        hulls_[mine].last = std::max(hulls_[mine].last, edge + 1);
      }
    }
  for (std::uint32_t i = 0; i < values_.size(); ++i)
    classOf_[i] = find(i);
}

bool Layout::allocate() {
  // Lists of classes by the position they begin and end at.
  std::vector<std::uint32_t> beginAt(positionCount_ + 1, kNone), endAt(positionCount_ + 1, kNone);
  std::vector<std::uint32_t> nextBegin(values_.size(), kNone), nextEnd(values_.size(), kNone);
  auto needsWords = [&](std::uint32_t value) {
    const ValueState& state = values_[value];
    return classOf_[value] == value && state.words > 0 && !state.alias && !state.folded;
  };
  auto push = [](std::vector<std::uint32_t>& heads, std::vector<std::uint32_t>& next, std::uint32_t at, std::uint32_t value) {
    next[value] = heads[at];
    heads[at] = value;
  };
  for (std::uint32_t value = 0; value < values_.size(); ++value)
    if (needsWords(value)) {
      if (value >= function_.arg_size())
        push(beginAt, nextBegin, hulls_[value].first, value);
      push(endAt, nextEnd, std::min(hulls_[value].last, positionCount_), value);
    }
  std::uint32_t top = argumentWords_;
  std::vector<std::uint16_t> singles;
  llvm::DenseMap<std::uint32_t, std::vector<std::uint16_t>> blocks;
  for (std::uint32_t position = 0; position <= positionCount_; ++position) {
    for (std::uint32_t value = endAt[position]; value != kNone; value = nextEnd[value]) {
      // Ends that a write of the same position may take over come first; a class that begins and ends here does not.
      if (hulls_[value].first == position && value >= function_.arg_size())
        continue;
      if (values_[value].words == 1)
        singles.push_back(values_[value].word);
      else
        blocks[values_[value].words].push_back(values_[value].word);
    }
    for (std::uint32_t value = beginAt[position]; value != kNone; value = nextBegin[value]) {
      std::uint32_t words = values_[value].words;
      std::vector<std::uint16_t>* free = &singles;
      if (words > 1)
        free = &blocks[words];
      if (!free->empty()) {
        values_[value].word = free->back();
        free->pop_back();
        continue;
      }
      if (top + words > 0xf000) // leaves numbers for constants and temporary words
        return false;
      values_[value].word = static_cast<std::uint16_t>(top);
      top += words;
    }
  }
  for (std::uint32_t value = 0; value < values_.size(); ++value)
    if (classOf_[value] != value && !values_[value].alias)
      values_[value].word = values_[classOf_[value]].word;
  frameWords_ = top;
  return true;
}

} // namespace kiln::interp
