#include "compile/llvm/Specialise.h"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compile/llvm/Unfold.h"

namespace kiln {
namespace {

/// In IR instructions. The body is compiled twice; an interpreter's main loop is about as long.
constexpr unsigned kLargestBody = 2000;
/// A guard passes so many times as often as it fails.
constexpr std::uint32_t kPassing = 1 << 20;
/// A failure costs some nanoseconds, so that even many cost less than a compile. An argument that differs once in ten
/// thousand calls is worth its guard for a hundred million.
constexpr std::uint64_t kFailingCalls = 10'000;

/// In the middle of one function: the guard, at its entry.
class Guarding {
public:
  Guarding(Unit& unit, llvm::Function& body, llvm::ArrayRef<KnownValue> values, std::uint32_t function)
      : unit_(unit), body_(body), values_(values), function_(function), entry_(body.getEntryBlock()) {}

  /// Splits the entry, so that `special` has what was there. Code for other values goes to `slow`.
  void split();
  /// Puts the constants in place of the values.
  void substitute();
  /// Ends a block with the call of a function of the same type, and a return.
  void handOn(llvm::BasicBlock& block, llvm::Function& to, bool cold);
  /// Continues `slow` with another block.
  void countFailures(llvm::BasicBlock& block);

  llvm::BasicBlock* special = nullptr;
  llvm::BasicBlock* slow = nullptr;

private:
  llvm::Instruction* placeToSplit();
  llvm::Constant* cellOf(const GuardInfo& guard);

  Unit& unit_;
  llvm::Function& body_;
  const llvm::ArrayRef<KnownValue> values_;
  const std::uint32_t function_;
  llvm::BasicBlock& entry_;
  std::vector<llvm::Value*> same_; ///< a bit for each value
};

/// Behind the static allocas, which stay in the entry, and behind the words of a state.
llvm::Instruction* Guarding::placeToSplit() {
  if (!llvm::isa<llvm::Argument>(values_.front().value))
    return entry_.getTerminator();
  std::vector<llvm::AllocaInst*> variables;
  for (llvm::Instruction& instruction : entry_)
    if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction); variable && variable->isStaticAlloca())
      variables.push_back(variable);
  llvm::Instruction* first = &*entry_.getFirstInsertionPt();
  for (llvm::AllocaInst* variable : variables)
    if (variable == first)
      first = first->getNextNode();
    else
      variable->moveBefore(first);
  return first;
}

void Guarding::split() {
  special = entry_.splitBasicBlock(placeToSplit(), "kiln.special");
  slow = llvm::BasicBlock::Create(body_.getContext(), "kiln.generic", &body_);
  llvm::IRBuilder<> builder(entry_.getTerminator());
  llvm::Value* all = nullptr;
  for (const KnownValue& known : values_) {
    // An undefined value may not decide a branch.
    llvm::Value* value =
        llvm::isGuaranteedNotToBeUndefOrPoison(known.value) ? known.value : builder.CreateFreeze(known.value);
    same_.push_back(builder.CreateICmpEQ(value, known.constant));
    all = all ? builder.CreateAnd(all, same_.back()) : same_.back();
  }
  auto* branch = llvm::BranchInst::Create(special, slow, all);
  branch->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(body_.getContext()).createBranchWeights(kPassing, 1));
  llvm::ReplaceInstWithInst(entry_.getTerminator(), branch);
}

void Guarding::substitute() {
  for (const KnownValue& known : values_)
    known.value->replaceUsesWithIf(known.constant, [&](const llvm::Use& use) {
      const auto* user = llvm::dyn_cast<llvm::Instruction>(use.getUser());
      return user && user->getParent() != &entry_ && user->getParent() != slow;
    });
  for (llvm::Instruction& instruction : llvm::instructions(body_))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
      if (auto* callee = llvm::dyn_cast<llvm::Function>(call->getCalledOperand());
          callee && call->hasMetadata(llvm::LLVMContext::MD_prof) &&
          call->getMetadata(llvm::LLVMContext::MD_prof)->getNumOperands() > 3)
        call->setMetadata(llvm::LLVMContext::MD_prof, nullptr); // where the pointer led
}

