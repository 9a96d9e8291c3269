#include "compile/llvm/Unit.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/CallPromotionUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

#include <deque>

#include "compile/llvm/Annotate.h"
#include "compile/llvm/Import.h"
#include "profile/ContentHash.h"

namespace kiln {
namespace {

constexpr std::uint64_t kLargestConstant = 4096; // bytes
/// LLVM guesses a target that makes up 5 % of a call's executions and 30 % of those that go to no target guessed before.
constexpr double kGuessedShare = 0.05;

/// Calls that had one value until it is believed. Most arguments that vary do so within the first few.
constexpr std::uint64_t kEnoughCalls = 16;
/// Rounds of loops in each call of a function whose calls are few and long.
constexpr std::uint64_t kLongCall = 1000;

bool namesBlock(const llvm::Constant* constant, int depth = 0) {
  if (llvm::isa<llvm::BlockAddress>(constant) || depth > 8)
    return true;
  if (llvm::isa<llvm::GlobalValue>(constant))
    return false;
  for (const llvm::Use& operand : constant->operands())
    if (namesBlock(llvm::cast<llvm::Constant>(operand.get()), depth + 1))
      return true;
  return false;
}

class Extractor final : public llvm::ValueMaterializer {
public:
  Extractor(World& world, const ProgramMap& map, const WorldSymbols& symbols, const ImportLimits& limits,
            const ProfileSource* profile, const Speculation* speculation)
      : world_(world), map_(map), symbols_(symbols), limits_(limits), profile_(profile), speculation_(speculation) {}

  Result<Unit> run(std::uint32_t id);
  llvm::Value* materialize(llvm::Value* value) override;

private:
  llvm::Function* sourceOf(std::uint32_t id) {
    const FunctionInfo& info = map_.functions[id];
    return &world_.functionAt(info.module, info.index);
  }
  llvm::Constant* declareFunction(const llvm::Function& like, SymbolRef ref);
  llvm::Constant* declareVariable(const llvm::GlobalVariable& like, SymbolRef ref);
  llvm::Constant* declare(const llvm::GlobalValue& global, SymbolRef ref);
  std::string nameFor(const llvm::GlobalValue& global, SymbolRef ref);
  void copyBody(llvm::Function& from, llvm::Function& to);
  llvm::Function* guess(llvm::CallBase& call, const TargetCount& target, std::uint64_t sum);
  std::vector<KnownValue> knownArguments(llvm::Function& body, std::uint32_t id, const FunctionProfile& profile);
  llvm::Constant* namedValue(const ArgumentProfile& argument);
  void guessKnown(const std::vector<KnownValue>& values);
  std::optional<FunctionProfile> annotate(llvm::Function& body, std::uint32_t id);
  void finishInitializers();
  Result<void> importCallees();
  void callBySlot(std::uint32_t id);
  void inlineIntoItself(const ImportCandidate& candidate, ImportQueue& queue);

