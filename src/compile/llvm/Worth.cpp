// What a constant in place of an argument would save.
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compile/llvm/Specialise.h"

namespace kiln {
namespace {

/// Points are roughly cycles saved in each execution. What is in a loop counts more, however the loop ran: it is why
/// the function is hot.
constexpr unsigned kLoopFactor = 3;
/// A comparison and a jump at the entry, and compiling the body twice.
constexpr unsigned kLeastPoints = 8, kLeastOfArgument = 2;
/// A loop of so many rounds is unrolled, or its vector form needs no remainder.
constexpr std::uint64_t kShortLoop = 64;
/// LLVM takes memory operations up to this size apart.
constexpr std::uint64_t kSmallCopy = 256;

/// Whether a way is chosen by the value.
bool decides(const llvm::Value& value) {
  return llvm::any_of(value.users(), [](const llvm::User* user) {
    return llvm::isa<llvm::SwitchInst>(user) || llvm::isa<llvm::BranchInst>(user) ||
           ((llvm::isa<llvm::CastInst>(user) || llvm::isa<llvm::CmpInst>(user)) && decides(*user));
  });
}

class Worth {
public:
  Worth(llvm::Function& body, llvm::ArrayRef<KnownValue> values)
      : body_(body), layout_(body.getDataLayout()), tree_(body), loops_(tree_), points_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i)
      known_[values[i].value] = {values[i].constant, std::uint64_t{1} << i};
  }
  void run() {
    for (llvm::BasicBlock* block : llvm::ReversePostOrderTraversal<llvm::Function*>(&body_))
      for (llvm::Instruction& instruction : *block)
        if (!known_.contains(&instruction))
          visit(instruction);
  }
  unsigned sum() const { return sum_; }
  unsigned of(std::size_t value) const { return points_[value]; }

private:
  struct Known {
    llvm::Constant* value = nullptr;
    std::uint64_t from = 0; ///< a bit for each of the values that it follows from
  };
  Known at(llvm::Value* value) const {
    if (auto* constant = llvm::dyn_cast<llvm::Constant>(value))
      return {constant, 0};
    return known_.lookup(value);
  }
  void visit(llvm::Instruction& instruction);
  Known fold(llvm::Instruction& instruction) const;
  Known foldPhi(llvm::PHINode& phi) const;
  void save(const llvm::Instruction& at, std::uint64_t from, unsigned points);
  void visitCall(llvm::CallBase& call);
  void visitTable(llvm::LoadInst& load);
  void visitCompare(llvm::CmpInst& compare);
  void visitArithmetic(llvm::BinaryOperator& operation);

  llvm::Function& body_;
  const llvm::DataLayout& layout_;
  llvm::DominatorTree tree_;
  llvm::LoopInfo loops_;
  llvm::DenseMap<const llvm::Value*, Known> known_;
  std::vector<unsigned> points_;
  unsigned sum_ = 0;
};

void Worth::save(const llvm::Instruction& at, std::uint64_t from, unsigned points) {
  if (from == 0)
    return;
  if (loops_.getLoopFor(at.getParent()))
    points *= kLoopFactor;
  sum_ += points;
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (from >> i & 1)
      points_[i] += points;
}

Worth::Known Worth::foldPhi(llvm::PHINode& phi) const {
  Known all;
  for (llvm::Value* incoming : phi.incoming_values()) {
    Known one = at(incoming);
    if (!one.value || (all.value && all.value != one.value))
      return {};
    all = {one.value, all.from | one.from};
  }
  return all;
}

Worth::Known Worth::fold(llvm::Instruction& instruction) const {
  if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&instruction))
    return foldPhi(*phi);
  if (instruction.isTerminator() || llvm::isa<llvm::AllocaInst>(instruction) || instruction.getType()->isVoidTy())
    return {};
  Known all;
  llvm::SmallVector<llvm::Constant*, 4> operands;
  for (llvm::Value* operand : instruction.operands()) {
    Known one = at(operand);
    if (!one.value)
      return {};
    operands.push_back(one.value);
    all.from |= one.from;
  }
  if (all.from == 0)
    return {};
  if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    all.value = load->isSimple() ? llvm::ConstantFoldLoadFromConstPtr(operands[0], load->getType(), layout_) : nullptr;
  else if (!instruction.mayReadOrWriteMemory() || llvm::isa<llvm::CallBase>(instruction))
    all.value = llvm::ConstantFoldInstOperands(&instruction, operands, layout_);
  return all.value ? all : Known{};
}