void Guarding::countFailures(llvm::BasicBlock& block) {
  llvm::IRBuilder<> builder(&block);
  llvm::Value* spent = nullptr;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const KnownValue& known = values_[i];
    llvm::Value* cell =
        cellOf({.assumption = {AssumptionKind::ConstantArgument, function_, known.argument, known.number},
                .limit = kFailingCalls});
    llvm::Value* failed = builder.CreateZExt(builder.CreateNot(same_[i]), builder.getInt64Ty());
    llvm::Value* left =
        builder.CreateSub(builder.CreateAlignedLoad(builder.getInt64Ty(), cell, llvm::Align(8)), failed);
    builder.CreateAlignedStore(left, cell, llvm::Align(8));
    llvm::Value* none = builder.CreateSelect(builder.CreateICmpSLT(left, builder.getInt64(0)), cell,
                                             llvm::Constant::getNullValue(builder.getPtrTy()));
    spent = spent ? builder.CreateSelect(builder.CreateIsNull(spent), none, spent) : none;
  }
  auto* report = llvm::BasicBlock::Create(builder.getContext(), "kiln.spent", &body_);
  auto* on = llvm::BasicBlock::Create(builder.getContext(), "kiln.generic.call", &body_);
  builder.CreateCondBr(builder.CreateIsNull(spent), on, report,
                       llvm::MDBuilder(builder.getContext()).createBranchWeights(kPassing, 1));
  builder.SetInsertPoint(report);
  llvm::FunctionCallee runtime = unit_.module->getOrInsertFunction(
      llvm::StringRef(kGuardSpentSymbol.data(), kGuardSpentSymbol.size()), builder.getVoidTy(), builder.getPtrTy());
  auto* function = llvm::cast<llvm::Function>(runtime.getCallee());
  function->setCallingConv(llvm::CallingConv::PreserveAll);
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::NonLazyBind);
  builder.CreateCall(runtime, {spent})->setCallingConv(llvm::CallingConv::PreserveAll);
  builder.CreateBr(on);
  slow = on;
}

/// A place in the array that the version has for its guards.
llvm::Constant* Guarding::cellOf(const GuardInfo& guard) {
  llvm::LLVMContext& context = body_.getContext();
  auto* type = llvm::ArrayType::get(llvm::Type::getInt64Ty(context), 0);
  auto* cells = llvm::cast<llvm::GlobalVariable>(
      unit_.module->getOrInsertGlobal(llvm::StringRef(kGuardsSymbol.data(), kGuardsSymbol.size()), type));
  cells->setDSOLocal(true);
  unit_.guards.push_back(guard);
  return llvm::ConstantExpr::getGetElementPtr(
      llvm::Type::getInt8Ty(context), cells,
      llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), (unit_.guards.size() - 1) * sizeof(GuardCell)));
}

