#include "transition/Resume.h"

#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/SSAUpdater.h>

#include <algorithm>
#include <map>

#include "transition/StateAccess.h"

namespace kiln {
namespace {

/// One function being made. "Old" things are those of the prepared function, "home" ones their clones.
class Resuming {
public:
  Resuming(llvm::Function& prepared, std::span<const std::uint32_t> places, std::optional<std::uint32_t> loop = {})
      : prepared_(prepared), numbers_(prepared), live_(numbers_), places_(places.begin(), places.end()), loop_(loop) {}
  std::expected<Resume, std::string> run();

private:
  struct Entry {
    std::uint32_t place = 0;
    FrameState state;
    llvm::BasicBlock* rest = nullptr;  ///< begins with the instruction
    llvm::BasicBlock* block = nullptr; ///< loads the state
    llvm::DenseMap<std::uint32_t, llvm::Value*> values;
  };

  std::string readStates();
  std::string readLoopState();
  void clone();
  void split();
  void makeEntries();
  void findHeaders();
  void dropUnreachable();
  void repair(std::uint32_t number);
  void arrange();
  llvm::Value* home(std::uint32_t number) const { return map_.lookup(&numbers_.value(number)); }

  llvm::Function& prepared_;
  FunctionNumbers numbers_;
  LivePoints live_;
  std::vector<std::uint32_t> places_;
  const std::optional<std::uint32_t> loop_;
  std::vector<Entry> entries_;
  llvm::ValueToValueMapTy map_;
  llvm::Function* source_ = nullptr; ///< owns the clones of the arguments
  llvm::Function* made_ = nullptr;
  std::vector<const llvm::BasicBlock*> order_;                               ///< of the prepared function's blocks
  std::map<const llvm::BasicBlock*, std::vector<llvm::BasicBlock*>> pieces_; ///< of an old block, in order
  llvm::SmallPtrSet<llvm::BasicBlock*, 32> reachable_;
  Resume out_;
};

std::string Resuming::readStates() {
  for (std::uint32_t place : places_) {
    const auto* instruction =
        place < numbers_.valueCount() ? llvm::dyn_cast<llvm::Instruction>(&numbers_.value(place)) : nullptr;
    if (!instruction || !isPlace(*instruction))
      return "no activation can stand there";
    auto state = live_.at(*instruction);
    if (!state)
      return state.error();
    Entry& entry = entries_.emplace_back();
    entry.place = place;
    entry.state = std::move(*state);
  }
  return {};
}

std::string Resuming::readLoopState() {
  if (*loop_ >= numbers_.blockCount())
    return "there is no such block";
  const llvm::BasicBlock& header = numbers_.block(*loop_);
  auto state = liveInto(numbers_, header);
  if (!state)
    return state.error();
  const llvm::Instruction& first = *header.getFirstNonPHI();
  if (auto live = live_.at(first); !live)
    return live.error();
  Entry& entry = entries_.emplace_back();
  entry.place = numbers_.of(first);
  entry.state = std::move(*state);
  return {};
}

void Resuming::clone() {
  source_ = llvm::CloneFunction(&prepared_, map_);
  llvm::LLVMContext& context = prepared_.getContext();
  auto* type = llvm::FunctionType::get(prepared_.getReturnType(), {llvm::PointerType::get(context, 0)}, false);
  made_ = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, prepared_.getAddressSpace(),
                                 prepared_.getName() + ".resume", prepared_.getParent());
  if (prepared_.hasPersonalityFn())
    made_->setPersonalityFn(prepared_.getPersonalityFn());
  // Zero- or sign-extension of the result is the convention's.
  made_->setAttributes(llvm::AttributeList::get(context, {}, prepared_.getAttributes().getRetAttrs(), {}));
  made_->splice(made_->begin(), source_);
}

/// From the last place of a block to its first, so that each rest begins where it should.
void Resuming::split() {
  for (const llvm::BasicBlock& block : prepared_)
    pieces_[&block] = {llvm::cast<llvm::BasicBlock>(map_.lookup(&block))};
  std::vector<std::size_t> byPlace(entries_.size());
  for (std::size_t i = 0; i < byPlace.size(); ++i)
    byPlace[i] = i;
  std::ranges::sort(byPlace, std::greater(), [&](std::size_t i) { return entries_[i].place; });
  for (std::size_t i : byPlace) {
    auto* at = llvm::cast<llvm::Instruction>(home(entries_[i].place));
    auto& pieces = pieces_[llvm::cast<llvm::Instruction>(numbers_.value(entries_[i].place)).getParent()];
    // Phis of successors name the rest as where they come from.
    entries_[i].rest = at->getParent()->splitBasicBlock(at);
    pieces.insert(pieces.begin() + 1, entries_[i].rest);
  }
}

void Resuming::makeEntries() {
  llvm::LLVMContext& context = made_->getContext();
  const llvm::DataLayout& layout = made_->getDataLayout();
  llvm::BasicBlock* top = llvm::BasicBlock::Create(context, "resume", made_, &made_->front());
  llvm::BasicBlock* none = llvm::BasicBlock::Create(context, "none", made_);
  new llvm::UnreachableInst(context, none);
  llvm::IRBuilder<> builder(top);
  llvm::Value* state = made_->getArg(0);
  llvm::Value* place = builder.getInt64(entries_.front().place);
  if (!loop_)
    place = builder.CreateAlignedLoad(builder.getInt64Ty(), state, llvm::Align(8));
  llvm::SwitchInst* choice = builder.CreateSwitch(place, none, static_cast<unsigned>(entries_.size()));
  for (Entry& entry : entries_) {
    entry.block = llvm::BasicBlock::Create(context, "place", made_);
    choice->addCase(builder.getInt64(entry.place), entry.block);
    builder.SetInsertPoint(entry.block);
    llvm::Value* words = loop_ ? state : builder.CreateConstInBoundsGEP1_64(builder.getInt64Ty(), state, 1);
    StateReader reader(builder, layout, words);
    for (const LiveValue& value : entry.state.values)
      entry.values[value.number] = reader.read(value.value->getType(), value.word);
    builder.CreateBr(entry.rest);
  }
  for (llvm::BasicBlock* block : llvm::depth_first(top))
    reachable_.insert(block);
}

/// Targets of jumps back in the prepared function's order.
void Resuming::findHeaders() {
  llvm::DenseMap<const llvm::BasicBlock*, std::size_t> position;
  for (const llvm::BasicBlock* block : llvm::ReversePostOrderTraversal<const llvm::Function*>(&prepared_)) {
    position[block] = order_.size();
    order_.push_back(block);
  }
  for (const llvm::BasicBlock* block : order_)
    for (const llvm::BasicBlock* from : llvm::predecessors(block))
      if (auto* copy = llvm::cast<llvm::BasicBlock>(map_.lookup(block));
          position.count(from) && position[from] >= position[block] && reachable_.contains(copy)) {
        out_.headers.push_back({copy, numbers_.of(*block), {}});
        break;
      }
}

void Resuming::dropUnreachable() {
  for (llvm::BasicBlock& block : *made_) {
    if (reachable_.contains(&block))
      continue;
    for (llvm::BasicBlock* next : llvm::successors(&block))
      if (reachable_.contains(next))
        next->removePredecessor(&block, /*KeepOneInputPHIs=*/true);
    block.dropAllReferences();
  }
}

/// All uses still name the one definition; each gets that which reaches it.
void Resuming::repair(std::uint32_t number) {
  llvm::Value* value = home(number);
  auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
  llvm::BasicBlock* own =
      instruction && reachable_.contains(instruction->getParent()) ? instruction->getParent() : nullptr;
  llvm::SSAUpdater updater;
  updater.Initialize(value->getType(), value->getName());
  if (own)
    updater.AddAvailableValue(own, value);
  for (Entry& entry : entries_)
    if (auto found = entry.values.find(number); found != entry.values.end())
      updater.AddAvailableValue(entry.block, found->second);
  llvm::SmallVector<llvm::Use*, 16> uses;
  for (llvm::Use& use : value->uses())
    uses.push_back(&use);
  llvm::DenseMap<llvm::BasicBlock*, llvm::PHINode*> atHeader;
  for (ResumeHeader& header : out_.headers) {
    auto* block = const_cast<llvm::BasicBlock*>(header.block);
    if (block == own || !live_.liveIn(numbers_.block(header.number), number))
      continue;
    auto* phi = llvm::PHINode::Create(value->getType(), 0, value->getName() + ".in");
    phi->insertBefore(block->begin());
    updater.AddAvailableValue(block, phi);
    atHeader[block] = phi;
    header.values.emplace_back(number, phi);
  }
  for (auto [block, phi] : atHeader)
    for (llvm::BasicBlock* from : llvm::predecessors(block))
      phi->addIncoming(updater.GetValueAtEndOfBlock(from), from);
  for (llvm::Use* use : uses) {
    auto* user = llvm::cast<llvm::Instruction>(use->getUser());
    if (llvm::isa<llvm::PHINode>(user)) {
      updater.RewriteUse(*use);
    } else if (user->getParent() != own) {
      if (llvm::PHINode* phi = atHeader.lookup(user->getParent()))
        use->set(phi);
      else
        updater.RewriteUse(*use);
    }
  }
}

void Resuming::arrange() {
  std::vector<llvm::BasicBlock*> dead;
  for (llvm::BasicBlock& block : *made_)
    if (!reachable_.contains(&block))
      dead.push_back(&block);
  for (llvm::BasicBlock* block : dead)
    block->eraseFromParent();
  for (const llvm::BasicBlock* old : order_)
    for (llvm::BasicBlock* piece : pieces_[old])
      if (reachable_.contains(piece))
        piece->moveAfter(&made_->back());
}

std::expected<Resume, std::string> Resuming::run() {
  if (auto reason = cannotResume(prepared_))
    return std::unexpected(*reason);
  if (std::string reason = loop_ ? readLoopState() : readStates(); !reason.empty())
    return std::unexpected(reason);
  clone();
  split();
  makeEntries();
  findHeaders();
  dropUnreachable();
  llvm::BitVector handedOn(numbers_.valueCount());
  for (const Entry& entry : entries_)
    for (const LiveValue& value : entry.state.values)
      handedOn.set(value.number);
  for (unsigned number : handedOn.set_bits())
    repair(number);
  // What is live into a header and was handed on nowhere has its one definition; so have the header's phis.
  for (ResumeHeader& header : out_.headers) {
    const llvm::BasicBlock& old = numbers_.block(header.number);
    for (std::uint32_t number = 0; number < numbers_.valueCount(); ++number)
      if (!handedOn.test(number) && live_.liveIn(old, number))
        header.values.emplace_back(number, home(number));
    for (const llvm::PHINode& phi : old.phis())
      header.values.emplace_back(numbers_.of(phi), home(numbers_.of(phi)));
  }
  arrange();
  source_->eraseFromParent();
  out_.function = made_;
  return std::move(out_);
}

bool namesFrame(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::vastart:
  case llvm::Intrinsic::returnaddress:
  case llvm::Intrinsic::addressofreturnaddress:
  case llvm::Intrinsic::frameaddress:
  case llvm::Intrinsic::sponentry:
  case llvm::Intrinsic::localescape:
    return true;
  default:
    return intrinsic.getCalledFunction()->getName().starts_with("llvm.coro.");
  }
}

} // namespace

