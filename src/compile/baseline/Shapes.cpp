#include "compile/baseline/Shapes.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Operator.h>

#include "compile/baseline/Kernels.h"

namespace kiln::baseline {

using flow::isPlainAccess;
using flow::soleUser;
using flow::writesBetween;

namespace {

/// Integer arithmetic that x86 has with an operand in memory, in the widths whose results are whole registers.
bool takesMemory(const llvm::Instruction& arithmetic) {
  const llvm::Type* type = arithmetic.getType();
  switch (arithmetic.getOpcode()) {
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::Mul:
  case llvm::Instruction::And:
  case llvm::Instruction::Or:
  case llvm::Instruction::Xor: return type->isIntegerTy(32) || type->isIntegerTy(64);
  case llvm::Instruction::FAdd:
  case llvm::Instruction::FSub:
  case llvm::Instruction::FMul:
  case llvm::Instruction::FDiv: return isOneXmm(type);
  default: return false;
  }
}

bool isAtMost(const llvm::Value* size, std::uint64_t bytes) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(size);
  return constant && constant->getValue().ule(bytes);
}

/// Intrinsics that are library functions.
bool callsLibrary(const llvm::IntrinsicInst& intrinsic, Machine machine) {
  const llvm::Type* type = intrinsic.arg_empty() ? intrinsic.getType() : intrinsic.getArgOperand(0)->getType();
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::memcpy:
  case llvm::Intrinsic::memset: return !isAtMost(intrinsic.getArgOperand(2), kInlineBytes);
  case llvm::Intrinsic::memmove: return !isAtMost(intrinsic.getArgOperand(2), kInlineMoveBytes);
  case llvm::Intrinsic::threadlocal_address:
  case llvm::Intrinsic::sin:
  case llvm::Intrinsic::cos:
  case llvm::Intrinsic::tan:
  case llvm::Intrinsic::asin:
  case llvm::Intrinsic::acos:
  case llvm::Intrinsic::atan:
  case llvm::Intrinsic::sinh:
  case llvm::Intrinsic::cosh:
  case llvm::Intrinsic::tanh:
  case llvm::Intrinsic::exp:
  case llvm::Intrinsic::exp2:
  case llvm::Intrinsic::exp10:
  case llvm::Intrinsic::log:
  case llvm::Intrinsic::log2:
  case llvm::Intrinsic::log10:
  case llvm::Intrinsic::pow:
  case llvm::Intrinsic::powi:
  case llvm::Intrinsic::ldexp:
  case llvm::Intrinsic::frexp:
  case llvm::Intrinsic::lround:
  case llvm::Intrinsic::llround: return true;
  case llvm::Intrinsic::fma: return !machine.fuses || !isOneXmm(type);
  case llvm::Intrinsic::rint: return !type->isX86_FP80Ty() && (!machine.rounds || !isOneXmm(type));
  case llvm::Intrinsic::floor:
  case llvm::Intrinsic::ceil:
  case llvm::Intrinsic::trunc:
  case llvm::Intrinsic::nearbyint:
  case llvm::Intrinsic::round:
  case llvm::Intrinsic::roundeven: return !machine.rounds || !isOneXmm(type);
  case llvm::Intrinsic::lrint:
  case llvm::Intrinsic::llrint: return type->isVectorTy();
  case llvm::Intrinsic::minnum:
  case llvm::Intrinsic::maxnum: return !isOneXmm(type);
  default: return false;
  }
}

bool hasKernel(const llvm::Instruction& instruction) {
  if (instruction.getNumOperands() == 0)
    return false;
  const llvm::Type* type = instruction.getOperand(0)->getType();
  std::uint64_t width = 0;
  return (type->isVectorTy() || isWide(type)) && kernelOf(instruction, width);
}

/// Whether a function passes and returns nothing in a special way.
bool isPlainSignature(const llvm::AttributeList& attributes) {
  for (llvm::Attribute::AttrKind kind : {llvm::Attribute::ByVal, llvm::Attribute::StructRet, llvm::Attribute::InReg, llvm::Attribute::Nest,
                                         llvm::Attribute::InAlloca, llvm::Attribute::Preallocated, llvm::Attribute::SwiftSelf,
                                         llvm::Attribute::SwiftError, llvm::Attribute::SwiftAsync})
    if (attributes.hasAttrSomewhere(kind))
      return false;
  return true;
}

bool isPlainConvention(llvm::CallingConv::ID convention) {
  return convention == llvm::CallingConv::C || convention == llvm::CallingConv::Fast;
}

