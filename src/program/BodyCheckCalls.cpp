// Of a body's check: calls, their attributes, and intrinsics.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>

#include "program/BodyCheck.h"

namespace kiln {
namespace {

/// Intrinsics of which nothing is to be checked but their type and which arguments are constants.
bool isPlainIntrinsic(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::lifetime_start:
  case llvm::Intrinsic::lifetime_end:
  case llvm::Intrinsic::memcpy:
  case llvm::Intrinsic::memmove:
  case llvm::Intrinsic::memset:
  case llvm::Intrinsic::assume:
  case llvm::Intrinsic::expect:
  case llvm::Intrinsic::ctpop:
  case llvm::Intrinsic::ctlz:
  case llvm::Intrinsic::cttz:
  case llvm::Intrinsic::bitreverse:
  case llvm::Intrinsic::bswap:
  case llvm::Intrinsic::fshl:
  case llvm::Intrinsic::fshr:
  case llvm::Intrinsic::abs:
  case llvm::Intrinsic::smax:
  case llvm::Intrinsic::smin:
  case llvm::Intrinsic::umax:
  case llvm::Intrinsic::umin:
  case llvm::Intrinsic::sadd_with_overflow:
  case llvm::Intrinsic::uadd_with_overflow:
  case llvm::Intrinsic::ssub_with_overflow:
  case llvm::Intrinsic::usub_with_overflow:
  case llvm::Intrinsic::smul_with_overflow:
  case llvm::Intrinsic::umul_with_overflow:
  case llvm::Intrinsic::sadd_sat:
  case llvm::Intrinsic::uadd_sat:
  case llvm::Intrinsic::ssub_sat:
  case llvm::Intrinsic::usub_sat:
  case llvm::Intrinsic::fabs:
  case llvm::Intrinsic::sqrt:
  case llvm::Intrinsic::floor:
  case llvm::Intrinsic::ceil:
  case llvm::Intrinsic::trunc:
  case llvm::Intrinsic::rint:
  case llvm::Intrinsic::nearbyint:
  case llvm::Intrinsic::round:
  case llvm::Intrinsic::copysign:
  case llvm::Intrinsic::fma:
  case llvm::Intrinsic::fmuladd:
  case llvm::Intrinsic::minnum:
  case llvm::Intrinsic::maxnum:
  case llvm::Intrinsic::pow:
  case llvm::Intrinsic::exp:
  case llvm::Intrinsic::exp2:
  case llvm::Intrinsic::log:
  case llvm::Intrinsic::log2:
  case llvm::Intrinsic::log10:
  case llvm::Intrinsic::sin:
  case llvm::Intrinsic::cos:
  case llvm::Intrinsic::stacksave:
  case llvm::Intrinsic::stackrestore:
  case llvm::Intrinsic::vastart:
  case llvm::Intrinsic::vaend:
  case llvm::Intrinsic::vacopy:
  case llvm::Intrinsic::objectsize:
  case llvm::Intrinsic::is_constant:
  case llvm::Intrinsic::trap:
  case llvm::Intrinsic::load_relative:
  case llvm::Intrinsic::prefetch:
  case llvm::Intrinsic::returnaddress:
  case llvm::Intrinsic::frameaddress:
  case llvm::Intrinsic::eh_typeid_for:
  case llvm::Intrinsic::vector_reduce_add:
  case llvm::Intrinsic::vector_reduce_mul:
  case llvm::Intrinsic::vector_reduce_and:
  case llvm::Intrinsic::vector_reduce_or:
  case llvm::Intrinsic::vector_reduce_xor:
  case llvm::Intrinsic::vector_reduce_smax:
  case llvm::Intrinsic::vector_reduce_smin:
  case llvm::Intrinsic::vector_reduce_umax:
  case llvm::Intrinsic::vector_reduce_umin:
    return true;
  default:
    return false;
  }
}

bool hasIntrinsicType(llvm::Intrinsic::ID id, llvm::FunctionType* type) {
  llvm::SmallVector<llvm::Intrinsic::IITDescriptor, 8> table;
  llvm::Intrinsic::getIntrinsicInfoTableEntries(id, table);
  llvm::ArrayRef<llvm::Intrinsic::IITDescriptor> rest = table;
  llvm::SmallVector<llvm::Type*, 4> overloads;
  return llvm::Intrinsic::matchIntrinsicSignature(type, rest, overloads) ==
             llvm::Intrinsic::MatchIntrinsicTypes_Match &&
         !llvm::Intrinsic::matchIntrinsicVarArg(type->isVarArg(), rest);
}

} // namespace