  World& world_;
  const ProgramMap& map_;
  const WorldSymbols& symbols_;
  const ImportLimits limits_;
  const ProfileSource* const profile_;
  const Speculation* const speculation_; ///< null: nothing is taken for granted
  ContentHasher hasher_;
  Unit unit_;
  llvm::ValueToValueMapTy values_;
  std::deque<std::pair<llvm::GlobalVariable*, const llvm::GlobalVariable*>> initializers_;
  std::vector<GuessedTarget> guessed_; ///< of the body annotated last
  llvm::Function* itself_ = nullptr;   ///< the copy of the unit's function that may be inlined into it
};

Result<Unit> Extractor::run(std::uint32_t id) {
  auto source = world_.verified(*sourceOf(id));
  if (!source)
    return std::unexpected(source.error());
  llvm::Function& from = **source;
  unit_.id = id;
  unit_.anyConstant = speculation_ && speculation_->constantAfter != 0;
  unit_.module = std::make_unique<llvm::Module>(from.getName(), world_.context());
  unit_.module->setDataLayout(from.getParent()->getDataLayout());
  unit_.module->setTargetTriple(from.getParent()->getTargetTriple());
  unit_.module->setPICLevel(llvm::PICLevel::BigPIC);
  unit_.module->setRtLibUseGOT();
  if (from.getSubprogram()) { // version 4: all that matters is in the sections that linesOf() reads
    unit_.module->addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
    unit_.module->addModuleFlag(llvm::Module::Max, "Dwarf Version", 4);
  }
  llvm::Constant* self = declareFunction(from, {SymbolRef::Kind::Function, id, 0});
  unit_.function = llvm::cast<llvm::Function>(self);
  values_[&from] = self;
  unit_.readable = unit_.function->getName().str();
  copyBody(from, *unit_.function);
  unit_.function->setUWTableKind(llvm::UWTableKind::Async);
  if (map_.functions[id].replaceable)
    callBySlot(id);
  unit_.profile = annotate(*unit_.function, id);
  if (unit_.profile && speculation_) {
    unit_.known = knownArguments(*unit_.function, id, *unit_.profile);
    guessKnown(unit_.known);
  }
  if (auto done = importCallees(); !done)
    return std::unexpected(done.error());
  finishInitializers();
  return std::move(unit_);
}

void Extractor::copyBody(llvm::Function& from, llvm::Function& to) {
  auto argument = to.arg_begin();
  for (const llvm::Argument& old : from.args()) {
    argument->setName(old.getName());
    values_[&old] = &*argument++;
  }
  llvm::SmallVector<llvm::ReturnInst*, 8> returns;
  llvm::CloneFunctionInto(&to, &from, values_, llvm::CloneFunctionChangeType::DifferentModule, returns, "", nullptr,
                          nullptr, this);
  to.setComdat(nullptr);
}

/// Of a body just copied. Without a profile of its own, what the bitcode says of its entries would be on another scale.
std::optional<FunctionProfile> Extractor::annotate(llvm::Function& body, std::uint32_t id) {
  if (!profile_)
    return std::nullopt;
  body.setMetadata(llvm::LLVMContext::MD_prof, nullptr);
  auto hashOf = [this](std::uint32_t function) -> std::uint64_t {
    if (map_.functions[function].ifuncResolved)
      return 0;
    auto prepared = world_.prepared(*sourceOf(function));
    return prepared ? hasher_.hash(**prepared) : 0;
  };
  auto profile = profile_->functionProfile(id, hashOf);
  guessed_.clear();
  auto findTarget = [&](llvm::CallBase& call, const TargetCount& target, std::uint64_t sum) {
    return guess(call, target, sum);
  };
  if (!profile || !annotateFunction(body, *profile, findTarget))
    return std::nullopt;
  if (!unit_.counts)
    unit_.counts = profile_->summary();
  return profile;
}

/// The target of an indirect call that LLVM may guess: one that the call goes to often enough.
llvm::Function* Extractor::guess(llvm::CallBase& call, const TargetCount& target, std::uint64_t sum) {
  if (target.function == kNoFunction || map_.functions[target.function].ifuncResolved)
    return nullptr;
  const double share = static_cast<double>(target.count) / static_cast<double>(sum);
  const SymbolRef ref{SymbolRef::Kind::Function, target.function, 0};
  llvm::Function& source = *sourceOf(target.function);
  if (share < kGuessedShare || !llvm::isLegalToPromote(call, &source))
    return unit_.module->getFunction(nameFor(source, ref));
  auto* declared = llvm::cast<llvm::Function>(declareFunction(source, ref));
  guessed_.push_back({&call, declared, share});
  return declared;
}

/// The value as an assumption names it, which may be kept: of an address, what it is the address of.
std::uint64_t sameInEachRun(const ArgumentProfile& argument) {
  if (argument.function != kNoFunction)
    return argument.function;
  if (argument.variable != kNoFunction)
    return (std::uint64_t{argument.variable} << 32) + argument.offset;
  return argument.value;
}

/// Arguments that had one value in enough calls. A few calls are enough if each is long: a wrong guess costs one comparison
/// in each of them.
std::vector<KnownValue> Extractor::knownArguments(llvm::Function& body, std::uint32_t id, const FunctionProfile& profile) {
  std::uint64_t rounds = 0;
  for (const LoopProfile& loop : profile.loops)
    rounds = saturatingAdd(rounds, loop.backEdges);
  const bool longCalls = rounds / std::max<std::uint64_t>(profile.entries, 1) >= kLongCall;
  const std::uint64_t enough =
      speculation_->constantAfter ? speculation_->constantAfter : longCalls ? 1 : kEnoughCalls;
  std::vector<KnownValue> known;
  for (const ArgumentProfile& argument : profile.arguments) {
    if (argument.state != ArgumentState::Constant || argument.index >= body.arg_size() ||
        argument.count < enough ||
        !speculation_->assumptions->holds({AssumptionKind::ConstantArgument, id, argument.index, sameInEachRun(argument)}))
      continue;
    llvm::Argument* value = body.getArg(argument.index);
    if (value->use_empty() || value->hasPassPointeeByValueCopyAttr() || value->hasStructRetAttr() || value->hasNestAttr())
      continue;
    llvm::Constant* constant = nullptr;
    if (auto* type = llvm::dyn_cast<llvm::IntegerType>(value->getType()); type && type->getBitWidth() <= 64)
      constant = llvm::ConstantInt::get(type, llvm::APInt(64, argument.value).trunc(type->getBitWidth()));
    else if (value->getType()->isPointerTy())
      constant = namedValue(argument);
    if (constant)
      known.push_back({argument.index, value, constant, sameInEachRun(argument)});
  }
  finishInitializers(); // what a table holds is part of what it is worth
  return known;
}

/// Null, a function, or a place in a constant. What is only a number in this run stays out of the code.
llvm::Constant* Extractor::namedValue(const ArgumentProfile& argument) {
  auto* pointer = llvm::PointerType::get(world_.context(), 0);
  if (argument.value == 0)
    return llvm::Constant::getNullValue(pointer);
  if (argument.function != kNoFunction) {
    if (map_.functions[argument.function].ifuncResolved)
      return nullptr;
    return declareFunction(*sourceOf(argument.function), {SymbolRef::Kind::Function, argument.function, 0});
  }
  if (argument.variable == kNoFunction || !map_.data[argument.variable].constant)
    return nullptr;
  const DataInfo& info = map_.data[argument.variable];
  llvm::Constant* base =
      declareVariable(world_.variableAt(info.module, info.index), {SymbolRef::Kind::Data, argument.variable, 0});
  if (argument.offset == 0)
    return base;
  return llvm::ConstantExpr::getInBoundsGetElementPtr(
      llvm::Type::getInt8Ty(world_.context()), base,
      llvm::ConstantInt::get(llvm::Type::getInt64Ty(world_.context()), argument.offset));
}

/// Calls of an argument that is a function will be direct calls, whose callee may come along.
void Extractor::guessKnown(const std::vector<KnownValue>& values) {
  for (const KnownValue& known : values)
    if (auto* target = llvm::dyn_cast<llvm::Function>(known.constant))
      for (llvm::User* user : known.value->users())
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(user);
            call && call->getCalledOperand() == known.value && llvm::isLegalToPromote(*call, target))
          guessed_.push_back({call, target, 1});
}

llvm::Value* Extractor::materialize(llvm::Value* value) {
  auto* global = llvm::dyn_cast<llvm::GlobalValue>(value);
  if (!global)
    return nullptr;
  return declare(*global, symbols_[global]);
}

llvm::Constant* Extractor::declare(const llvm::GlobalValue& global, SymbolRef ref) {
  if (ref.kind == SymbolRef::Kind::Null)
    return llvm::Constant::getNullValue(global.getType());
  if (ref.kind == SymbolRef::Kind::Function && !map_.functions[ref.id].ifuncResolved) {
    // Declare the definition that the name stands for, which may be an alias's aliasee or in another module.
    return declareFunction(*sourceOf(ref.id), ref);
  }
  if (ref.kind == SymbolRef::Kind::Data || ref.kind == SymbolRef::Kind::Tls) {
    const DataInfo& info = map_.data[ref.id];
    llvm::Constant* base =
        declareVariable(world_.variableAt(info.module, info.index), {ref.kind, ref.id, 0});
    if (ref.offset == 0)
      return base;
    llvm::LLVMContext& context = world_.context();
    return llvm::ConstantExpr::getGetElementPtr(
        llvm::Type::getInt8Ty(context), base,
        llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(context), ref.offset));
  }
  if (const auto* function = llvm::dyn_cast<llvm::Function>(&global))
    return declareFunction(*function, ref);
  if (const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(&global))
    return declareVariable(*variable, ref);
  // An ifunc, or an alias without a base: all that is known is the type.
  if (auto* type = llvm::dyn_cast<llvm::FunctionType>(global.getValueType())) {
    std::string name = nameFor(global, ref);
    unit_.names[name] = ref;
    if (llvm::Function* made = unit_.module->getFunction(name))
      return made;
    auto* made = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, *unit_.module);
    made->setDSOLocal(ref.kind == SymbolRef::Kind::Function);
    return made;
  }
  return nullptr;
}

