// Turning a function into the continuation at one of its loop headers.
//
// A new entry block takes the live values from the state and branches to the header (EnterLoop.h). Code that can no longer
// be reached goes. A value whose definition went is its value from the state; one whose definition can be reached again
// (that of an enclosing loop) has several definitions now and gets phis.
//
// Static allocas: those that never escaped become allocas of the continuation, filled from the old frame's memory, so
// that LLVM can make values of them again. Others stay where they are, in the old frame.
#include "compile/llvm/Transform.h"

#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/CaptureTracking.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compile/llvm/EnterLoop.h"
#include "transition/FrameState.h"
#include "transition/StateAccess.h"

namespace kiln {
namespace {

/// Larger allocas are not copied: promotion would hardly take them apart, and the copy would double the stack they need.
constexpr std::uint64_t kLargestCopy = 16384; // bytes

bool isMarker(const llvm::User* user) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(user);
  return intrinsic && intrinsic->isLifetimeStartOrEnd();
}

class Continuing {
public:
  Continuing(Unit& unit, std::uint32_t loop, llvm::BasicBlock* header)
      : unit_(unit), old_(*unit.function), numbers_(old_), loop_(loop), header_(header) {}
  std::optional<Refusal> run();

private:
  std::optional<Refusal> refuse(std::string reason, const llvm::Instruction* at = nullptr) const;
  std::optional<Refusal> checkFunction() const;
  std::optional<Refusal> checkCode() const;
  void findReachable();
  void chooseCopies();
  bool canCopy(const llvm::AllocaInst& variable, const llvm::SmallPtrSetImpl<const llvm::Value*>& live) const;
  void makeFunction();
  llvm::Value* entryValue(llvm::Value& value, std::uint32_t word);
  llvm::Value* copiedAlloca(llvm::AllocaInst& variable, std::uint32_t word);
  llvm::Value* placeInCopy(llvm::Value& value);
  void describeLoad(llvm::Value* loaded, const llvm::Value& value);
  void enter(const std::vector<EnclosingLoop>& around);
  void callUnwinder();

