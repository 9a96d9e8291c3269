// Whether a definition fits in the place of another one, as far as its callers can tell.
#include <llvm/IR/Attributes.h>
#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/Support/ModRef.h>
#include <llvm/Support/raw_ostream.h>

#include <span>

#include "replace/Ledger.h"

namespace kiln {
namespace {

using Kind = llvm::Attribute::AttrKind;

/// How values are passed: the same on both sides.
constexpr Kind kPassing[] = {Kind::ZExt,          Kind::SExt,       Kind::InReg,      Kind::ByVal,
                             Kind::ByRef,         Kind::InAlloca,   Kind::Nest,       Kind::StructRet,
                             Kind::SwiftSelf,     Kind::SwiftError, Kind::SwiftAsync, Kind::Preallocated,
                             Kind::StackAlignment};
/// What a function promises its callers of itself, of its result and of its arguments.
constexpr Kind kPromises[] = {Kind::NoUnwind, Kind::NoReturn,  Kind::WillReturn, Kind::NoFree,
                              Kind::NoSync,   Kind::NoRecurse, Kind::NoCallback, Kind::Speculatable,
                              Kind::Memory,   Kind::AllocKind, Kind::AllocSize};
constexpr Kind kResultPromises[] = {Kind::NoUndef,   Kind::NonNull, Kind::Dereferenceable, Kind::DereferenceableOrNull,
                                    Kind::Alignment, Kind::NoAlias, Kind::Range,           Kind::NoFPClass};
constexpr Kind kArgumentPromises[] = {Kind::NoCapture,    Kind::ReadNone,   Kind::ReadOnly,
                                      Kind::WriteOnly,    Kind::NoFree,     Kind::Returned,
                                      Kind::DeadOnUnwind, Kind::AllocAlign, Kind::AllocatedPointer};
/// What it demands of its callers: of arguments the same kinds as it promises of a result, and of itself.
constexpr Kind kDemands[] = {Kind::ReturnsTwice, Kind::Convergent};
/// A change of these changes which registers a call keeps.
constexpr const char* kRegisters[] = {"no_caller_saved_registers", "no_callee_saved_registers"};

std::string textOf(const llvm::Type& type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// By structure, across contexts. Pointers are opaque, so that no type contains itself.
bool same(const llvm::Type* a, const llvm::Type* b) {
  if (!a || !b)
    return a == b;
  if (a->getTypeID() != b->getTypeID() || a->getNumContainedTypes() != b->getNumContainedTypes())
    return false;
  if (a->isIntegerTy() && a->getIntegerBitWidth() != b->getIntegerBitWidth())
    return false;
  if (a->isPointerTy() && a->getPointerAddressSpace() != b->getPointerAddressSpace())
    return false;
  if (a->isArrayTy() && a->getArrayNumElements() != b->getArrayNumElements())
    return false;
  if (const auto* vector = llvm::dyn_cast<llvm::VectorType>(a);
      vector && vector->getElementCount() != llvm::cast<llvm::VectorType>(b)->getElementCount())
    return false;
  if (const auto* structure = llvm::dyn_cast<llvm::StructType>(a)) {
    const auto* other = llvm::cast<llvm::StructType>(b);
    if (structure->isPacked() != other->isPacked() || structure->isOpaque() != other->isOpaque())
      return false;
  }
  if (const auto* function = llvm::dyn_cast<llvm::FunctionType>(a);
      function && function->isVarArg() != llvm::cast<llvm::FunctionType>(b)->isVarArg())
    return false;
  if (a->isTargetExtTy() && textOf(*a) != textOf(*b))
    return false;
  for (unsigned i = 0; i < a->getNumContainedTypes(); ++i)
    if (!same(a->getContainedType(i), b->getContainedType(i)))
      return false;
  return true;
}

/// Whether the attribute says what the other one says, or more.
bool covers(llvm::AttributeSet strong, llvm::Attribute weak) {
  const Kind kind = weak.getKindAsEnum();
  if ((kind == Kind::ReadOnly || kind == Kind::WriteOnly) && strong.hasAttribute(Kind::ReadNone))
    return true;
  if (kind == Kind::DereferenceableOrNull && strong.getDereferenceableBytes() >= weak.getDereferenceableOrNullBytes())
    return true;
  if (!strong.hasAttribute(kind))
    return false;
  const llvm::Attribute is = strong.getAttribute(kind);
  switch (kind) {
  case Kind::Memory:
    return (is.getMemoryEffects() & weak.getMemoryEffects()) == is.getMemoryEffects();
  case Kind::Range:
    return weak.getRange().getBitWidth() == is.getRange().getBitWidth() && weak.getRange().contains(is.getRange());
  case Kind::NoFPClass:
    return (weak.getNoFPClass() & ~is.getNoFPClass()) == 0;
  case Kind::Alignment:
  case Kind::Dereferenceable:
  case Kind::DereferenceableOrNull:
    return is.getValueAsInt() >= weak.getValueAsInt();
  default:
    return !weak.isIntAttribute() || is.getValueAsInt() == weak.getValueAsInt();
  }
}

/// The first of these that `weak` has and `strong` does not cover.
std::optional<std::string> lacking(llvm::AttributeSet strong, llvm::AttributeSet weak, std::span<const Kind> kinds) {
  for (Kind kind : kinds)
    if (weak.hasAttribute(kind) && !covers(strong, weak.getAttribute(kind)))
      return weak.getAttribute(kind).getAsString();
  return std::nullopt;
}

bool samePassing(llvm::AttributeSet a, llvm::AttributeSet b, std::string& what) {
  for (Kind kind : kPassing) {
    const llvm::Attribute one = a.getAttribute(kind), other = b.getAttribute(kind);
    bool equal = one.isValid() == other.isValid();
    if (equal && one.isValid())
      equal = one.isTypeAttribute() ? same(one.getValueAsType(), other.getValueAsType())
                                    : !one.isIntAttribute() || one.getValueAsInt() == other.getValueAsInt();
    // The callee's copy lies as the attribute says.
    if (equal && one.isValid() && kind == Kind::ByVal)
      equal = a.getAlignment() == b.getAlignment();
    if (!equal) {
      what = (one.isValid() ? one : other).getAsString();
      return false;
    }
  }
  return true;
}

bool hasWideVector(const llvm::Type* type) {
  if (type->isVectorTy() && type->getPrimitiveSizeInBits().getKnownMinValue() > 128)
    return true;
  for (const llvm::Type* part : type->subtypes())
    if (hasWideVector(part))
      return true;
  return false;
}

std::optional<std::string> argumentMisfit(const llvm::Function& old, const llvm::Function& now, unsigned index) {
  const llvm::AttributeSet before = old.getAttributes().getParamAttrs(index),
                           after = now.getAttributes().getParamAttrs(index);
  const std::string which = "argument " + std::to_string(index + 1);
  std::string what;
  if (!samePassing(before, after, what))
    return which + " is passed otherwise (" + what + ")";
  if (auto lost = lacking(after, before, kArgumentPromises))
    return which + " was promised to be '" + *lost + "', which the new definition does not say";
  if (auto more = lacking(before, after, kResultPromises))
    return which + " must be '" + *more + "' now, which callers do not know";
  return std::nullopt;
}

} // namespace

std::optional<std::string> misfit(const llvm::Function& old, const llvm::Function& now) {
  if (!same(old.getFunctionType(), now.getFunctionType()))
    return "its type is " + textOf(*now.getFunctionType()) + ", and callers use " + textOf(*old.getFunctionType());
  if (old.getCallingConv() != now.getCallingConv())
    return "it has another calling convention";
  const llvm::AttributeList before = old.getAttributes(), after = now.getAttributes();
  for (const char* name : kRegisters)
    if (before.hasFnAttr(name) != after.hasFnAttr(name))
      return std::string("it differs in '") + name + "'";
  if (hasWideVector(old.getFunctionType()) && old.getFnAttribute("target-features").getValueAsString() !=
                                                  now.getFnAttribute("target-features").getValueAsString())
    return "it passes wide vectors, and is compiled for other CPU features";
  std::string what;
  if (!samePassing(before.getRetAttrs(), after.getRetAttrs(), what))
    return "its result is passed otherwise (" + what + ")";
  for (unsigned i = 0; i < old.arg_size(); ++i)
    if (auto bad = argumentMisfit(old, now, i))
      return bad;
  if (auto lost = lacking(after.getRetAttrs(), before.getRetAttrs(), kResultPromises))
    return "its result was promised to be '" + *lost + "', which the new definition does not say";
  if (auto lost = lacking(after.getFnAttrs(), before.getFnAttrs(), kPromises))
    return "it promised '" + *lost + "', which the new definition does not";
  if (auto more = lacking(before.getFnAttrs(), after.getFnAttrs(), kDemands))
    return "it is '" + *more + "' now, which callers do not know";
  if (old.hasFnAttribute(Kind::AlwaysInline))
    return "it is always inlined: its callers have it in them";
  return std::nullopt;
}

} // namespace kiln
