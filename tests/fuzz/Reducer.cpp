#include "Reducer.h"

#include <vector>

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>

#include "Generator.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

bool kept(const Instruction& instruction) {
  return instruction.hasMetadata(kKeepName);
}

/// A way to make modules smaller at places that are numbered alike in all copies of one. `apply` changes the places of
/// [first, last); places may be gone when an earlier one of them was changed.
struct Pass {
  std::size_t (*places)(Module&);
  void (*apply)(Module&, std::size_t first, std::size_t last);
};

template <typename Visit> std::size_t eachInstruction(Module& module, Visit visit) {
  std::size_t count = 0;
  for (Function& function : module)
    for (BasicBlock& block : function)
      for (Instruction& instruction : make_early_inc_range(block))
        count += visit(instruction, count);
  return count;
}

// Functions: the body gives zero.
bool hasBody(const Function& function) {
  return !function.isDeclaration() && function.getName() != kEntryName &&
         !(function.size() == 1 && function.getEntryBlock().size() == 1);
}
std::size_t functions(Module& module) {
  return count_if(module, hasBody);
}
void emptyFunctions(Module& module, std::size_t first, std::size_t last) {
  std::size_t at = 0;
  for (Function& function : module) {
    if (!hasBody(function))
      continue;
    std::size_t place = at++;
    if (place < first || place >= last)
      continue;
    function.deleteBody();
    IRBuilder<> b(BasicBlock::Create(module.getContext(), "entry", &function));
    if (function.getReturnType()->isVoidTy())
      b.CreateRetVoid();
    else
      b.CreateRet(Constant::getNullValue(function.getReturnType()));
  }
}

// Branches: one way only. A loop that counts may be left but not kept up, and what is never reached is not reached
// then.
bool mayGo(const Instruction& branch, unsigned successor) {
  const MDNode* keep = branch.getMetadata(kKeepName);
  if (!keep)
    return true;
  return keep->getNumOperands() && mdconst::extract<ConstantInt>(keep->getOperand(0))->equalsInt(successor);
}
template <typename Visit> std::size_t eachEdge(Module& module, Visit visit) {
  return eachInstruction(module, [&](Instruction& instruction, std::size_t place) -> std::size_t {
    if ((!isa<BranchInst>(instruction) && !isa<SwitchInst>(instruction)) || instruction.getNumSuccessors() < 2)
      return 0;
    return visit(instruction, place);
  });
}
std::size_t edges(Module& module) {
  return eachEdge(module, [](Instruction& branch, std::size_t) -> std::size_t { return branch.getNumSuccessors(); });
}
void goOneWay(Module& module, std::size_t first, std::size_t last) {
  eachEdge(module, [&](Instruction& branch, std::size_t place) -> std::size_t {
    unsigned count = branch.getNumSuccessors();
    for (unsigned i = 0; i < count; ++i) {
      if (place + i < first || place + i >= last || !mayGo(branch, i))
        continue;
      BasicBlock* block = branch.getParent();
      BasicBlock* to = branch.getSuccessor(i);
      for (unsigned other = 0; other < count; ++other)
        if (other != i)
          branch.getSuccessor(other)->removePredecessor(block, true);
      BranchInst::Create(to, block);
      branch.eraseFromParent();
      break;
    }
    return count;
  });
}

std::size_t invokes(Module& module) {
  return eachInstruction(module, [](Instruction& i, std::size_t) -> std::size_t { return isa<InvokeInst>(i); });
}
void invokesToCalls(Module& module, std::size_t first, std::size_t last) {
  eachInstruction(module, [&](Instruction& i, std::size_t place) -> std::size_t {
    if (!isa<InvokeInst>(i))
      return 0;
    if (place >= first && place < last)
      changeToCall(cast<InvokeInst>(&i));
    return 1;
  });
}

