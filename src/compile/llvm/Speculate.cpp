#include "compile/llvm/Speculate.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/CaptureTracking.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/Local.h>

#include <algorithm>
#include <set>

#include "abi/Leaves.h"
#include "compile/llvm/ExitSites.h"
#include "profile/Profile.h"
#include "transition/Resume.h"
#include "transition/StateAccess.h"

namespace kiln {
namespace {

constexpr llvm::StringLiteral kMarker = "kiln.marker.";
/// Of variables copied into one state: larger ones would hardly become registers, and the buffer is part of every
/// frame.
constexpr std::uint64_t kLargestCopies = 1024; // bytes

/// The variable that a pointer leads to, at a fixed distance; null if it is none or the distance is not known.
llvm::AllocaInst* fixedPlaceIn(llvm::Value* pointer) {
  while (auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(pointer)) {
    if (!step->hasAllConstantIndices())
      return nullptr;
    pointer = step->getPointerOperand();
  }
  return llvm::dyn_cast<llvm::AllocaInst>(pointer);
}

/// Guards of one body.
class Placing {
public:
  Placing(Unit& unit, llvm::Function& body, std::uint32_t id, const Speculation& speculation,
          const std::set<const llvm::Argument*>& toVariables)
      : unit_(unit), body_(body), id_(id), speculation_(speculation), toVariables_(toVariables), numbers_(body),
        live_(numbers_) {}
  void run(bool assume);

private:
  using Variables = llvm::SmallPtrSet<const llvm::AllocaInst*, 8>;
  void findVariables();
  bool costsVariables(const FrameState& state, Variables& stay) const;
  void place(ExitSite& site, const FrameState& state);
  llvm::BasicBlock* exitBlock(const ExitSite& site, const FrameState& state, const Variables& stay);
  void guardForced(llvm::Instruction& at, llvm::BasicBlock& exit);
  void leaveOut(const ExitSite& site, llvm::BasicBlock& exit);
  void guardCall(const ExitSite& site, llvm::BasicBlock& exit);