bool BodyCheck::validCall(const llvm::CallBase& call) {
  llvm::FunctionType* type = call.getFunctionType();
  unsigned count = call.arg_size(), named = type->getNumParams();
  if (call.hasOperandBundles() || call.isMustTailCall() || !call.getCalledOperand()->getType()->isPointerTy() ||
      llvm::isa<llvm::InlineAsm>(call.getCalledOperand()) || call.getType() != type->getReturnType() ||
      (type->isVarArg() ? count < named : count != named))
    return false;
  for (unsigned i = 0; i < count; ++i) {
    llvm::Type* given = call.getArgOperand(i)->getType();
    if (i < named && given != type->getParamType(i))
      return false;
    if (!given->isFirstClassType() || given->isLabelTy() || given->isMetadataTy() || given->isTokenTy())
      return false;
  }
  if (const auto* invoke = llvm::dyn_cast<llvm::InvokeInst>(&call))
    if (!invoke->getUnwindDest()->isLandingPad())
      return false;
  if (!validAttributes(call.getAttributes(), *type))
    return false;
  const llvm::Function* callee = call.getCalledFunction(); // none where the call names another type
  if (callee && callee->isIntrinsic())
    return validIntrinsic(call, *callee);
  const auto* other = llvm::dyn_cast<llvm::Function>(call.getCalledOperand());
  return callee || !other || !other->isIntrinsic();
}

bool BodyCheck::validIntrinsic(const llvm::CallBase& call, const llvm::Function& callee) {
  const Intrinsic& known = intrinsic(callee);
  if (!known.plain || llvm::isa<llvm::InvokeInst>(call))
    return false;
  for (std::uint32_t left = known.immediates; left; left &= left - 1) {
    const llvm::Value* argument = call.getArgOperand(static_cast<unsigned>(__builtin_ctz(left)));
    if (!llvm::isa<llvm::ConstantInt>(argument))
      return false;
  }
  return callee.getIntrinsicID() != llvm::Intrinsic::vastart || function_->isVarArg();
}

const BodyCheck::Intrinsic& BodyCheck::intrinsic(const llvm::Function& callee) {
  auto [at, fresh] = intrinsics_.try_emplace(&callee);
  if (!fresh)
    return at->second;
  llvm::Intrinsic::ID id = callee.getIntrinsicID();
  llvm::FunctionType* type = callee.getFunctionType();
  if (!isPlainIntrinsic(id) || type->getNumParams() > 32 || !hasIntrinsicType(id, type))
    return at->second;
  if (id == llvm::Intrinsic::bswap && type->getReturnType()->getScalarSizeInBits() % 16 != 0)
    return at->second;
  at->second.plain = true;
  llvm::AttributeList attributes = llvm::Intrinsic::getAttributes(callee.getContext(), id);
  for (unsigned i = 0; i < type->getNumParams(); ++i)
    if (attributes.hasParamAttr(i, llvm::Attribute::ImmArg))
      at->second.immediates |= 1u << i;
  return at->second;
}

/// What decides how values are passed must fit the function's type.
bool BodyCheck::validAttributes(llvm::AttributeList list, const llvm::FunctionType& type) {
  using llvm::Attribute;
  if (list.isEmpty())
    return true;
  auto [at, fresh] = plainAttributes_.try_emplace(list.getRawPointer(), true);
  if (fresh)
    for (Attribute::AttrKind kind :
         {Attribute::ByVal, Attribute::StructRet, Attribute::ByRef, Attribute::InAlloca, Attribute::Preallocated,
          Attribute::Nest, Attribute::SwiftSelf, Attribute::SwiftError, Attribute::SwiftAsync})
      at->second = at->second && !list.hasAttrSomewhere(kind);
  if (at->second)
    return true;
  for (unsigned i = 0; i < type.getNumParams(); ++i) {
    llvm::AttributeSet set = list.getParamAttrs(i);
    for (Attribute::AttrKind kind : {Attribute::ByRef, Attribute::InAlloca, Attribute::Preallocated, Attribute::Nest,
                                     Attribute::SwiftSelf, Attribute::SwiftError, Attribute::SwiftAsync})
      if (set.hasAttribute(kind))
        return false;
    for (llvm::Type* copied : {set.getByValType(), set.getStructRetType()})
      if (copied && (!copied->isSized() || !type.getParamType(i)->isPointerTy()))
        return false;
    if (set.getStructRetType() && (i > 1 || !type.getReturnType()->isVoidTy()))
      return false;
  }
  return true;
}

} // namespace kiln