/// Whether all arguments are in registers.
bool inRegisters(const llvm::CallBase& call) {
  constexpr unsigned kGprs = 6, kXmms = 8;
  unsigned gprs = 0, xmms = 0;
  for (const llvm::Use& argument : call.args()) {
    const llvm::Type* type = argument->getType();
    if (!isOneGpr(type) && !isOneXmm(type))
      return false;
    ++(isOneGpr(type) ? gprs : xmms);
  }
  return gprs <= kGprs && xmms <= kXmms;
}

} // namespace

bool isTailJump(const llvm::CallBase& call) {
  const auto* marked = llvm::dyn_cast<llvm::CallInst>(&call);
  if (!marked || !marked->isTailCall() || call.isInlineAsm() || llvm::isa<llvm::IntrinsicInst>(call))
    return false;
  const auto* leave = llvm::dyn_cast_or_null<llvm::ReturnInst>(call.getNextNode());
  if (!leave || (leave->getReturnValue() ? leave->getReturnValue() != &call : !call.getType()->isVoidTy()))
    return false;
  const llvm::Function& function = *call.getFunction();
  const llvm::Type* type = call.getType();
  auto extension = [](const llvm::AttributeList& attributes) {
    return std::pair(attributes.hasRetAttr(llvm::Attribute::ZExt), attributes.hasRetAttr(llvm::Attribute::SExt));
  };
  return (type->isVoidTy() || isOneGpr(type) || isOneXmm(type)) && inRegisters(call) && !call.hasOperandBundles() &&
         !call.getFunctionType()->isVarArg() && !call.hasFnAttr(llvm::Attribute::ReturnsTwice) &&
         isPlainConvention(call.getCallingConv()) && isPlainConvention(function.getCallingConv()) &&
         isPlainSignature(call.getAttributes()) && isPlainSignature(function.getAttributes()) &&
         extension(call.getAttributes()) == extension(function.getAttributes()) &&
         function.getFnAttribute("disable-tail-calls").getValueAsString() != "true";
}

bool isCall(const llvm::Instruction& instruction, Machine machine) {
  if (hasKernel(instruction))
    return true;
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Call:
    if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
      return !instruction.getType()->isVectorTy() && callsLibrary(*intrinsic, machine);
    return !llvm::cast<llvm::CallInst>(instruction).isInlineAsm() && !isTailJump(llvm::cast<llvm::CallInst>(instruction));
  case llvm::Instruction::Invoke:
  case llvm::Instruction::Resume: return true;
  case llvm::Instruction::FRem: return !instruction.getType()->isX86_FP80Ty();
  case llvm::Instruction::UDiv:
  case llvm::Instruction::SDiv:
  case llvm::Instruction::URem:
  case llvm::Instruction::SRem: return isWide(instruction.getType());
  case llvm::Instruction::FPToSI:
  case llvm::Instruction::FPToUI: return isWide(instruction.getType());
  case llvm::Instruction::SIToFP:
  case llvm::Instruction::UIToFP: return isWide(instruction.getOperand(0)->getType());
  default: return false;
  }
}

bool isNothing(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::donothing:
  case llvm::Intrinsic::sideeffect:
  case llvm::Intrinsic::assume:
  case llvm::Intrinsic::var_annotation:
  case llvm::Intrinsic::invariant_start:
  case llvm::Intrinsic::invariant_end:
  case llvm::Intrinsic::lifetime_start:
  case llvm::Intrinsic::lifetime_end:
  case llvm::Intrinsic::experimental_noalias_scope_decl:
  case llvm::Intrinsic::pseudoprobe:
  case llvm::Intrinsic::dbg_value:
  case llvm::Intrinsic::dbg_declare:
  case llvm::Intrinsic::dbg_label:
  case llvm::Intrinsic::dbg_assign:
  case llvm::Intrinsic::vaend: return true;
  default: return false;
  }
}

bool seesFrame(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::frameaddress:
  case llvm::Intrinsic::returnaddress:
  case llvm::Intrinsic::addressofreturnaddress:
  case llvm::Intrinsic::vastart: return true;
  default: return false;
  }
}

/// Vectors are taken apart in slots of the frame.
static bool takesVectorsApart(const llvm::Instruction& instruction) {
  if (llvm::isa<llvm::LoadInst, llvm::StoreInst, llvm::PHINode>(instruction))
    return false;
  auto isVector = [&](unsigned operand) {
    return operand < instruction.getNumOperands() && instruction.getOperand(operand)->getType()->isVectorTy();
  };
  return instruction.getType()->isVectorTy() || isVector(0) || (llvm::isa<llvm::IntrinsicInst>(instruction) && isVector(1));
}