void Worth::visit(llvm::Instruction& instruction) {
  if (Known folded = fold(instruction); folded.value) {
    known_[&instruction] = folded;
    if (llvm::isa<llvm::LoadInst>(instruction))
      save(instruction, folded.from, 4);
    else if (auto* operation = llvm::dyn_cast<llvm::BinaryOperator>(&instruction))
      visitArithmetic(*operation);
    return;
  }
  if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
    return visitCall(*call);
  if (auto* compare = llvm::dyn_cast<llvm::CmpInst>(&instruction))
    return visitCompare(*compare);
  if (auto* operation = llvm::dyn_cast<llvm::BinaryOperator>(&instruction))
    return visitArithmetic(*operation);
  if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(&instruction)) {
    if (branch->isConditional())
      save(instruction, at(branch->getCondition()).from, 2);
  } else if (auto* choice = llvm::dyn_cast<llvm::SwitchInst>(&instruction)) {
    save(instruction, at(choice->getCondition()).from, 4);
  } else if (auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction)) {
    save(instruction, at(select->getCondition()).from, 1);
  } else if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
    visitTable(*load);
  } else if (llvm::isa<llvm::GetElementPtrInst>(instruction)) {
    for (llvm::Value* index : llvm::drop_begin(instruction.operands()))
      if (Known known = at(index); known.from && loops_.getLoopFor(instruction.getParent()))
        return save(instruction, known.from, 1);
  }
}

void Worth::visitCall(llvm::CallBase& call) {
  if (Known callee = at(call.getCalledOperand()); callee.from)
    save(call, callee.from, llvm::isa<llvm::Function>(callee.value) ? 8 : 0);
  const auto* named = llvm::dyn_cast<llvm::Function>(call.getCalledOperand());
  const bool memory = llvm::isa<llvm::MemIntrinsic>(call) ||
                      (named && call.arg_size() == 3 &&
                       llvm::is_contained({"memcpy", "memmove", "memset", "memcmp", "bcmp"}, named->getName()));
  if (memory) {
    Known size = at(call.getArgOperand(2));
    const auto* number = llvm::dyn_cast_or_null<llvm::ConstantInt>(size.value);
    return save(call, size.from, number && number->getValue().ule(kSmallCopy) ? 8 : 0);
  }
  if (llvm::isa<llvm::IntrinsicInst>(call))
    return;
  // It may be inlined, or have a guard of its own.
  for (llvm::Value* argument : call.args())
    save(call, at(argument).from, 1);
}

/// Of a table that is known as a whole, at a place that varies: the loop around it may be unfolded (Unfold.h).
void Worth::visitTable(llvm::LoadInst& load) {
  llvm::SmallVector<const llvm::Value*, 4> tables;
  llvm::getUnderlyingObjects(load.getPointerOperand(), tables, &loops_);
  for (const llvm::Value* table : tables) {
    const Known base = known_.lookup(table);
    const auto* variable =
        base.value ? llvm::dyn_cast<llvm::GlobalVariable>(base.value->stripInBoundsConstantOffsets()) : nullptr;
    if (variable && variable->isConstant())
      return save(load, base.from, decides(load) ? 3 : 1);
  }
}

/// The bound of a loop, or one of its side exits.
void Worth::visitCompare(llvm::CmpInst& compare) {
  const Known left = at(compare.getOperand(0)), right = at(compare.getOperand(1));
  const Known& known = left.from ? left : right;
  const llvm::Loop* loop = loops_.getLoopFor(compare.getParent());
  if (!known.from || !loop || !llvm::isa<llvm::ICmpInst>(compare))
    return;
  const bool bounds =
      loop->isLoopExiting(compare.getParent()) && llvm::any_of(compare.users(), [&](const llvm::User* user) {
        return user == compare.getParent()->getTerminator();
      });
  const auto* number = llvm::dyn_cast<llvm::ConstantInt>(known.value);
  if (bounds && number)
    save(compare, known.from, number->getValue().abs().ule(kShortLoop) ? 4 : 1);
}

void Worth::visitArithmetic(llvm::BinaryOperator& operation) {
  const Known left = at(operation.getOperand(0)), right = at(operation.getOperand(1));
  switch (operation.getOpcode()) {
  case llvm::Instruction::UDiv:
  case llvm::Instruction::SDiv:
  case llvm::Instruction::URem:
  case llvm::Instruction::SRem:
    // Twenty cycles and more; by a constant, five.
    return save(operation, right.from, 12);
  case llvm::Instruction::Mul: {
    if (left.value && right.value)
      return;
    const Known& known = left.from ? left : right;
    const auto* number = llvm::dyn_cast_or_null<llvm::ConstantInt>(known.value);
    // A stride of one makes accesses contiguous.
    return save(operation, known.from, number && (number->isZero() || number->isOne()) ? 3 : 1);
  }
  default:
    return;
  }
}

} // namespace

std::vector<KnownValue> worthKnowing(llvm::Function& body, llvm::ArrayRef<KnownValue> values) {
  std::vector<KnownValue> chosen(values.begin(), values.begin() + std::min(values.size(), std::size_t{64}));
  // Without those that bring nothing; what is left may be worth less than all together.
  while (!chosen.empty()) {
    Worth worth(body, chosen);
    worth.run();
    if (worth.sum() < kLeastPoints)
      return {};
    std::vector<KnownValue> useful;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      if (worth.of(i) >= kLeastOfArgument)
        useful.push_back(chosen[i]);
    if (useful.size() == chosen.size())
      break;
    chosen = std::move(useful);
  }
  if (chosen.size() > kMostArguments)
    chosen.resize(kMostArguments);
  return chosen;
}

} // namespace kiln