std::string Extractor::nameFor(const llvm::GlobalValue& global, SymbolRef ref) {
  bool inside = ref.kind == SymbolRef::Kind::Function || ref.kind == SymbolRef::Kind::Data ||
                ref.kind == SymbolRef::Kind::Tls;
  std::string name = global.getName().str();
  // Local names of several modules may be alike.
  if (inside && (global.hasLocalLinkage() || name.empty()))
    name += (ref.kind == SymbolRef::Kind::Function ? ".f" : ".d") + std::to_string(ref.id);
  return name;
}

llvm::Constant* Extractor::declareFunction(const llvm::Function& like, SymbolRef ref) {
  std::string name = nameFor(like, ref);
  if (llvm::Function* known = unit_.module->getFunction(name))
    return known;
  auto* made = llvm::Function::Create(like.getFunctionType(), llvm::GlobalValue::ExternalLinkage,
                                      like.getAddressSpace(), name, unit_.module.get());
  made->copyAttributesFrom(&like);
  made->setLinkage(llvm::GlobalValue::ExternalLinkage);
  made->setVisibility(llvm::GlobalValue::DefaultVisibility);
  made->setComdat(nullptr);
  made->setSection("");
  made->setPersonalityFn(nullptr);
  if (made->hasPrefixData())
    made->setPrefixData(nullptr);
  if (made->hasPrologueData())
    made->setPrologueData(nullptr);
  if (made->isIntrinsic())
    return made;
  bool inside = ref.kind == SymbolRef::Kind::Function;
  made->setDSOLocal(inside);
  if (inside && made->hasOptNone()) { // an unprepared callee: see prepareFunction
    made->removeFnAttr(llvm::Attribute::OptimizeNone);
    made->removeFnAttr(llvm::Attribute::NoInline);
  }
  if (!inside)
    made->addFnAttr(llvm::Attribute::NonLazyBind);
  unit_.names[name] = ref;
  return made;
}