void Guarding::handOn(llvm::BasicBlock& block, llvm::Function& to, bool cold) {
  llvm::IRBuilder<> builder(&block);
  std::vector<llvm::Value*> arguments;
  bool inPlace = body_.getFunctionType() == to.getFunctionType() && to.getCallingConv() == body_.getCallingConv();
  for (llvm::Argument& argument : body_.args()) {
    arguments.push_back(&argument);
    inPlace &= !argument.hasByValAttr() && !argument.hasPassPointeeByValueCopyAttr();
  }
  llvm::CallInst* call = builder.CreateCall(&to, arguments);
  call->setCallingConv(to.getCallingConv());
  llvm::AttributeList from = body_.getAttributes();
  llvm::SmallVector<llvm::AttributeSet, 8> ofArguments;
  for (unsigned i = 0; i < body_.arg_size(); ++i)
    ofArguments.push_back(from.getParamAttrs(i));
  llvm::AttributeSet ofCall;
  if (cold)
    ofCall = ofCall.addAttribute(body_.getContext(), llvm::Attribute::Cold)
                 .addAttribute(body_.getContext(), llvm::Attribute::NoInline);
  call->setAttributes(llvm::AttributeList::get(body_.getContext(), ofCall, from.getRetAttrs(), ofArguments));
  // The special code has used up no more stack than it needs for a jump.
  call->setTailCallKind(inPlace ? llvm::CallInst::TCK_Tail : llvm::CallInst::TCK_None);
  if (body_.getReturnType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
}

llvm::Function& cloneBeside(llvm::Function& function, const char* suffix) {
  llvm::ValueToValueMapTy values;
  llvm::Function* clone = llvm::CloneFunction(&function, values);
  clone->setName(function.getName() + suffix);
  clone->setLinkage(llvm::GlobalValue::InternalLinkage);
  clone->setDSOLocal(true);
  clone->addFnAttr(kPartOfUnit);
  return *clone;
}

bool callsItself(const llvm::CallBase& call, const llvm::Function& function, llvm::ArrayRef<KnownValue> values) {
  return call.getCalledOperand() == &function && call.getFunctionType() == function.getFunctionType() &&
         llvm::all_of(values, [&](const KnownValue& known) {
           const llvm::Value* given = call.getArgOperand(known.argument);
           return given == known.constant || given == known.value;
         });
}

std::vector<llvm::CallBase*> sameCalls(llvm::Function& body, const llvm::Function& function,
                                       llvm::ArrayRef<KnownValue> values) {
  std::vector<llvm::CallBase*> calls;
  for (llvm::Instruction& instruction : llvm::instructions(body))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction); call && callsItself(*call, function, values))
      calls.push_back(call);
  return calls;
}

/// A copy of the function, or of the copy that may be inlined into it, with the constants.
llvm::Function& specialCopy(llvm::Function& of, llvm::ArrayRef<KnownValue> values) {
  llvm::Function& special = cloneBeside(of, ".special");
  for (const KnownValue& known : values)
    special.getArg(known.argument)->replaceAllUsesWith(known.constant);
  return special;
}

/// The special body as a function of its own, which its own calls go to.
void specialiseRecursion(Unit& unit, llvm::ArrayRef<KnownValue> values) {
  llvm::Function& root = *unit.function;
  llvm::Function& special = specialCopy(root, values);
  unfoldLoops(special);
  for (llvm::CallBase* call : sameCalls(special, root, values))
    call->setCalledOperand(&special);
  if (unit.again)
    if (auto calls = sameCalls(special, *unit.again, values); !calls.empty()) {
      llvm::Function& again = specialCopy(*unit.again, values);
      for (llvm::CallBase* call : calls)
        call->setCalledOperand(&again);
      for (llvm::CallBase* call : sameCalls(again, root, values))
        call->setCalledOperand(&special);
    }
  // The root keeps its name, its entry count and its attributes.
  llvm::MDNode* entries = root.getMetadata(llvm::LLVMContext::MD_prof);
  llvm::Function& generic = cloneBeside(root, ".generic");
  generic.addFnAttr(llvm::Attribute::NoInline);
  const auto linkage = root.getLinkage();
  root.deleteBody();
  root.setLinkage(linkage);
  root.setMetadata(llvm::LLVMContext::MD_prof, entries);
  auto* entry = llvm::BasicBlock::Create(root.getContext(), "kiln.enter", &root);
  new llvm::UnreachableInst(root.getContext(), entry);
  Guarding guard(unit, root, values, unit.id);
  guard.split();
  guard.special->getTerminator()->eraseFromParent();
  guard.handOn(*guard.special, special, false);
  guard.countFailures(*guard.slow);
  guard.handOn(*guard.slow, generic, true);
}

std::vector<KnownValue> chosen(const Unit& unit, llvm::Function& body, llvm::ArrayRef<KnownValue> values) {
  return unit.anyConstant ? values.take_front(kMostArguments).vec() : worthKnowing(body, values);
}

} // namespace

