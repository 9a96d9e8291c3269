#include "interp/decode/Shapes.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include "abi/Leaves.h"

namespace kiln::interp {

using flow::isPlainAccess;
using flow::soleUser;
using flow::writesBetween;

bool writesClean(const llvm::Instruction& instruction) {
  llvm::Type* type = instruction.getType();
  if (!type->isIntegerTy() || !isExactWidth(type))
    return true;
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return !extensionOf(*load);
  return llvm::isa<llvm::BinaryOperator, llvm::FPToSIInst, llvm::FPToUIInst, llvm::AtomicRMWInst>(instruction) ||
         type->isIntegerTy(64);
}

const llvm::SExtInst* extensionOf(const llvm::LoadInst& load) {
  if (!load.hasOneUse() || !load.getType()->isIntegerTy() || !isExactWidth(load.getType()))
    return nullptr;
  const auto* extension = llvm::dyn_cast<llvm::SExtInst>(*load.user_begin());
  return extension && extension->getType()->getIntegerBitWidth() <= 64 && isExactWidth(extension->getType()) ? extension
                                                                                                            : nullptr;
}

namespace {

bool isOneWordOrHalf(const llvm::Type* type) { return isOneWord(type) || type->isHalfTy() || type->isBFloatTy(); }

std::optional<SameWords> sameAsCast(const llvm::CastInst& cast) {
  llvm::Value* from = cast.getOperand(0);
  llvm::Type *source = from->getType(), *target = cast.getType();
  switch (cast.getOpcode()) {
  case llvm::Instruction::Trunc:
    if (target->isIntegerTy() && isExactWidth(target))
      return SameWords{from, 0};
    return std::nullopt;
  case llvm::Instruction::ZExt:
    if (target->isIntegerTy() && target->getIntegerBitWidth() <= 64)
      return SameWords{from, 0, true, false};
    return std::nullopt;
  case llvm::Instruction::SExt:
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(from); load && extensionOf(*load) == &cast)
      return SameWords{from, 0, false, target->isIntegerTy(64)};
    return std::nullopt;
  case llvm::Instruction::PtrToInt:
    if (target->isIntegerTy() && isExactWidth(target))
      return SameWords{from, 0, false, target->isIntegerTy(64)};
    return std::nullopt;
  case llvm::Instruction::IntToPtr:
    if (source->isIntegerTy(64))
      return SameWords{from, 0, false, true};
    if (source->isIntegerTy() && source->getIntegerBitWidth() < 64)
      return SameWords{from, 0, true, false};
    return std::nullopt;
  case llvm::Instruction::AddrSpaceCast:
    return target->isPointerTy() ? std::optional(SameWords{from, 0, false, true}) : std::nullopt;
  case llvm::Instruction::BitCast:
    if (isOneWordOrHalf(source) && isOneWordOrHalf(target))
      return SameWords{from, 0, false, true};
    return std::nullopt;
  default: return std::nullopt;
  }
}

} // namespace

std::uint32_t wordAt(llvm::Type* type, llvm::ArrayRef<unsigned> indices) {
  return flow::elementAt(type, indices, [](llvm::Type* each) { return wordsOf(each); });
}

std::optional<SameWords> sameWords(const llvm::Instruction& instruction) {
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return sameAsCast(*cast);
  if (llvm::isa<llvm::FreezeInst>(instruction))
    return SameWords{instruction.getOperand(0), 0, false, true};
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction))
    return SameWords{extract->getAggregateOperand(), wordAt(extract->getAggregateOperand()->getType(), extract->getIndices())};
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractElementInst>(&instruction)) {
    const auto* index = llvm::dyn_cast<llvm::ConstantInt>(extract->getIndexOperand());
    auto* type = llvm::dyn_cast<llvm::FixedVectorType>(extract->getVectorOperandType());
    if (index && type && index->getValue().ult(type->getNumElements()))
      return SameWords{extract->getVectorOperand(),
                       static_cast<std::uint32_t>(index->getZExtValue()) * wordsOf(type->getElementType())};
    return std::nullopt;
  }
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
    if (const llvm::Value* same = flow::sameValue(*intrinsic))
      return SameWords{same, 0, false, true};
  return std::nullopt;
}