// Instructions: zero in their place.
bool replaceable(const Instruction& instruction) {
  return !kept(instruction) && !instruction.isTerminator() && !instruction.isEHPad() &&
         !instruction.getType()->isPointerTy() && !instruction.getType()->isTokenTy();
}
std::size_t instructions(Module& module) {
  return eachInstruction(module, [](Instruction& i, std::size_t) -> std::size_t { return replaceable(i); });
}
void removeInstructions(Module& module, std::size_t first, std::size_t last) {
  eachInstruction(module, [&](Instruction& i, std::size_t place) -> std::size_t {
    if (!replaceable(i))
      return 0;
    if (place >= first && place < last) {
      if (!i.getType()->isVoidTy())
        i.replaceAllUsesWith(Constant::getNullValue(i.getType()));
      i.eraseFromParent();
    }
    return 1;
  });
}

// Instructions: an operand of the same type in their place.
void passOperand(Module& module, std::size_t first, std::size_t last) {
  eachInstruction(module, [&](Instruction& i, std::size_t place) -> std::size_t {
    if (!replaceable(i))
      return 0;
    if (place >= first && place < last && !isa<PHINode>(i))
      for (Value* operand : i.operands())
        if (operand != &i && operand->getType() == i.getType()) {
          i.replaceAllUsesWith(operand);
          break;
        }
    return 1;
  });
}

std::size_t arguments(Module& module) {
  std::size_t count = 0;
  for (Function& function : module)
    for (Argument& argument : function.args())
      count += !argument.use_empty() && !argument.getType()->isPointerTy();
  return count;
}
void zeroArguments(Module& module, std::size_t first, std::size_t last) {
  std::size_t at = 0;
  for (Function& function : module)
    for (Argument& argument : function.args()) {
      if (argument.use_empty() || argument.getType()->isPointerTy())
        continue;
      if (std::size_t place = at++; place >= first && place < last)
        argument.replaceAllUsesWith(Constant::getNullValue(argument.getType()));
    }
}

// Operands of what stays: zero in each place that may be any value.
template <typename Visit> std::size_t eachOperand(Module& module, Visit visit) {
  return eachInstruction(module, [&](Instruction& i, std::size_t place) -> std::size_t {
    // Marked ones take any operand that is not marked itself.
    std::size_t count = 0;
    for (Use& use : i.operands()) {
      auto* value = dyn_cast<Instruction>(use.get());
      bool free = value ? !kept(*value) : isa<Argument>(use.get());
      if (!free || use->getType()->isPointerTy() || !use->getType()->isFirstClassType() ||
          use->getType()->isLabelTy() || use->getType()->isMetadataTy() || use->getType()->isTokenTy() ||
          isa<ResumeInst>(i))
        continue;
      visit(use, place + count++);
    }
    return count;
  });
}
std::size_t operands(Module& module) {
  return eachOperand(module, [](Use&, std::size_t) {});
}
void zeroOperands(Module& module, std::size_t first, std::size_t last) {
  eachOperand(module, [&](Use& use, std::size_t place) {
    if (place >= first && place < last)
      use.set(Constant::getNullValue(use->getType()));
  });
}

// Guards of constants.
void foldGuards(Module& module, std::size_t, std::size_t) {
  eachInstruction(module, [&](Instruction& i, std::size_t) -> std::size_t {
    Constant* value = kept(i) && !i.isTerminator() ? ConstantFoldInstruction(&i, module.getDataLayout()) : nullptr;
    if (value && !value->containsUndefOrPoisonElement() && !isa<UndefValue>(value))
      i.replaceAllUsesWith(value);
    return 0;
  });
}

std::size_t once(Module&) {
  return 1;
}
void dropPromises(Module& module, std::size_t, std::size_t) {
  for (Function& function : module)
    for (Instruction& i : instructions(function))
      i.dropPoisonGeneratingFlags();
}
void mergeBlocks(Module& module, std::size_t, std::size_t) {
  for (Function& function : module)
    for (BasicBlock& block : make_early_inc_range(function))
      MergeBlockIntoPredecessor(&block);
}

// What nothing needs any more.