bool canSpecialise(const llvm::Function& body) {
  if (body.isVarArg() || body.hasFnAttribute(llvm::Attribute::Naked) || body.isPresplitCoroutine() ||
      body.callsFunctionThatReturnsTwice() || body.hasFnAttribute(llvm::Attribute::AlwaysInline) ||
      body.getInstructionCount() > kLargestBody)
    return false;
  for (const llvm::Argument& argument : body.args())
    if (argument.hasInAllocaAttr() || argument.hasPreallocatedAttr() || argument.hasSwiftErrorAttr())
      return false;
  for (const llvm::BasicBlock& block : body)
    if (block.hasAddressTaken())
      return false;
  for (const llvm::Instruction& instruction : llvm::instructions(body)) {
    const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    if (!call)
      continue;
    // Assembly may define symbols.
    if (const auto* assembly = llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand());
        call->cannotDuplicate() || (assembly && !assembly->getAsmString().empty()))
      return false;
    const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(call);
    if (!intrinsic)
      continue;
    switch (intrinsic->getIntrinsicID()) {
    case llvm::Intrinsic::vastart:
    case llvm::Intrinsic::returnaddress:
    case llvm::Intrinsic::addressofreturnaddress:
    case llvm::Intrinsic::frameaddress:
    case llvm::Intrinsic::sponentry:
    case llvm::Intrinsic::localescape:
      return false; // the generic body has another frame
    default:
      break;
    }
  }
  return true;
}

void specialiseRoot(Unit& unit, bool selfCalls) {
  llvm::Function& root = *unit.function;
  std::vector<KnownValue> values = chosen(unit, root, unit.known);
  if (values.empty() || !canSpecialise(root))
    return;
  const bool recursive =
      !sameCalls(root, root, values).empty() || (unit.again && !sameCalls(root, *unit.again, values).empty());
  if (selfCalls && unit.loop == kNoLoop && recursive)
    return specialiseRecursion(unit, values);
  llvm::Function& generic = cloneBeside(root, ".generic");
  generic.addFnAttr(llvm::Attribute::NoInline);
  Guarding guard(unit, root, values, unit.id);
  guard.split();
  guard.substitute();
  unfoldLoops(*guard.special->getParent());
  guard.countFailures(*guard.slow);
  guard.handOn(*guard.slow, generic, true);
}

namespace {

void specialiseCallee(Unit& unit, llvm::Function& copy, std::uint32_t function, llvm::ArrayRef<KnownValue> known) {
  std::vector<KnownValue> values = chosen(unit, copy, known);
  if (values.empty() || !canSpecialise(copy))
    return;
  auto* generic = llvm::Function::Create(copy.getFunctionType(), llvm::GlobalValue::ExternalLinkage,
                                         copy.getAddressSpace(), copy.getName() + ".generic", unit.module.get());
  generic->copyAttributesFrom(&copy);
  generic->setPersonalityFn(nullptr);
  generic->setLinkage(llvm::GlobalValue::ExternalLinkage);
  generic->addFnAttr(llvm::Attribute::NoInline);
  generic->setDSOLocal(true);
  unit.names[generic->getName()] = {SymbolRef::Kind::Function, function, 0};
  // It counts now.
  copy.removeFnAttr(llvm::Attribute::Memory);
  copy.removeFnAttr(llvm::Attribute::Speculatable);
  Guarding guard(unit, copy, values, function);
  guard.split();
  guard.substitute();
  unfoldLoops(*guard.special->getParent());
  guard.countFailures(*guard.slow);
  guard.handOn(*guard.slow, *generic, true);
}

} // namespace

void specialiseCallees(Unit& unit) {
  for (const KnownCallee& callee : unit.callees)
    if (!callee.known.empty())
      specialiseCallee(unit, *callee.copy, callee.id, callee.known);
}

} // namespace kiln