bool isBitTest(const llvm::Instruction& instruction) {
  if (instruction.getOpcode() != llvm::Instruction::And || !instruction.hasOneUse() ||
      !instruction.getType()->isIntegerTy() || !isExactWidth(instruction.getType()) ||
      !llvm::isa<llvm::ConstantInt>(instruction.getOperand(1)))
    return false;
  const auto* compare = llvm::dyn_cast<llvm::ICmpInst>(*instruction.user_begin());
  if (!compare || !compare->isEquality() || compare->getParent() != instruction.getParent() ||
      compare->getOperand(0) != &instruction)
    return false;
  const auto* zero = llvm::dyn_cast<llvm::ConstantInt>(compare->getOperand(1));
  return zero && zero->isZero();
}

bool isOneOp(const AddressParts& parts) {
  if (!parts.index)
    return parts.offset == static_cast<std::int32_t>(parts.offset);
  bool scale = parts.scale == 1 || parts.scale == 2 || parts.scale == 4 || parts.scale == 8;
  return scale && (parts.offset == static_cast<std::int16_t>(parts.offset) || llvm::isa<llvm::Constant>(parts.base));
}

bool accessesOnly(const llvm::Instruction& instruction, const llvm::Value* address) {
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return load->getPointerOperand() == address;
  const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
  return store && !store->isAtomic() && store->getPointerOperand() == address && store->getValueOperand() != address;
}

IntOp intOpOf(unsigned opcode) {
  switch (opcode) {
  case llvm::Instruction::Add: return IntOp::Add;
  case llvm::Instruction::Sub: return IntOp::Sub;
  case llvm::Instruction::Mul: return IntOp::Mul;
  case llvm::Instruction::UDiv: return IntOp::UDiv;
  case llvm::Instruction::SDiv: return IntOp::SDiv;
  case llvm::Instruction::URem: return IntOp::URem;
  case llvm::Instruction::SRem: return IntOp::SRem;
  case llvm::Instruction::Shl: return IntOp::Shl;
  case llvm::Instruction::LShr: return IntOp::LShr;
  case llvm::Instruction::AShr: return IntOp::AShr;
  case llvm::Instruction::And: return IntOp::And;
  case llvm::Instruction::Or: return IntOp::Or;
  default: return IntOp::Xor;
  }
}

FloatOp floatOpOf(unsigned opcode) {
  switch (opcode) {
  case llvm::Instruction::FAdd: return FloatOp::Add;
  case llvm::Instruction::FSub: return FloatOp::Sub;
  case llvm::Instruction::FMul: return FloatOp::Mul;
  case llvm::Instruction::FDiv: return FloatOp::Div;
  default: return FloatOp::Rem;
  }
}

namespace {

bool isBranchCondition(const llvm::Instruction& instruction) {
  const llvm::Instruction* user = soleUser(instruction);
  return user && llvm::isa<llvm::BranchInst>(user) && user->getParent() == instruction.getParent();
}

bool isWordInteger(const llvm::Type* type) {
  return type->isPointerTy() || (type->isIntegerTy() && type->getIntegerBitWidth() <= 64);
}

} // namespace

bool isFoldableCompare(const llvm::Instruction& instruction) {
  if (!isBranchCondition(instruction))
    return false;
  const llvm::Type* type = instruction.getOperand(0)->getType();
  if (llvm::isa<llvm::ICmpInst>(instruction))
    return isWordInteger(type) && isExactWidth(type);
  return llvm::isa<llvm::FCmpInst>(instruction) && (type->isFloatTy() || type->isDoubleTy());
}

