#include "interp/decode/Layout.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "abi/Leaves.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {

std::string Layout::run(const llvm::Function& function, bool asWritten) {
  if (!analyse(function, asWritten))
    return "a value of a type that has no words";
  placeArguments();
  if (!allocate())
    return "more than 65,535 words of live values";
  return {};
}

/// Of types that are not plain: kNone if their values have no words.
std::uint32_t Layout::wordsFor(llvm::Type* type) const {
  if (type->isVoidTy() || type->isTokenTy())
    return 0;
  if (std::uint32_t words = wordsOf(type))
    return words;
  bool empty = (type->isStructTy() || type->isArrayTy()) && type->isSized() && data_->getTypeAllocSize(type) == 0;
  return empty ? 0 : kNone;
}

bool Layout::readsLate(const llvm::Instruction& instruction, const ValueState& self) const {
  return self.address != kNone ? !isOneOp(addresses_[self.address].second) : takesSteps(instruction);
}

/// The argument image is the beginning of the frame.
void Layout::placeArguments() {
  argumentWords_ = 0;
  for (std::uint32_t i = 0; i < function_->arg_size(); ++i) {
    values_[i].word = static_cast<std::uint16_t>(argumentWords_);
    argumentWords_ += values_[i].words;
  }
}

void Layout::fold() {
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t number = firstNumber(place);
    for (const llvm::Instruction& instruction : *order_[place]) {
      ValueState& self = values_[number++];
      if (self.words == 0)
        continue;
      if (mayHaveSameWords(instruction) && aliasOne(instruction, self)) {
        self.alias = true;
        continue;
      }
      self.folded = foldOne(instruction, self);
      self.clean = writesClean(instruction);
    }
  }
}

/// Whether the value is another name for words of a value that exists.
bool Layout::aliasOne(const llvm::Instruction& instruction, ValueState& self) {
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

bool Layout::foldOne(const llvm::Instruction& instruction, ValueState& self) {
  if (llvm::isa<llvm::CmpInst>(instruction))
    return isFoldableCompare(instruction);
  if (const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
    return foldAddress(*address, self);
  if (isBitTest(instruction))
    return isFoldableCompare(*llvm::cast<llvm::Instruction>(*instruction.user_begin()));
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return foldLoad(*load);
  if (const llvm::LoadInst* load = updatedLoad(instruction); load && state(load).folded)
    return true;
  if (isProductOfSum(instruction) || isScaledAddend(instruction))
    return true;
  if (isChained(instruction))
    return !isFolded(instruction.getOperand(0));
  return llvm::isa<llvm::SExtInst, llvm::ZExtInst>(instruction) && foldExtension(instruction);
}

/// An index of 32 bits that addresses extend by themselves.
bool Layout::foldExtension(const llvm::Instruction& extension) {
  if (!extension.getType()->isIntegerTy(64) || !extension.getOperand(0)->getType()->isIntegerTy(32) ||
      !isNumbered(extension.getOperand(0)))
    return false;
  constexpr unsigned kMostUsers = 16;
  unsigned users = 0;
  for (const llvm::User* user : extension.users()) {
    const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(user);
    if (!address || address->getParent() != extension.getParent() || ++users > kMostUsers)
      return false;
    std::optional<AddressParts> parts = flow::splitAddress(*address, *data_);
    if (!parts || parts->index != &extension || address->getPointerOperand() == &extension)
      return false;
  }
  return users > 0;
}

bool Layout::foldAddress(const llvm::GetElementPtrInst& address, ValueState& self) {
  std::optional<AddressParts> parts = flow::splitAddress(address, *data_);
  if (!parts)
    return false;
  if (parts->index && isFolded(parts->index)) {
    const auto* extension = llvm::cast<llvm::CastInst>(parts->index);
    parts->kind = llvm::isa<llvm::SExtInst>(extension) ? IndexKind::S32 : IndexKind::U32;
    parts->index = extension->getOperand(0);
  }
  self.address = static_cast<std::uint32_t>(addresses_.size());
  addresses_.emplace_back(self.root, *parts);
  if (!isOneOp(*parts))
    return false;
  return flow::isFoldable(address, *parts, accessesOnly);
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
    if (other.get() != &load && isFolded(other.get()))
      return false;
  AddressParts parts = addressOf(load.getPointerOperand());
  if (llvm::isa<llvm::Constant>(parts.base))
    return false;
  if (!parts.index)
    return parts.offset == static_cast<std::int16_t>(parts.offset);
  return !llvm::isa<llvm::ICmpInst>(user) && parts.kind == IndexKind::I64 && parts.offset == 0 &&
         parts.scale == data_->getTypeStoreSize(load.getType()).getFixedValue();
}

bool Layout::allocate() {
  events_.reset(positionCount_ + 1, values_.size());
  auto arguments = static_cast<std::uint32_t>(function_->arg_size());
  for (std::uint32_t value = 0; value < values_.size(); ++value) {
    const ValueState& state = values_[value];
    const Member& self = members_[value];
    if (state.words == 0 || state.alias || state.folded || self.representative != value)
      continue;
    if (value >= arguments)
      events_.addBegin(self.first, value);
    events_.addEnd(std::min(self.last, positionCount_), value);
  }
  std::uint32_t top = argumentWords_;
  llvm::SmallVector<std::uint16_t, 64> singles;
  llvm::DenseMap<std::uint32_t, llvm::SmallVector<std::uint16_t, 4>> blocks; ///< by how many words
  for (std::uint32_t position = 0; position <= positionCount_; ++position) {
    for (std::uint32_t value : events_.endingAt(position)) {
      // Ends that a write of the same position may take over come first; a class that begins and ends here does not.
      if (members_[value].first == position && value >= arguments)
        continue;
      if (values_[value].words == 1)
        singles.push_back(values_[value].word);
      else
        blocks[values_[value].words].push_back(values_[value].word);
    }
    for (std::uint32_t value : events_.beginningAt(position)) {
      std::uint32_t words = values_[value].words;
      llvm::SmallVectorImpl<std::uint16_t>* free = &singles;
      if (words > 1)
        free = &blocks[words];
      if (!free->empty()) {
        values_[value].word = free->pop_back_val();
        continue;
      }
      if (top + words > 0xf000) // leaves numbers for constants and temporary words
        return false;
      values_[value].word = static_cast<std::uint16_t>(top);
      top += words;
    }
  }
  for (std::uint32_t value = 0; value < values_.size(); ++value)
    if (members_[value].representative != value && !values_[value].alias)
      values_[value].word = values_[representative(value)].word;
  frameWords_ = top;
  return true;
}

} // namespace kiln::interp