llvm::Constant* Extractor::declareVariable(const llvm::GlobalVariable& like, SymbolRef ref) {
  std::string name = nameFor(like, ref);
  if (llvm::GlobalVariable* known = unit_.module->getGlobalVariable(name, true))
    return known;
  bool tls = ref.kind == SymbolRef::Kind::Tls || like.isThreadLocal();
  auto* made = new llvm::GlobalVariable(*unit_.module, like.getValueType(), like.isConstant(),
                                        llvm::GlobalValue::ExternalLinkage, nullptr, name, nullptr,
                                        tls ? llvm::GlobalValue::GeneralDynamicTLSModel : llvm::GlobalValue::NotThreadLocal,
                                        like.getAddressSpace());
  made->setUnnamedAddr(like.getUnnamedAddr());
  made->setDSOLocal(ref.kind == SymbolRef::Kind::Data);
  if (ref.kind == SymbolRef::Kind::Data || ref.kind == SymbolRef::Kind::Tls)
    made->setAlignment(llvm::Align(map_.data[ref.id].alignment));
  else
    made->setAlignment(like.getAlign());
  unit_.names[name] = ref;
  if (limits_.constants && ref.kind == SymbolRef::Kind::Data && like.isConstant() && like.hasInitializer() &&
      map_.data[ref.id].size <= kLargestConstant && !namesBlock(like.getInitializer()))
    initializers_.emplace_back(made, &like);
  return made;
}

void Extractor::finishInitializers() {
  // Mapping one initialiser may declare further constants.
  while (!initializers_.empty()) {
    auto [made, like] = initializers_.front();
    initializers_.pop_front();
    made->setInitializer(llvm::MapValue(like->getInitializer(), values_, llvm::RF_None, nullptr, this));
    made->setLinkage(llvm::GlobalValue::AvailableExternallyLinkage);
  }
}