  Unit& unit_;
  llvm::Function& old_;
  FunctionNumbers numbers_;
  const std::uint32_t loop_;
  llvm::BasicBlock* header_;
  FrameState state_;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 32> reachable_;
  llvm::SmallPtrSet<const llvm::AllocaInst*, 8> copied_; ///< those to copy
  llvm::DenseMap<const llvm::AllocaInst*, llvm::AllocaInst*> copies_;
  llvm::Function* made_ = nullptr;
  llvm::BasicBlock* entry_ = nullptr;
  std::optional<llvm::IRBuilder<>> builder_;
};

std::optional<Refusal> Continuing::refuse(std::string reason, const llvm::Instruction* at) const {
  Refusal refusal;
  refusal.reason = "no entry at loop " + std::to_string(loop_) + ": " + std::move(reason);
  refusal.function = unit_.readable;
  if (at)
    refusal.instruction = at->getOpcodeName();
  return refusal;
}

std::optional<Refusal> Continuing::checkFunction() const {
  if (old_.hasFnAttribute(llvm::Attribute::Naked))
    return refuse("the function is naked");
  if (old_.isPresplitCoroutine())
    return refuse("the function is a coroutine");
  // A longjmp would come back to the old frame, whose variables the continuation has copies of.
  if (old_.callsFunctionThatReturnsTwice())
    return refuse("the function calls setjmp");
  for (const llvm::Argument& argument : old_.args())
    if (argument.hasSwiftErrorAttr() || argument.hasInAllocaAttr() || argument.hasPreallocatedAttr())
      return refuse("an argument is passed in a way that cannot be handed on");
  return std::nullopt;
}

/// What is bound to the frame or to the signature of the activation that runs.
std::optional<Refusal> Continuing::checkCode() const {
  for (const llvm::Instruction& instruction : llvm::instructions(old_)) {
    if (!reachable_.contains(instruction.getParent()))
      continue;
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (call && call->isMustTailCall())
      return refuse("it ends in a call that must be a tail call", call);
    if (instruction.getType()->isTokenTy())
      return refuse("a token would need several definitions", &instruction);
    const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (!intrinsic)
      continue;
    switch (intrinsic->getIntrinsicID()) {
    case llvm::Intrinsic::vastart: return refuse("it reads its variable arguments from their start", intrinsic);
    case llvm::Intrinsic::returnaddress:
    case llvm::Intrinsic::addressofreturnaddress:
    case llvm::Intrinsic::frameaddress:
    case llvm::Intrinsic::sponentry:
    case llvm::Intrinsic::localescape: return refuse("it looks at its own frame", intrinsic);
    case llvm::Intrinsic::stackrestore:
      // A saved stack pointer of the old frame means nothing here; enter() can replace it only where it stands itself.
      if (const auto* save = llvm::dyn_cast<llvm::IntrinsicInst>(intrinsic->getArgOperand(0));
          !save || save->getIntrinsicID() != llvm::Intrinsic::stacksave)
        return refuse("a saved stack pointer goes through other values", intrinsic);
      break;
    default:
      if (intrinsic->getCalledFunction()->getName().starts_with("llvm.coro."))
        return refuse("the function is a coroutine", intrinsic);
    }
  }
  return std::nullopt;
}

void Continuing::findReachable() {
  for (const llvm::BasicBlock* block : llvm::depth_first(static_cast<const llvm::BasicBlock*>(header_)))
    reachable_.insert(block);
}

/// Pointers into a copied alloca must all point to the copy. Those that are live themselves would bring the old address
/// along; but fixed places in the alloca (getelementptr with constants) are computed again (placeInCopy).
bool Continuing::canCopy(const llvm::AllocaInst& variable, const llvm::SmallPtrSetImpl<const llvm::Value*>& live) const {
  auto size = variable.getAllocationSize(old_.getDataLayout());
  if (!live.contains(&variable) || !variable.isStaticAlloca() || variable.isSwiftError() || !size || size->isScalable() ||
      size->getFixedValue() > kLargestCopy || llvm::PointerMayBeCaptured(&variable, true, true))
    return false;
  llvm::SmallPtrSet<const llvm::Value*, 16> seen;
  // A value, and whether it is at a fixed place.
  llvm::SmallVector<std::pair<const llvm::Value*, bool>, 16> work{{&variable, true}};
  while (!work.empty()) {
    auto [pointer, fixed] = work.pop_back_val();
    for (const llvm::User* user : pointer->users()) {
      if (!user->getType()->isPtrOrPtrVectorTy() || llvm::isa<llvm::LoadInst>(user) || !seen.insert(user).second)
        continue;
      const auto* gep = llvm::dyn_cast<llvm::GetElementPtrInst>(user);
      bool constant = fixed && gep && gep->hasAllConstantIndices() && gep->getType()->isPointerTy();
      if (live.contains(user) && !constant)
        return false;
      work.emplace_back(user, constant);
    }
  }
  return true;
}

void Continuing::chooseCopies() {
  llvm::SmallPtrSet<const llvm::Value*, 32> live;
  for (const LiveValue& value : state_.values)
    live.insert(value.value);
  for (const llvm::Instruction& instruction : old_.getEntryBlock())
    if (const auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
      if (canCopy(*variable, live))
        copied_.insert(variable);
}

void Continuing::makeFunction() {
  llvm::LLVMContext& context = old_.getContext();
  auto* type = llvm::FunctionType::get(old_.getReturnType(), {llvm::PointerType::get(context, 0)}, false);
  made_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, old_.getAddressSpace(), unit_.readable + ".osr",
                                 unit_.module.get());
  made_->copyAttributesFrom(&old_);
  // The frame that calls this returns its results as they come: a third float is in XMM2 with fastcc, on the x87 stack
  // with C.
  made_->setCallingConv(old_.getCallingConv() == llvm::CallingConv::Fast ? llvm::CallingConv::Fast
                                                                         : llvm::CallingConv::C);
  // Attributes of the arguments, and what the function says of memory through them, mean nothing here.
  llvm::AttributeList attributes = old_.getAttributes();
  llvm::AttrBuilder ofFunction(context, attributes.getFnAttrs());
  for (auto kind : {llvm::Attribute::Memory, llvm::Attribute::AllocSize, llvm::Attribute::AllocKind,
                    llvm::Attribute::Speculatable, llvm::Attribute::AlwaysInline})
    ofFunction.removeAttribute(kind);
  ofFunction.removeAttribute("alloc-family");
  llvm::AttrBuilder ofState(context);
  ofState.addAttribute(llvm::Attribute::NoAlias);
  ofState.addAttribute(llvm::Attribute::NoCapture);
  ofState.addAttribute(llvm::Attribute::ReadOnly);
  ofState.addAttribute(llvm::Attribute::NoUndef);
  made_->setAttributes(llvm::AttributeList::get(context, llvm::AttributeSet::get(context, ofFunction),
                                                attributes.getRetAttrs(), {llvm::AttributeSet::get(context, ofState)}));
  if (old_.hasPersonalityFn())
    made_->setPersonalityFn(old_.getPersonalityFn());
  made_->getArg(0)->setName("state");
  made_->splice(made_->begin(), &old_);
  made_->setSubprogram(old_.getSubprogram());
  old_.setSubprogram(nullptr);
  entry_ = llvm::BasicBlock::Create(context, "kiln.enter", made_, &made_->front());
  builder_.emplace(entry_);
  builder_->SetInsertPoint(llvm::BranchInst::Create(header_, entry_));
}

/// What is known of a pointer at its definition holds for the word that it comes back from.
void Continuing::describeLoad(llvm::Value* loaded, const llvm::Value& value) {
  auto* load = llvm::dyn_cast<llvm::LoadInst>(loaded);
  if (!load || !load->getType()->isPointerTy())
    return;
  llvm::LLVMContext& context = load->getContext();
  auto note = [&](unsigned kind, std::uint64_t amount) {
    auto* constant = llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), amount);
    load->setMetadata(kind, llvm::MDNode::get(context, llvm::ConstantAsMetadata::get(constant)));
  };
  llvm::MDNode* yes = llvm::MDNode::get(context, {});
  if (const auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&value)) {
    auto size = variable->getAllocationSize(made_->getDataLayout());
    load->setMetadata(llvm::LLVMContext::MD_nonnull, yes);
    load->setMetadata(llvm::LLVMContext::MD_noundef, yes);
    note(llvm::LLVMContext::MD_align, variable->getAlign().value());
    if (variable->isStaticAlloca() && size && !size->isScalable() && size->getFixedValue())
      note(llvm::LLVMContext::MD_dereferenceable, size->getFixedValue());
  } else if (const auto* argument = llvm::dyn_cast<llvm::Argument>(&value);
             argument && argument->hasAttribute(llvm::Attribute::NoUndef)) {
    load->setMetadata(llvm::LLVMContext::MD_noundef, yes);
    if (argument->hasAttribute(llvm::Attribute::NonNull))
      load->setMetadata(llvm::LLVMContext::MD_nonnull, yes);
    if (auto align = argument->getParamAlign())
      note(llvm::LLVMContext::MD_align, align->value());
    if (std::uint64_t bytes = argument->getDereferenceableBytes())
      note(llvm::LLVMContext::MD_dereferenceable, bytes);
  }
}