  Unit& unit_;
  llvm::Function& body_;
  const std::uint32_t id_;
  const Speculation& speculation_;
  const std::set<const llvm::Argument*>& toVariables_;
  const FunctionNumbers numbers_;
  const LivePoints live_;
  /// All pointers into variables whose address escapes nowhere, the variables included.
  llvm::DenseMap<const llvm::Value*, const llvm::AllocaInst*> into_;
};

/// Before the first marker is made.
void Placing::findVariables() {
  for (const llvm::Instruction& instruction : body_.getEntryBlock()) {
    const auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    auto size = variable ? variable->getAllocationSize(body_.getDataLayout()) : std::nullopt;
    if (!size || !variable->isStaticAlloca() || size->isScalable() || size->getFixedValue() > kLargestCopies ||
        llvm::PointerMayBeCaptured(variable, true, true))
      continue;
    llvm::SmallVector<const llvm::Value*, 16> work{variable};
    while (!work.empty()) {
      const llvm::Value* pointer = work.pop_back_val();
      if (!into_.try_emplace(pointer, variable).second)
        continue;
      for (const llvm::User* user : pointer->users())
        if (user->getType()->isPtrOrPtrVectorTy() && !llvm::isa<llvm::LoadInst>(user))
          work.push_back(user);
    }
  }
}

/// Whether an exit with this state would let the address of a variable escape. `stay`: those variables; a copy of them
/// would not be all that the values lead to.
bool Placing::costsVariables(const FrameState& state, Variables& stay) const {
  bool costs = false;
  for (const LiveValue& live : state.values) {
    if (auto found = into_.find(live.value);
        found != into_.end() && fixedPlaceIn(const_cast<llvm::Value*>(live.value)) != found->second)
      stay.insert(found->second);
    if (!live.value->getType()->isPtrOrPtrVectorTy())
      continue;
    llvm::SmallVector<const llvm::Value*, 4> objects;
    llvm::getUnderlyingObjects(live.value, objects);
    costs |= llvm::any_of(objects, [this](const llvm::Value* object) {
      const auto* argument = llvm::dyn_cast<llvm::Argument>(object);
      return argument && toVariables_.contains(argument);
    });
  }
  return costs || !stay.empty();
}

llvm::BasicBlock* Placing::exitBlock(const ExitSite& site, const FrameState& state, const Variables& stay) {
  llvm::LLVMContext& context = body_.getContext();
  llvm::SmallVector<llvm::Value*, 8> values;
  llvm::SmallVector<llvm::Type*, 8> types;
  llvm::SmallVector<unsigned, 4> copies;
  for (const LiveValue& live : state.values) {
    auto* value = const_cast<llvm::Value*>(live.value);
    if (auto found = into_.find(value); found != into_.end() && !stay.contains(found->second))
      copies.push_back(static_cast<unsigned>(values.size()));
    values.push_back(value);
    types.push_back(value->getType());
  }
  auto* type = llvm::FunctionType::get(body_.getReturnType(), types, false);
  auto* marker = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                        kMarker + std::to_string(unit_.guards.size()), unit_.module.get());
  GuardInfo info = site.info;
  info.exits = true;
  info.words = 1 + state.words;
  unit_.guards.push_back(info);
  auto* block = llvm::BasicBlock::Create(context, "kiln.exit", &body_);
  llvm::IRBuilder<> builder(block);
  llvm::CallInst* call = builder.CreateCall(marker, values);
  call->addFnAttr(llvm::Attribute::Cold);
  for (unsigned copy : copies)
    call->addParamAttr(copy, llvm::Attribute::NoCapture);
  if (body_.getReturnType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
  return block;
}

/// A counter that all forced guards of the program share runs out. Threads may lose each other's counts.
void Placing::guardForced(llvm::Instruction& at, llvm::BasicBlock& exit) {
  llvm::BasicBlock* front = at.getParent();
  llvm::BasicBlock* rest = front->splitBasicBlock(&at);
  front->getTerminator()->eraseFromParent();
  llvm::IRBuilder<> builder(front);
  auto* word = builder.getInt64Ty();
  auto* count = llvm::cast<llvm::GlobalVariable>(unit_.module->getOrInsertGlobal(kExitCountSymbol, word));
  count->setDSOLocal(true);
  llvm::Value* left =
      builder.CreateSub(builder.CreateAlignedLoad(word, count, llvm::Align(8), true), builder.getInt64(1));
  builder.CreateAlignedStore(left, count, llvm::Align(8), true);
  llvm::MDNode* unlikely = llvm::MDBuilder(body_.getContext()).createBranchWeights(1, 1u << 20);
  builder.CreateCondBr(builder.CreateICmpSLT(left, builder.getInt64(0)), &exit, rest, unlikely);
}

void Placing::leaveOut(const ExitSite& site, llvm::BasicBlock& exit) {
  for (unsigned way : site.ways) {
    site.at->getSuccessor(way)->removePredecessor(site.at->getParent(), /*KeepOneInputPHIs=*/true);
    site.at->setSuccessor(way, &exit);
  }
}

void Placing::guardCall(const ExitSite& site, llvm::BasicBlock& exit) {
  auto& call = llvm::cast<llvm::CallBase>(*site.at);
  llvm::BasicBlock* front = call.getParent();
  llvm::BasicBlock* rest = front->splitBasicBlock(&call);
  front->getTerminator()->eraseFromParent();
  llvm::IRBuilder<> builder(front);
  llvm::MDNode* likely = llvm::MDBuilder(body_.getContext()).createBranchWeights(1u << 20, 0);
  builder.CreateCondBr(builder.CreateICmpEQ(call.getCalledOperand(), site.target), rest, &exit, likely);
  call.setCalledOperand(site.target);
  call.setMetadata(llvm::LLVMContext::MD_prof, nullptr);
  call.setMetadata(llvm::LLVMContext::MD_callees, nullptr);
}

void Placing::place(ExitSite& site, const FrameState& state) {
  Variables stay;
  if (costsVariables(state, stay) && !site.info.forced)
    return;
  llvm::BasicBlock* exit = exitBlock(site, state, stay);
  if (site.info.forced)
    guardForced(*site.at, *exit);
  else if (site.target)
    guardCall(site, *exit);
  else
    leaveOut(site, *exit);
}

void Placing::run(bool assume) {
  if (body_.doesNotReturn() || cannotResume(body_) || !speculation_.resumable(id_))
    return;
  std::vector<ExitSite> sites;
  auto holds = [this](const Assumption& assumption) { return speculation_.assumptions->holds(assumption); };
  auto idOf = [this](const llvm::Function& function) {
    SymbolRef ref = unit_.names.lookup(function.getName());
    return ref.kind == SymbolRef::Kind::Function ? ref.id : kNoFunction;
  };
  if (assume)
    sites = findExitSites(body_, id_, numbers_, holds, idOf);
  if (speculation_.everywhere) {
    std::vector<ExitSite> forced = allExitSites(body_, id_, numbers_);
    sites.insert(sites.end(), std::move_iterator(forced.begin()), std::move_iterator(forced.end()));
  }
  if (sites.empty())
    return;
  findVariables();
  // All states first: they are those of the body as the interpreter has it, and each guard changes it. (A call that has
  // its target guessed does not use the pointer any more.)
  std::vector<std::expected<FrameState, std::string>> states;
  for (const ExitSite& site : sites)
    states.push_back(live_.at(*site.at));
  for (std::size_t i = 0; i < sites.size(); ++i)
    if (states[i])
      place(sites[i], *states[i]);
}

/// Arguments of the unit's bodies that get, by some call in it, the address of a variable.
std::set<const llvm::Argument*> argumentsToVariables(const llvm::Module& module) {
  std::set<const llvm::Argument*> found;
  for (bool changed = true; std::exchange(changed, false);)
    for (const llvm::Function& function : module)
      for (const llvm::Instruction& instruction : llvm::instructions(function)) {
        const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
        const llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
        if (!callee || callee->isDeclaration() || callee->arg_size() > call->arg_size())
          continue;
        for (const llvm::Argument& argument : callee->args()) {
          if (!argument.getType()->isPointerTy() || found.contains(&argument))
            continue;
          llvm::SmallVector<const llvm::Value*, 4> objects;
          llvm::getUnderlyingObjects(call->getArgOperand(argument.getArgNo()), objects);
          const bool leads = argument.hasByValAttr() || llvm::any_of(objects, [&](const llvm::Value* object) {
                               const auto* outer = llvm::dyn_cast<llvm::Argument>(object);
                               return llvm::isa<llvm::AllocaInst>(object) || (outer && found.contains(outer));
                             });
          if (leads)
            changed = found.insert(&argument).second;
        }
      }
  return found;
}

/// Makes code of the markers of one function.
class Lowering {
public:
  Lowering(Unit& unit, llvm::Function& function) : unit_(unit), function_(function) {}
  void lower(llvm::CallInst& marker, const GuardInfo& info, std::size_t cell);
  void finish();

private:
  static bool mayCopy(const llvm::CallInst& marker);
  std::uint64_t copyVariables(llvm::IRBuilder<>& builder, llvm::CallInst& marker);