void Resume::drop() {
  if (function)
    function->eraseFromParent();
  function = nullptr;
}

bool isPlace(const llvm::Instruction& instruction) {
  return !llvm::isa<llvm::PHINode>(instruction) && !instruction.isEHPad();
}

std::optional<std::string> cannotResume(const llvm::Function& prepared) {
  if (prepared.hasFnAttribute(llvm::Attribute::Naked))
    return "the function is naked";
  if (prepared.isPresplitCoroutine())
    return "the function is a coroutine";
  // A longjmp would come back to the old frame.
  if (prepared.callsFunctionThatReturnsTwice())
    return "the function calls setjmp";
  for (const llvm::Argument& argument : prepared.args())
    if (argument.hasSwiftErrorAttr() || argument.hasInAllocaAttr() || argument.hasPreallocatedAttr())
      return "an argument is passed in a way that cannot be handed on";
  for (const llvm::Instruction& instruction : llvm::instructions(prepared)) {
    if (instruction.getType()->isTokenTy())
      return "it has values that cannot be handed on";
    if (const auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction); variable && variable->isSwiftError())
      return "it has variables that cannot be handed on";
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (call && call->isMustTailCall())
      return "it ends in a call that must be a tail call";
    if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction); intrinsic && namesFrame(*intrinsic))
      return "it looks at its own frame";
  }
  return std::nullopt;
}

std::expected<Resume, std::string> makeResumeAtLoop(llvm::Function& prepared, std::uint32_t block) {
  return Resuming(prepared, {}, block).run();
}

std::expected<Resume, std::string> makeResume(llvm::Function& prepared, std::span<const std::uint32_t> places) {
  return Resuming(prepared, places).run();
}

} // namespace kiln