namespace {

bool isFmulAdd(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  return intrinsic && intrinsic->getIntrinsicID() == llvm::Intrinsic::fmuladd;
}

/// Which operand an op that changes memory in place can have there.
std::optional<unsigned> updatedOperand(const llvm::Instruction& arithmetic) {
  const llvm::Type* type = arithmetic.getType();
  FloatType real = type->isFloatTy() ? FloatType::Float : FloatType::Double;
  if (isFmulAdd(arithmetic))
    return type->isFloatTy() || type->isDoubleTy() ? std::optional(2u) : std::nullopt;
  if (!arithmetic.isBinaryOp())
    return std::nullopt;
  bool has = false;
  if (type->isFloatTy() || type->isDoubleTy())
    has = floatUpdate(floatOpOf(arithmetic.getOpcode()), real, false) != nullptr &&
          !llvm::isa<llvm::Constant>(arithmetic.getOperand(1));
  else if (type->isIntegerTy() && isExactWidth(type))
    has = intUpdate(intOpOf(arithmetic.getOpcode()), widthOf(type), false, false) != nullptr;
  if (!has)
    return std::nullopt;
  return arithmetic.isCommutative() && !llvm::isa<llvm::LoadInst>(arithmetic.getOperand(0)) ? 1u : 0u;
}

} // namespace

const llvm::LoadInst* updatedLoad(const llvm::Instruction& arithmetic) {
  std::optional<unsigned> operand = updatedOperand(arithmetic);
  const llvm::Instruction* user = soleUser(arithmetic);
  if (!operand || !user)
    return nullptr;
  const auto* store = llvm::dyn_cast<llvm::StoreInst>(user);
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(arithmetic.getOperand(*operand));
  bool fits = store && load && load->hasOneUse() && isPlainAccess(*store) && isPlainAccess(*load) &&
              store->getValueOperand() == &arithmetic && store->getPointerOperand() == load->getPointerOperand() &&
              store->getParent() == arithmetic.getParent() && load->getParent() == arithmetic.getParent() &&
              !llvm::isa<llvm::Constant>(load->getPointerOperand());
  return fits && !writesBetween(*load, *store) ? load : nullptr;
}

bool isProductOfSum(const llvm::Instruction& instruction) {
  auto isProduct = [](const llvm::Value* value) {
    const auto* product = llvm::dyn_cast<llvm::Instruction>(value);
    return product && product->getOpcode() == llvm::Instruction::FMul && product->hasOneUse() &&
           (product->getType()->isFloatTy() || product->getType()->isDoubleTy()) &&
           !llvm::isa<llvm::Constant>(product->getOperand(0)) && !llvm::isa<llvm::Constant>(product->getOperand(1));
  };
  if (!isProduct(&instruction))
    return false;
  const llvm::Instruction* user = soleUser(instruction);
  unsigned opcode = user->getOpcode();
  if ((opcode != llvm::Instruction::FAdd && opcode != llvm::Instruction::FSub) ||
      user->getParent() != instruction.getParent() || updatedLoad(*user))
    return false;
  unsigned self = user->getOperand(0) == &instruction ? 0 : 1;
  const llvm::Value* other = user->getOperand(1 - self);
  if (llvm::isa<llvm::Constant>(other))
    return false;
  // Of two products in one sum, the first.
  return self == 0 || !isProduct(other) || llvm::cast<llvm::Instruction>(other)->getParent() != user->getParent();
}

bool isScaledAddend(const llvm::Instruction& instruction) {
  const llvm::Instruction* user = soleUser(instruction);
  const llvm::Type* type = instruction.getType();
  return instruction.getOpcode() == llvm::Instruction::FMul && (type->isFloatTy() || type->isDoubleTy()) && user &&
         llvm::isa<llvm::ConstantFP>(instruction.getOperand(1)) && isFmulAdd(*user) && !updatedLoad(*user) &&
         user->getParent() == instruction.getParent() && user->getOperand(2) == &instruction;
}