const llvm::Type* accessedType(const llvm::Instruction& access) {
  if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&access))
    return store->getValueOperand()->getType();
  if (const auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&access))
    return exchange->getNewValOperand()->getType();
  return access.getType();
}

bool needsFrame(const llvm::Instruction& instruction) {
  if (takesVectorsApart(instruction))
    return true;
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
    return seesFrame(*intrinsic);
  if (!instruction.isAtomic())
    return false;
  return isWide(accessedType(instruction));
}

const llvm::SExtInst* extensionOf(const llvm::LoadInst& load) {
  if (!load.hasOneUse() || load.isAtomic() || !load.getType()->isIntegerTy() || !isExactWidth(load.getType()))
    return nullptr;
  const auto* extension = llvm::dyn_cast<llvm::SExtInst>(*load.user_begin());
  return extension && isOneGpr(extension->getType()) && isExactWidth(extension->getType()) ? extension : nullptr;
}

bool writesClean(const llvm::Instruction& instruction) {
  const llvm::Type* type = instruction.getType();
  if (!isOneGpr(type) || !isExactWidth(type) || bitsOf(type) == 64)
    return true;
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return !extensionOf(*load);
  if (!type->isIntegerTy(32))
    return false;
  return llvm::isa<llvm::BinaryOperator, llvm::FPToSIInst, llvm::SelectInst>(instruction);
}

bool isFoldableCompare(const llvm::Instruction& instruction) {
  const llvm::Instruction* user = soleUser(instruction);
  if (!user || user->getParent() != instruction.getParent())
    return false;
  const llvm::Type* type = instruction.getOperand(0)->getType();
  if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(user)) {
    if (select->getCondition() != &instruction)
      return false;
  } else if (!llvm::isa<llvm::BranchInst>(user)) {
    return false;
  }
  if (llvm::isa<llvm::ICmpInst>(instruction))
    return isOneGpr(type) || isWide(type);
  return llvm::isa<llvm::FCmpInst>(instruction) && (isOneXmm(type) || type->isX86_FP80Ty());
}

bool comparesSwapped(llvm::CmpInst::Predicate predicate) {
  switch (predicate) {
  case llvm::CmpInst::FCMP_OLT:
  case llvm::CmpInst::FCMP_OLE:
  case llvm::CmpInst::FCMP_UGT:
  case llvm::CmpInst::FCMP_UGE: return true;
  default: return false;
  }
}

/// Which operand of a floating-point comparison may be in memory; 2: either.
static unsigned memoryOperand(const llvm::FCmpInst& compare) {
  switch (compare.getPredicate()) {
  case llvm::CmpInst::FCMP_OGT:
  case llvm::CmpInst::FCMP_OGE:
  case llvm::CmpInst::FCMP_ULT:
  case llvm::CmpInst::FCMP_ULE: return 1;
  default: return comparesSwapped(compare.getPredicate()) ? 0 : 2;
  }
}

bool isBitTest(const llvm::Instruction& instruction) {
  if (instruction.getOpcode() != llvm::Instruction::And || !isOneGpr(instruction.getType()))
    return false;
  const auto* compare = llvm::dyn_cast_or_null<llvm::ICmpInst>(soleUser(instruction));
  if (!compare || !compare->isEquality() || compare->getParent() != instruction.getParent() ||
      compare->getOperand(0) != &instruction || !isFoldableCompare(*compare))
    return false;
  const auto* zero = llvm::dyn_cast<llvm::ConstantInt>(compare->getOperand(1));
  return zero && zero->isZero();
}

namespace {

/// Instructions that leave a flag in the processor's.
bool setsFlag(const llvm::Instruction& producer) {
  const auto* type = llvm::dyn_cast<llvm::StructType>(producer.getType());
  if (!type || type->getNumElements() != 2 || !isOneGpr(type->getElementType(0)) || !isExactWidth(type->getElementType(0)))
    return false;
  return llvm::isa<llvm::WithOverflowInst, llvm::AtomicCmpXchgInst>(producer);
}

/// A store of a part of the producer's result is one move.
bool storesPart(const llvm::Instruction& instruction, const llvm::Instruction& producer) {
  const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
  if (!store || !isPlainAccess(*store) || llvm::isa<llvm::ConstantExpr, llvm::GEPOperator>(store->getPointerOperand()))
    return false;
  const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(store->getValueOperand());
  return part && part->getAggregateOperand() == &producer && isExactWidth(part->getType());
}

/// The one extraction of the producer's flag, if it is only branched on right behind.
const llvm::ExtractValueInst* flagOf(const llvm::Instruction& producer) {
  constexpr unsigned kMostUsers = 4;
  if (!setsFlag(producer))
    return nullptr;
  const llvm::ExtractValueInst* flag = nullptr;
  unsigned users = 0;
  for (const llvm::User* user : producer.users()) {
    const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(user);
    // In one block, so that the result, of which only a part has a place, is alive into no loop.
    if (!part || part->getParent() != producer.getParent() || ++users > kMostUsers || (part->getIndices()[0] == 1 && std::exchange(flag, part)))
      return nullptr;
  }
  const llvm::Instruction* branch = flag ? soleUser(*flag) : nullptr;
  if (!branch || !llvm::isa<llvm::BranchInst>(branch) || branch->getParent() != producer.getParent())
    return nullptr;
  for (const llvm::Instruction* at = producer.getNextNode(); at != branch; at = at->getNextNode()) {
    const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(at);
    if (!(part && part->getAggregateOperand() == &producer) && !storesPart(*at, producer))
      return nullptr;
  }
  return flag;
}

} // namespace