llvm::Value* Continuing::copiedAlloca(llvm::AllocaInst& variable, std::uint32_t word) {
  const llvm::DataLayout& layout = made_->getDataLayout();
  auto* copy = llvm::cast<llvm::AllocaInst>(variable.clone());
  copy->insertBefore(entry_->begin());
  copy->setName(variable.getName());
  llvm::Value* from = StateReader(*builder_, layout, made_->getArg(0)).read(variable.getType(), word);
  builder_->CreateMemCpy(copy, copy->getAlign(), from, copy->getAlign(),
                         variable.getAllocationSize(layout)->getFixedValue());
  // It holds values from the start. Markers would say that it is dead until the first of them.
  llvm::SmallVector<llvm::Instruction*, 8> markers;
  for (llvm::User* user : variable.users())
    if (isMarker(user))
      markers.push_back(llvm::cast<llvm::Instruction>(user));
  for (llvm::Instruction* marker : markers)
    marker->eraseFromParent();
  copies_[&variable] = copy;
  return copy;
}

llvm::Value* Continuing::entryValue(llvm::Value& value, std::uint32_t word) {
  if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&value); variable && copied_.contains(variable))
    return copiedAlloca(*variable, word);
  if (llvm::Value* place = placeInCopy(value))
    return place;
  // The part of the stack that the old frame would release is not this frame's.
  if (auto* save = llvm::dyn_cast<llvm::IntrinsicInst>(&value);
      save && save->getIntrinsicID() == llvm::Intrinsic::stacksave)
    return builder_->CreateStackSave();
  llvm::Value* loaded = StateReader(*builder_, made_->getDataLayout(), made_->getArg(0)).read(value.getType(), word);
  describeLoad(loaded, value);
  return loaded;
}