  Unit& unit_;
  llvm::Function& function_;
  llvm::AllocaInst* buffer_ = nullptr;
  std::uint64_t bytes_ = 0;
  llvm::Align align_{16};
  llvm::MapVector<llvm::AllocaInst*, llvm::Value*> copies_;
};

/// A continuation gives places in its variables several definitions. Where one of them is not known to be in which
/// variable, no variable is copied. (What it left in the old frame is loaded, and has nothing to do with them.)
bool Lowering::mayCopy(const llvm::CallInst& marker) {
  for (unsigned i = 0; i < marker.arg_size(); ++i)
    if (marker.paramHasAttr(i, llvm::Attribute::NoCapture) && !fixedPlaceIn(marker.getArgOperand(i)) &&
        !llvm::isa<llvm::LoadInst>(marker.getArgOperand(i)))
      return false;
  return true;
}

/// Behind the words.
std::uint64_t Lowering::copyVariables(llvm::IRBuilder<>& builder, llvm::CallInst& marker) {
  const llvm::DataLayout& layout = function_.getDataLayout();
  std::uint64_t at = 8;
  for (const llvm::Use& argument : marker.args())
    at += 8 * std::uint64_t{wordsOf(argument->getType())};
  copies_.clear();
  const bool copy = mayCopy(marker);
  for (unsigned i = 0; i < marker.arg_size(); ++i) {
    auto* variable =
        marker.paramHasAttr(i, llvm::Attribute::NoCapture) ? fixedPlaceIn(marker.getArgOperand(i)) : nullptr;
    if (!copy || !variable || copies_.contains(variable))
      continue;
    at = llvm::alignTo(at, variable->getAlign());
    align_ = std::max(align_, variable->getAlign());
    const std::uint64_t size = variable->getAllocationSize(layout)->getFixedValue();
    llvm::Value* copy = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), buffer_, at);
    builder.CreateMemCpy(copy, variable->getAlign(), variable, variable->getAlign(), size);
    copies_[variable] = copy;
    at += size;
  }
  return at;
}