bool keepsFlag(const llvm::Instruction& producer) { return flagOf(producer) != nullptr; }

bool isFlag(const llvm::Value& value) {
  const auto* flag = llvm::dyn_cast<llvm::ExtractValueInst>(&value);
  const auto* producer = flag ? llvm::dyn_cast<llvm::Instruction>(flag->getAggregateOperand()) : nullptr;
  return producer && flagOf(*producer) == flag;
}

const llvm::LoadInst* updatedLoad(const llvm::Instruction& arithmetic) {
  const llvm::Type* type = arithmetic.getType();
  if (!arithmetic.isBinaryOp() || !type->isIntegerTy() || !isExactWidth(type))
    return nullptr;
  switch (arithmetic.getOpcode()) {
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::And:
  case llvm::Instruction::Or:
  case llvm::Instruction::Xor: break;
  default: return nullptr;
  }
  const auto* store = llvm::dyn_cast_or_null<llvm::StoreInst>(soleUser(arithmetic));
  if (!store || store->getValueOperand() != &arithmetic || store->getParent() != arithmetic.getParent() ||
      !isPlainAccess(*store))
    return nullptr;
  for (unsigned i = 0; i < (arithmetic.isCommutative() ? 2u : 1u); ++i) {
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(arithmetic.getOperand(i));
    if (load && load->hasOneUse() && isPlainAccess(*load) && store->getPointerOperand() == load->getPointerOperand() &&
        load->getParent() == arithmetic.getParent() && !writesBetween(*load, *store))
      return load;
  }
  return nullptr;
}

std::optional<unsigned> loadingOperand(const llvm::LoadInst& load) {
  const llvm::Instruction* user = soleUser(load);
  if (!user || user->getParent() != load.getParent() || !isPlainAccess(load))
    return std::nullopt;
  const llvm::Type* type = load.getType();
  unsigned operand = user->getOperand(1 - (user->getNumOperands() < 2)) == &load ? 1 : 0;
  if (llvm::isa<llvm::ICmpInst>(user)) {
    if (!isOneGpr(type) || !isExactWidth(type) || !isFoldableCompare(*user))
      return std::nullopt;
    return writesBetween(load, *soleUser(*user)) ? std::nullopt : std::optional(operand);
  }
  if (const auto* compare = llvm::dyn_cast<llvm::FCmpInst>(user)) {
    const unsigned taken = memoryOperand(*compare);
    if (!isOneXmm(type) || !isFoldableCompare(*user) || !llvm::isa<llvm::BranchInst>(*user->user_begin()) ||
        (taken != 2 && taken != operand) || llvm::isa<llvm::Constant>(user->getOperand(1 - operand)))
      return std::nullopt;
    return writesBetween(load, *soleUser(*user)) ? std::nullopt : std::optional(operand);
  }
  if (!takesMemory(*user) || updatedLoad(*user) || isBitTest(*user) || (operand == 0 && !user->isCommutative()))
    return std::nullopt;
  if (llvm::isa<llvm::Constant>(user->getOperand(1 - operand)) || writesBetween(load, *user))
    return std::nullopt;
  return operand;
}

namespace {

bool onX87Stack(const llvm::Instruction& instruction) {
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd:
  case llvm::Instruction::FSub:
  case llvm::Instruction::FMul:
  case llvm::Instruction::FDiv:
  case llvm::Instruction::FNeg: return true;
  case llvm::Instruction::Load: return isPlainAccess(instruction);
  case llvm::Instruction::FPExt: return isOneXmm(instruction.getOperand(0)->getType());
  case llvm::Instruction::SIToFP:
  case llvm::Instruction::UIToFP: return isOneGpr(instruction.getOperand(0)->getType());
  case llvm::Instruction::Call: {
    const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    return intrinsic && (intrinsic->getIntrinsicID() == llvm::Intrinsic::fabs || intrinsic->getIntrinsicID() == llvm::Intrinsic::sqrt);
  }
  default: return false;
  }
}