/// A variable that is only filled.
bool onlyWritten(const Value& variable) {
  return all_of(variable.users(), [&](const User* user) {
    auto* store = dyn_cast<StoreInst>(user);
    return isa<MemSetInst>(user) || (store && store->getValueOperand() != &variable);
  });
}
bool sweepFunction(Function& function) {
  bool changed = removeUnreachableBlocks(function);
  for (BasicBlock& block : function)
    for (Instruction& i : make_early_inc_range(reverse(block))) {
      if (auto* variable = dyn_cast<AllocaInst>(&i); variable && onlyWritten(*variable)) {
        for (User* user : make_early_inc_range(variable->users()))
          cast<Instruction>(user)->eraseFromParent();
        variable->eraseFromParent();
        return true;
      }
      bool unused = i.use_empty() && !i.mayHaveSideEffects() && !i.isTerminator() && !i.isEHPad();
      if (unused || (i.use_empty() && isa<LoadInst>(i))) {
        i.eraseFromParent();
        changed = true;
      }
    }
  return changed;
}
void sweep(Module& module) {
  if (GlobalVariable* fuel = module.getGlobalVariable(kFuelName); fuel && onlyWritten(*fuel))
    for (User* user : make_early_inc_range(fuel->users()))
      cast<Instruction>(user)->eraseFromParent();
  for (Function& function : module)
    if (!function.isDeclaration())
      while (sweepFunction(function)) {
      }
  for (bool changed = true; changed;) {
    changed = false;
    for (Function& function : make_early_inc_range(module))
      if (function.use_empty() && function.getName() != kEntryName) {
        function.eraseFromParent();
        changed = true;
      }
    for (GlobalVariable& variable : make_early_inc_range(module.globals()))
      if (variable.use_empty()) {
        variable.eraseFromParent();
        changed = true;
      }
  }
}

constexpr Pass kPasses[] = {
    {functions, emptyFunctions}, {edges, goOneWay},   {invokes, invokesToCalls},   {instructions, removeInstructions},
    {once, dropPromises},        {once, mergeBlocks}, {instructions, passOperand}, {arguments, zeroArguments},
    {operands, zeroOperands},    {once, foldGuards},
};

class Reduction {
public:
  Reduction(std::unique_ptr<Module>& module, const Interesting& interesting, std::chrono::steady_clock::time_point end)
      : module_(module), interesting_(interesting), end_(end) {}

  /// Halves, quarters, and so on down to single places.
  bool run(const Pass& pass) {
    bool changed = false;
    for (std::size_t chunk = pass.places(*module_); chunk > 0; chunk /= 2)
      for (std::size_t first = 0; first < pass.places(*module_) && !over();) {
        bool done = attempt([&](Module& copy) { pass.apply(copy, first, first + chunk); });
        changed |= done;
        // What is removed takes its places with it.
        if (!done)
          first += chunk;
      }
    return changed;
  }
  bool over() const { return std::chrono::steady_clock::now() >= end_; }
  unsigned tried() const { return tried_; }

private:
  template <typename Change> bool attempt(Change change) {
    auto copy = CloneModule(*module_);
    change(*copy);
    sweep(*copy);
    if (verifyModule(*copy) || size(*copy) >= size(*module_))
      return false;
    ++tried_;
    if (!interesting_(*copy))
      return false;
    module_ = std::move(copy);
    return true;
  }
  /// What is to get smaller: instructions, then operands that are no constants, then promises.
  static std::size_t size(const Module& module) {
    std::size_t sum = 0;
    for (const Function& function : module) {
      sum += 64 * function.size();
      for (const BasicBlock& block : function)
        for (const Instruction& i : block) {
          sum += 256 + i.hasPoisonGeneratingFlags();
          for (const Value* operand : i.operands())
            sum += 4 * (isa<Instruction>(operand) || isa<Argument>(operand));
        }
    }
    return sum + 256 * module.global_size();
  }

  std::unique_ptr<Module>& module_;
  const Interesting& interesting_;
  std::chrono::steady_clock::time_point end_;
  unsigned tried_ = 0;
};

} // namespace

unsigned reduce(std::unique_ptr<Module>& module, const Interesting& interesting, std::chrono::seconds limit) {
  Reduction reduction(module, interesting, std::chrono::steady_clock::now() + limit);
  for (bool changed = true; changed && !reduction.over();) {
    changed = false;
    for (const Pass& pass : kPasses)
      changed |= reduction.run(pass);
  }
  return reduction.tried();
}

} // namespace kiln::fuzz