void Lowering::lower(llvm::CallInst& marker, const GuardInfo& info, std::size_t cell) {
  llvm::Module& module = *unit_.module;
  const llvm::DataLayout& layout = function_.getDataLayout();
  llvm::IRBuilder<> builder(&marker);
  if (!buffer_) {
    llvm::IRBuilder<> top(&function_.getEntryBlock(), function_.getEntryBlock().getFirstInsertionPt());
    buffer_ = top.CreateAlloca(top.getInt8Ty(), top.getInt64(0), "kiln.state");
  }
  bytes_ = std::max(bytes_, copyVariables(builder, marker));
  builder.CreateAlignedStore(builder.getInt64(info.assumption.place), buffer_, llvm::Align(8));
  StateWriter writer(builder, layout, builder.CreateConstInBoundsGEP1_64(builder.getInt64Ty(), buffer_, 1));
  std::uint32_t word = 0;
  for (unsigned i = 0; i < marker.arg_size(); ++i) {
    llvm::Value* value = marker.getArgOperand(i);
    if (auto* variable = fixedPlaceIn(value);
        marker.paramHasAttr(i, llvm::Attribute::NoCapture) && copies_.contains(variable)) {
      llvm::APInt offset(64, 0);
      value->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true);
      value = builder.CreateGEP(builder.getInt8Ty(), copies_[variable], builder.getInt64(offset.getZExtValue()));
    }
    writer.write(value, word);
    word += wordsOf(value->getType());
  }
  auto* pointer = builder.getPtrTy();
  auto* cells = llvm::cast<llvm::GlobalVariable>(module.getOrInsertGlobal(kGuardsSymbol, builder.getInt64Ty()));
  cells->setDSOLocal(true);
  auto exit = module.getOrInsertFunction(kExitSymbol, llvm::FunctionType::get(pointer, {pointer, pointer}, false));
  auto* runtime = llvm::cast<llvm::Function>(exit.getCallee());
  runtime->addFnAttr(llvm::Attribute::NonLazyBind);
  runtime->addFnAttr(llvm::Attribute::Cold);
  runtime->setDoesNotThrow();
  llvm::Value* to = builder.CreateCall(
      exit, {builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), cells, cell * sizeof(GuardCell)), buffer_});
  llvm::CallInst* rest = builder.CreateCall(llvm::FunctionType::get(marker.getType(), {pointer}, false), to, {buffer_});
  rest->addFnAttr(llvm::Attribute::Cold);
  marker.replaceAllUsesWith(rest);
  marker.eraseFromParent();
}

void Lowering::finish() {
  if (!buffer_)
    return;
  buffer_->setOperand(0, llvm::ConstantInt::get(llvm::Type::getInt64Ty(function_.getContext()), bytes_));
  buffer_->setAlignment(align_);
}

} // namespace

void placeExits(Unit& unit, const Speculation& speculation) {
  const bool assume = speculation.assumptions->allowed(unit.id);
  if (!assume && !speculation.everywhere)
    return;
  std::vector<std::pair<llvm::Function*, std::uint32_t>> bodies;
  for (llvm::Function& function : *unit.module)
    if (SymbolRef ref = unit.names.lookup(function.getName());
        !function.isDeclaration() && ref.kind == SymbolRef::Kind::Function)
      bodies.emplace_back(&function, ref.id);
  std::set<const llvm::Argument*> toVariables = argumentsToVariables(*unit.module);
  for (auto [body, id] : bodies)
    Placing(unit, *body, id, speculation, toVariables).run(assume);
}

void lowerExits(Unit& unit) {
  std::vector<GuardInfo> kept;
  std::vector<llvm::Function*> bodies;
  for (llvm::Function& function : *unit.module)
    if (!function.isDeclaration())
      bodies.push_back(&function);
  for (llvm::Function* function : bodies) {
    std::vector<llvm::CallInst*> markers;
    for (llvm::Instruction& instruction : llvm::instructions(*function))
      if (auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
          call && call->getCalledFunction() && call->getCalledFunction()->getName().starts_with(kMarker))
        markers.push_back(call);
    Lowering lowering(unit, *function);
    for (llvm::CallInst* marker : markers) {
      std::size_t number = 0;
      marker->getCalledFunction()->getName().drop_front(kMarker.size()).getAsInteger(10, number);
      lowering.lower(*marker, unit.guards[number], kept.size());
      kept.push_back(unit.guards[number]);
    }
    lowering.finish();
    if (!markers.empty())
      llvm::removeUnreachableBlocks(*function);
  }
  std::vector<llvm::Function*> used;
  for (llvm::Function& function : *unit.module)
    if (function.getName().starts_with(kMarker))
      used.push_back(&function);
  for (llvm::Function* marker : used)
    marker->eraseFromParent();
  unit.guards = std::move(kept);
}

} // namespace kiln