/// Whether the instruction has the number from the stack, not from memory.
bool takesFromX87Stack(const llvm::Instruction& user) {
  switch (user.getOpcode()) {
  case llvm::Instruction::FRem:
  case llvm::Instruction::FCmp:
  case llvm::Instruction::Ret: return true;
  case llvm::Instruction::FPTrunc: return isOneXmm(user.getType());
  case llvm::Instruction::FPToSI:
  case llvm::Instruction::FPToUI: return isOneGpr(user.getType());
  case llvm::Instruction::Store: return !user.isAtomic();
  default: return user.getType()->isX86_FP80Ty() && !llvm::isa<llvm::LoadInst>(user) && onX87Stack(user);
  }
}

} // namespace

bool isX87Operand(const llvm::Instruction& instruction) {
  // To load a number again is cheaper than to keep it in a slot.
  constexpr unsigned kMostLoads = 4;
  if (!instruction.getType()->isX86_FP80Ty() || !onX87Stack(instruction) || instruction.use_empty() ||
      instruction.hasNUsesOrMore(llvm::isa<llvm::LoadInst>(instruction) ? kMostLoads + 1 : 2))
    return false;
  return llvm::all_of(instruction.users(), [&](const llvm::User* each) {
    const auto& user = llvm::cast<llvm::Instruction>(*each);
    return user.getParent() == instruction.getParent() && takesFromX87Stack(user) &&
           !writesBetween(instruction, isFoldableCompare(user) ? *soleUser(user) : user);
  });
}

bool accessesOnly(const llvm::Instruction& instruction, const llvm::Value* address) {
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return !load->isAtomic() && load->getPointerOperand() == address;
  const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
  return store && !store->isAtomic() && store->getPointerOperand() == address && store->getValueOperand() != address;
}

bool isFrameVariable(const llvm::AllocaInst& variable) {
  const auto* count = llvm::dyn_cast<llvm::ConstantInt>(variable.getArraySize());
  return variable.getParent()->isEntryBlock() && count && count->getValue().ule(1u << 30) && !variable.isUsedWithInAlloca() &&
         !variable.isSwiftError() && variable.getAlign().value() <= 16;
}

/// Intrinsics on floating point whose last instruction writes the result and reads what is left to read.
static bool readsFirst(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.arg_empty())
    return false;
  const llvm::Type* type = intrinsic.getArgOperand(0)->getType();
  if (!isOneXmm(type) && !type->isX86_FP80Ty())
    return false;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::fma:
  case llvm::Intrinsic::is_fpclass: return false;
  default: return true;
  }
}

bool writesEarly(const llvm::Instruction& instruction) {
  const llvm::Type* type = instruction.getType();
  auto isScalar = [](const llvm::Type* each) { return isOneGpr(each) || isOneXmm(each) || each->isX86_FP80Ty(); };
  const bool plain = type->isVoidTy() || isScalar(type);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::Mul:
  case llvm::Instruction::And:
  case llvm::Instruction::Or:
  case llvm::Instruction::Xor:
  case llvm::Instruction::FAdd:
  case llvm::Instruction::FSub:
  case llvm::Instruction::FMul:
  case llvm::Instruction::FDiv: return !plain && (!type->isVectorTy() || instruction.getOpcode() == llvm::Instruction::Mul);
  case llvm::Instruction::Load: return !plain;
  case llvm::Instruction::Shl:
  case llvm::Instruction::LShr:
  case llvm::Instruction::AShr: return !plain || !llvm::isa<llvm::ConstantInt>(instruction.getOperand(1));
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: return !plain || !isScalar(instruction.getOperand(0)->getType());
  case llvm::Instruction::FNeg:
  case llvm::Instruction::FRem:
  case llvm::Instruction::Select: return !plain;
  case llvm::Instruction::GetElementPtr: return !plain;
  case llvm::Instruction::Call:
  case llvm::Instruction::Invoke: {
    const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    return intrinsic && !(plain && readsFirst(*intrinsic));
  }
  case llvm::Instruction::Br:
  case llvm::Instruction::Switch:
  case llvm::Instruction::Ret:
  case llvm::Instruction::Store: return false;
  default:
    return !(instruction.isCast() && plain && isScalar(instruction.getOperand(0)->getType()));
  }
}

} // namespace kiln::baseline