Result<void> Extractor::importCallees() {
  ImportQueue queue(limits_);
  if (unit_.counts)
    queue.useProfile(unit_.profile ? unit_.profile->entries : 1, unit_.function->getInstructionCount(), *unit_.counts);
  queue.addCallees(*unit_.function, 0, 1, guessed_);
  while (auto candidate = queue.next()) {
    llvm::Function* callee = candidate->callee;
    if (callee == unit_.function) {
      inlineIntoItself(*candidate, queue);
      continue;
    }
    SymbolRef ref = unit_.names.lookup(callee->getName());
    if (ref.kind != SymbolRef::Kind::Function || map_.functions[ref.id].ifuncResolved)
      continue;
    bool must = callee->hasFnAttribute(llvm::Attribute::AlwaysInline);
    if (!callee->isDeclaration()) {
      if (!must)
        queue.takeAgain(*candidate, callee->getInstructionCount());
      continue;
    }
    llvm::Function* from = sourceOf(ref.id);
    if (!must && map_.functions[ref.id].replaceable)
      continue; // another body may take the place of this one
    if (!must &&
        (!queue.takes(*candidate) || callee->hasFnAttribute(llvm::Attribute::NoInline) || callee->isVarArg()))
      continue;
    auto source = world_.verified(*from);
    if (!source)
      return std::unexpected(source.error());
    unsigned size = from->getInstructionCount();
    if (!must && !queue.takes(*candidate, size))
      continue;
    values_[from] = callee;
    copyBody(*from, *callee);
    callee->setLinkage(llvm::GlobalValue::AvailableExternallyLinkage);
    if (auto profile = annotate(*callee, ref.id); profile && speculation_) {
      unit_.callees.push_back({callee, ref.id, knownArguments(*callee, ref.id, *profile)});
      guessKnown(unit_.callees.back().known);
    }
    queue.took(size);
    queue.addCallees(*callee, candidate->depth, candidate->heat, guessed_);
  }
  return {};
}

/// Calls of a replaceable function that it makes itself are calls of whatever takes its place: under another name they are not
/// made loops of, and not sent to a special body.
void Extractor::callBySlot(std::uint32_t id) {
  llvm::Function& function = *unit_.function;
  llvm::Function* other = nullptr;
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    if (!call || call->getCalledOperand() != &function)
      continue;
    if (!other) {
      other = llvm::Function::Create(function.getFunctionType(), llvm::GlobalValue::ExternalLinkage,
                                     function.getAddressSpace(), "kiln.current", unit_.module.get());
      other->setCallingConv(function.getCallingConv());
      other->setAttributes(function.getAttributes());
      other->removeFnAttr(llvm::Attribute::AlwaysInline);
      other->setDSOLocal(true);
      unit_.names[other->getName()] = {SymbolRef::Kind::Function, id, 0};
    }
    call->setCalledOperand(other);
  }
}

/// Whether what the call returns is returned at once: LLVM makes such recursion a loop, which is better than any inlining.
bool inTailPosition(const llvm::CallBase& call) {
  const llvm::Instruction* next = call.getNextNonDebugInstruction();
  return next && llvm::isa<llvm::ReturnInst>(next);
}

/// LLVM never inlines a function into itself. A copy under another name may be; calls in the copy go to the function, so that
/// one level is inlined. (Two levels brought nothing more: the inliner refused what had grown.) What is not inlined
/// calls the function after all: both names mean the same slot.
void Extractor::inlineIntoItself(const ImportCandidate& candidate, ImportQueue& queue) {
  llvm::Function& function = *unit_.function;
  const unsigned size = function.getInstructionCount();
  if (!candidate.call || inTailPosition(*candidate.call) || function.isVarArg() || function.isPresplitCoroutine() ||
      function.hasFnAttribute(llvm::Attribute::NoInline) || function.hasFnAttribute(llvm::Attribute::Naked) ||
      !queue.takes(candidate, size))
    return;
  if (!itself_) {
    const std::string name = "kiln.again";
    if (unit_.module->getNamedValue(name))
      return;
    llvm::ValueToValueMapTy values;
    itself_ = llvm::CloneFunction(&function, values);
    itself_->setName(name);
    itself_->setLinkage(llvm::GlobalValue::AvailableExternallyLinkage);
    unit_.names[name] = {SymbolRef::Kind::Function, unit_.id, 0};
    unit_.again = itself_;
    for (llvm::Instruction& instruction : llvm::instructions(*itself_))
      if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction); call && call->getCalledFunction() == &function)
        call->setIsNoInline();
  }
  candidate.call->setCalledFunction(itself_);
  queue.took(size);
}

} // namespace

ImportLimits importLimits(Tier tier) {
  switch (tier) {
  case Tier::Interpreter:
  case Tier::Baseline:
  case Tier::O0:
  case Tier::O1: return {};
  case Tier::O2: return {true, 80, 400, 3};
  case Tier::O3: return {true, 160, 1200, 5};
  }
  return {};
}

Result<Unit> extractUnit(World& world, const ProgramMap& map, const WorldSymbols& symbols, std::uint32_t id,
                         const ImportLimits& limits, const ProfileSource* profile, const Speculation* speculation) {
  return Extractor(world, map, symbols, limits, profile, speculation).run(id);
}

} // namespace kiln