std::optional<unsigned> loadingOperand(const llvm::LoadInst& load) {
  const llvm::Instruction* user = soleUser(load);
  if (!user || user->getParent() != load.getParent() || !isPlainAccess(load))
    return std::nullopt;
  const llvm::Type* type = load.getType();
  if (llvm::isa<llvm::ICmpInst>(user)) {
    if (!isExactWidth(type) || user->getOperand(0) != &load || !llvm::isa<llvm::Constant>(user->getOperand(1)) ||
        !isFoldableCompare(*user) || writesBetween(load, *load.getParent()->getTerminator()))
      return std::nullopt;
    return 0;
  }
  if (!user->isBinaryOp() || user->getType()->isVectorTy() || updatedLoad(*user) || isProductOfSum(*user) ||
      isScaledAddend(*user))
    return std::nullopt;
  for (const llvm::Use& operand : user->operands())
    if (const auto* product = llvm::dyn_cast<llvm::Instruction>(operand.get()); product && isProductOfSum(*product))
      return std::nullopt;
  Handler handler = nullptr;
  bool real = type->isFloatTy() || type->isDoubleTy();
  if (real)
    handler = floatLoading(floatOpOf(user->getOpcode()), type->isFloatTy() ? FloatType::Float : FloatType::Double, false);
  else if (type->isIntegerTy(32) || type->isIntegerTy(64))
    handler = intLoading(intOpOf(user->getOpcode()), widthOf(type), false);
  unsigned operand = user->getOperand(1) == &load ? 1 : 0;
  if (!handler || (operand == 0 && !user->isCommutative()) || llvm::isa<llvm::Constant>(user->getOperand(1 - operand)) ||
      writesBetween(load, *user))
    return std::nullopt;
  return operand;
}

bool isChained(const llvm::Instruction& instruction) {
  if (!instruction.isBinaryOp() || !llvm::isa<llvm::ConstantInt>(instruction.getOperand(1)) || !instruction.hasOneUse())
    return false;
  const llvm::Type* type = instruction.getType();
  if (!type->isIntegerTy(32) && !type->isIntegerTy(64))
    return false;
  const llvm::Instruction* user = soleUser(instruction);
  if (!user->isBinaryOp() || user->getParent() != instruction.getParent() ||
      user->getOperand(0) == user->getOperand(1) || updatedLoad(*user) || updatedLoad(instruction))
    return false;
  IntOp first = intOpOf(instruction.getOpcode()), second = intOpOf(user->getOpcode());
  bool swapped = user->getOperand(1) == &instruction;
  const llvm::Value* other = user->getOperand(swapped ? 0 : 1);
  if (llvm::isa<llvm::ConstantInt>(other))
    return !swapped && !isBitTest(*user) && !isChained(*user) && intChainConstant(first, second, widthOf(type)) != nullptr;
  if (llvm::isa<llvm::Constant>(other) || intChain(first, second, widthOf(type), swapped) == nullptr)
    return false;
  // The user's other operand must be a word of its own: no load, no chain.
  const auto* value = llvm::dyn_cast<llvm::Instruction>(other);
  if (!value)
    return true;
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(value); load && loadingOperand(*load))
    return false;
  return !(value->isBinaryOp() && value->hasOneUse() && llvm::isa<llvm::ConstantInt>(value->getOperand(1)) &&
           value->getParent() == user->getParent() && swapped);
}

namespace {

bool isPlain(const llvm::Type* type) {
  if (type->isIntegerTy())
    return isExactWidth(type) || type->isIntegerTy(1);
  return type->isVoidTy() || isOneWordOrHalf(type);
}

} // namespace

bool takesSteps(const llvm::Instruction& instruction) {
  switch (instruction.getOpcode()) {
  case llvm::Instruction::GetElementPtr: return true;
  case llvm::Instruction::Call:
  case llvm::Instruction::Invoke:
    return !instruction.getType()->isVoidTy() || llvm::isa<llvm::IntrinsicInst>(instruction);
  case llvm::Instruction::Br: return false;
  case llvm::Instruction::Load: return !isPlain(instruction.getType());
  case llvm::Instruction::Store:
  case llvm::Instruction::ICmp: return !isPlain(instruction.getOperand(0)->getType()) || instruction.getType()->isVectorTy();
  default:
    if (!isPlain(instruction.getType()))
      return true;
    if (instruction.isBinaryOp())
      return false;
  }
  for (const llvm::Use& operand : instruction.operands())
    if (!isPlain(operand->getType()) && !operand->getType()->isLabelTy())
      return true;
  return llvm::isa<llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst>(instruction);
}

} // namespace kiln::interp