/// A fixed place in a copied alloca: the same steps from the copy.
llvm::Value* Continuing::placeInCopy(llvm::Value& value) {
  llvm::SmallVector<llvm::GetElementPtrInst*, 4> steps;
  llvm::Value* base = &value;
  while (auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(base)) {
    if (!step->hasAllConstantIndices())
      return nullptr;
    steps.push_back(step);
    base = step->getPointerOperand();
  }
  auto copy = copies_.find(llvm::dyn_cast<llvm::AllocaInst>(base));
  if (steps.empty() || copy == copies_.end())
    return nullptr;
  llvm::Value* place = copy->second;
  for (llvm::GetElementPtrInst* step : llvm::reverse(steps)) {
    auto* again = llvm::cast<llvm::GetElementPtrInst>(step->clone());
    again->setOperand(0, place);
    builder_->Insert(again, step->getName());
    place = again;
  }
  return place;
}

void Continuing::enter(const std::vector<EnclosingLoop>& around) {
  std::vector<EntryValue> values;
  for (const LiveValue& live : state_.values) {
    auto* value = const_cast<llvm::Value*>(live.value);
    values.push_back({value, entryValue(*value, live.word)});
    // What comes from the state never changes, as the argument did not.
    for (KnownValue& known : unit_.known)
      if (known.value == value)
        known.value = values.back().atEntry;
  }
  std::erase_if(unit_.known, [](const KnownValue& known) { return llvm::isa<llvm::Argument>(known.value); });
  enterLoop(*entry_, *header_, values, around);
}

/// An exception may come in with the state, its landing pad left behind; LLVM takes a `resume` that no landing pad leads to
/// for unreachable (DwarfEHPrepare). What LLVM would make of it in the end is put in its place now.
void Continuing::callUnwinder() {
  llvm::SmallVector<llvm::ResumeInst*, 4> resumes;
  for (llvm::Instruction& instruction : llvm::instructions(*made_))
    if (auto* resume = llvm::dyn_cast<llvm::ResumeInst>(&instruction))
      resumes.push_back(resume);
  for (llvm::ResumeInst* resume : resumes) {
    llvm::IRBuilder<> builder(resume);
    auto* type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
    llvm::CallInst* call = builder.CreateCall(unit_.module->getOrInsertFunction("_Unwind_Resume", type),
                                              {builder.CreateExtractValue(resume->getValue(), 0)});
    call->setDoesNotReturn();
    builder.CreateUnreachable();
    resume->eraseFromParent();
  }
}

std::optional<Refusal> Continuing::run() {
  if (!header_ && loop_ < numbers_.blockCount())
    header_ = const_cast<llvm::BasicBlock*>(&numbers_.block(loop_));
  if (!header_)
    return refuse("there is no such block");
  if (auto refusal = checkFunction())
    return refusal;
  auto state = liveInto(numbers_, *header_);
  if (!state)
    return refuse(state.error());
  state_ = std::move(*state);
  findReachable();
  if (auto refusal = checkCode())
    return refusal;
  chooseCopies();
  std::vector<EnclosingLoop> around = loopsAround(old_, *header_);
  makeFunction();
  enter(around);
  callUnwinder();
  old_.deleteBody(); // a declaration: what calls and addresses of the function name
  unit_.function = made_;
  unit_.loop = loop_;
  return std::nullopt;
}

} // namespace

std::optional<Refusal> makeContinuation(Unit& unit, std::uint32_t loop, llvm::BasicBlock* header) {
  return Continuing(unit, loop, header).run();
}

} // namespace kiln
