#include "program/SameBody.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalIFunc.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {
namespace {

class Comparison {
public:
  std::string body(llvm::Function& one, llvm::Function& other);
  std::string module(llvm::Module& one, llvm::Module& other);

private:
  template <typename Thing> static std::string printed(const Thing& thing) {
    std::string text;
    llvm::raw_string_ostream out(text);
    thing.print(out);
    return text;
  }
  bool same(llvm::Type* one, llvm::Type* other);
  bool same(const llvm::Value* one, const llvm::Value* other);
  bool sameConstant(const llvm::Constant* one, const llvm::Constant* other);
  bool sameGlobal(const llvm::GlobalValue& one, const llvm::GlobalValue& other);
  bool same(llvm::AttributeList one, llvm::AttributeList other);
  bool sameCall(const llvm::CallBase& one, const llvm::CallBase& other);
  bool sameKind(const llvm::Instruction& one, const llvm::Instruction& other);
  std::string instruction(const llvm::Instruction& one, const llvm::Instruction& other);

  llvm::DenseMap<llvm::Type*, llvm::Type*> types_;
  llvm::DenseMap<const llvm::Value*, const llvm::Value*> partners_;
  llvm::DenseMap<const llvm::Constant*, const llvm::Constant*> known_;
};

/// A context gives the second struct of a name a number behind it.
llvm::StringRef plainName(llvm::StringRef name) {
  llvm::StringRef plain = name.rtrim("0123456789");
  return plain.size() < name.size() && plain.ends_with(".") ? plainName(plain.drop_back()) : name;
}

bool Comparison::same(llvm::Type* one, llvm::Type* other) {
  if (auto at = types_.find(one); at != types_.end() && at->second == other)
    return true;
  if (one->getTypeID() != other->getTypeID() || one->getNumContainedTypes() != other->getNumContainedTypes())
    return false;
  auto* structure = llvm::dyn_cast<llvm::StructType>(one);
  if (!structure && one->getNumContainedTypes() == 0 && printed(*one) != printed(*other))
    return false;
  if (structure) {
    auto* second = llvm::cast<llvm::StructType>(other);
    if (structure->hasName() != second->hasName() || structure->isPacked() != second->isPacked() ||
        (structure->hasName() && plainName(structure->getName()) != plainName(second->getName())))
      return false;
  }
  if (auto* array = llvm::dyn_cast<llvm::ArrayType>(one))
    if (array->getNumElements() != llvm::cast<llvm::ArrayType>(other)->getNumElements())
      return false;
  if (auto* vector = llvm::dyn_cast<llvm::VectorType>(one))
    if (vector->getElementCount() != llvm::cast<llvm::VectorType>(other)->getElementCount())
      return false;
  if (auto* function = llvm::dyn_cast<llvm::FunctionType>(one))
    if (function->isVarArg() != llvm::cast<llvm::FunctionType>(other)->isVarArg())
      return false;
  for (unsigned i = 0; i < one->getNumContainedTypes(); ++i)
    if (!same(one->getContainedType(i), other->getContainedType(i)))
      return false;
  types_[one] = other;
  return true;
}

/// Names of globals are unique, or they have none.
bool Comparison::sameGlobal(const llvm::GlobalValue& one, const llvm::GlobalValue& other) {
  return one.getName() == other.getName() && one.getValueID() == other.getValueID();
}

bool Comparison::sameConstant(const llvm::Constant* one, const llvm::Constant* other) {
  if (auto at = known_.find(one); at != known_.end() && at->second == other)
    return true;
  if (auto* global = llvm::dyn_cast<llvm::GlobalValue>(one))
    return llvm::isa<llvm::GlobalValue>(other) && sameGlobal(*global, *llvm::cast<llvm::GlobalValue>(other));
  if (one->getValueID() != other->getValueID() || !same(one->getType(), other->getType()) ||
      one->getNumOperands() != other->getNumOperands() ||
      one->getRawSubclassOptionalData() != other->getRawSubclassOptionalData())
    return false;
  bool equal = true;
  if (auto* integer = llvm::dyn_cast<llvm::ConstantInt>(one)) {
    equal = integer->getValue() == llvm::cast<llvm::ConstantInt>(other)->getValue();
  } else if (auto* real = llvm::dyn_cast<llvm::ConstantFP>(one)) {
    equal = real->getValueAPF().bitwiseIsEqual(llvm::cast<llvm::ConstantFP>(other)->getValueAPF());
  } else if (auto* data = llvm::dyn_cast<llvm::ConstantDataSequential>(one)) {
    equal = data->getRawDataValues() == llvm::cast<llvm::ConstantDataSequential>(other)->getRawDataValues();
  } else {
    if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(one))
      equal = expression->getOpcode() == llvm::cast<llvm::ConstantExpr>(other)->getOpcode();
    if (auto* address = llvm::dyn_cast<llvm::GEPOperator>(one)) {
      auto* otherAddress = llvm::cast<llvm::GEPOperator>(other);
      equal = equal && same(address->getSourceElementType(), otherAddress->getSourceElementType()) &&
              address->getInRange() == otherAddress->getInRange();
    }
    for (unsigned i = 0; equal && i < one->getNumOperands(); ++i)
      equal = same(one->getOperand(i), other->getOperand(i));
  }
  if (equal)
    known_[one] = other;
  return equal;
}

bool Comparison::same(const llvm::Value* one, const llvm::Value* other) {
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(one))
    return llvm::isa<llvm::Constant>(other) && sameConstant(constant, llvm::cast<llvm::Constant>(other));
  if (auto* text = llvm::dyn_cast<llvm::InlineAsm>(one)) {
    auto* otherText = llvm::dyn_cast<llvm::InlineAsm>(other);
    return otherText && text->getAsmString() == otherText->getAsmString() &&
           text->getConstraintString() == otherText->getConstraintString() &&
           same(text->getFunctionType(), otherText->getFunctionType()) &&
           text->hasSideEffects() == otherText->hasSideEffects() && text->isAlignStack() == otherText->isAlignStack() &&
           text->getDialect() == otherText->getDialect() && text->canThrow() == otherText->canThrow();
  }
  if (llvm::isa<llvm::MetadataAsValue>(one))
    return llvm::isa<llvm::MetadataAsValue>(other);
  auto at = partners_.find(one);
  return at != partners_.end() && at->second == other;
}

bool Comparison::same(llvm::AttributeList one, llvm::AttributeList other) {
  if (one.getNumAttrSets() != other.getNumAttrSets())
    return false;
  for (unsigned index : one.indexes()) {
    llvm::AttributeSet set = one.getAttributes(index), second = other.getAttributes(index);
    if (set.getNumAttributes() != second.getNumAttributes())
      return false;
    for (auto i = set.begin(), j = second.begin(); i != set.end(); ++i, ++j) {
      bool typed = i->isTypeAttribute() && j->isTypeAttribute() && i->getKindAsEnum() == j->getKindAsEnum();
      if (typed ? !same(i->getValueAsType(), j->getValueAsType()) : i->getAsString() != j->getAsString())
        return false;
    }
  }
  return true;
}

bool Comparison::sameCall(const llvm::CallBase& one, const llvm::CallBase& other) {
  if (one.getCallingConv() != other.getCallingConv() || !same(one.getAttributes(), other.getAttributes()) ||
      !same(one.getFunctionType(), other.getFunctionType()) ||
      one.getNumOperandBundles() != other.getNumOperandBundles())
    return false;
  for (unsigned i = 0; i < one.getNumOperandBundles(); ++i)
    if (one.getOperandBundleAt(i).getTagName() != other.getOperandBundleAt(i).getTagName() ||
        one.getOperandBundleAt(i).Inputs.size() != other.getOperandBundleAt(i).Inputs.size())
      return false;
  auto* call = llvm::dyn_cast<llvm::CallInst>(&one);
  return !call || call->getTailCallKind() == llvm::cast<llvm::CallInst>(other).getTailCallKind();
}

/// What an instruction says besides its operands.
bool Comparison::sameKind(const llvm::Instruction& one, const llvm::Instruction& other) {
  if (auto* call = llvm::dyn_cast<llvm::CallBase>(&one))
    return sameCall(*call, llvm::cast<llvm::CallBase>(other));
  if (auto* compare = llvm::dyn_cast<llvm::CmpInst>(&one))
    return compare->getPredicate() == llvm::cast<llvm::CmpInst>(other).getPredicate();
  if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&one)) {
    auto& same2 = llvm::cast<llvm::AllocaInst>(other);
    return same(variable->getAllocatedType(), same2.getAllocatedType()) && variable->getAlign() == same2.getAlign() &&
           variable->isUsedWithInAlloca() == same2.isUsedWithInAlloca() && variable->isSwiftError() == same2.isSwiftError();
  }
  if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&one)) {
    auto& same2 = llvm::cast<llvm::LoadInst>(other);
    return load->getAlign() == same2.getAlign() && load->isVolatile() == same2.isVolatile() &&
           load->getOrdering() == same2.getOrdering() && load->getSyncScopeID() == same2.getSyncScopeID();
  }
  if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&one)) {
    auto& same2 = llvm::cast<llvm::StoreInst>(other);
    return store->getAlign() == same2.getAlign() && store->isVolatile() == same2.isVolatile() &&
           store->getOrdering() == same2.getOrdering() && store->getSyncScopeID() == same2.getSyncScopeID();
  }
  if (auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&one))
    return same(address->getSourceElementType(), llvm::cast<llvm::GetElementPtrInst>(other).getSourceElementType());
  if (auto* exchange = llvm::dyn_cast<llvm::AtomicRMWInst>(&one)) {
    auto& same2 = llvm::cast<llvm::AtomicRMWInst>(other);
    return exchange->getOperation() == same2.getOperation() && exchange->getAlign() == same2.getAlign() &&
           exchange->isVolatile() == same2.isVolatile() && exchange->getOrdering() == same2.getOrdering() &&
           exchange->getSyncScopeID() == same2.getSyncScopeID();
  }
  if (auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&one)) {
    auto& same2 = llvm::cast<llvm::AtomicCmpXchgInst>(other);
    return exchange->getAlign() == same2.getAlign() && exchange->isVolatile() == same2.isVolatile() &&
           exchange->isWeak() == same2.isWeak() && exchange->getSuccessOrdering() == same2.getSuccessOrdering() &&
           exchange->getFailureOrdering() == same2.getFailureOrdering() &&
           exchange->getSyncScopeID() == same2.getSyncScopeID();
  }
  if (auto* fence = llvm::dyn_cast<llvm::FenceInst>(&one))
    return fence->getOrdering() == llvm::cast<llvm::FenceInst>(other).getOrdering() &&
           fence->getSyncScopeID() == llvm::cast<llvm::FenceInst>(other).getSyncScopeID();
  if (auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&one))
    return extract->getIndices() == llvm::cast<llvm::ExtractValueInst>(other).getIndices();
  if (auto* insert = llvm::dyn_cast<llvm::InsertValueInst>(&one))
    return insert->getIndices() == llvm::cast<llvm::InsertValueInst>(other).getIndices();
  if (auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(&one))
    return shuffle->getShuffleMask() == llvm::cast<llvm::ShuffleVectorInst>(other).getShuffleMask();
  if (auto* pad = llvm::dyn_cast<llvm::LandingPadInst>(&one))
    return pad->isCleanup() == llvm::cast<llvm::LandingPadInst>(other).isCleanup();
  return true;
}

std::string Comparison::instruction(const llvm::Instruction& one, const llvm::Instruction& other) {
  bool equal = one.getOpcode() == other.getOpcode() && same(one.getType(), other.getType()) &&
               one.getNumOperands() == other.getNumOperands() &&
               one.getRawSubclassOptionalData() == other.getRawSubclassOptionalData() && sameKind(one, other);
  for (unsigned i = 0; equal && i < one.getNumOperands(); ++i)
    equal = same(one.getOperand(i), other.getOperand(i));
  if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&one); equal && phi)
    for (unsigned i = 0; equal && i < phi->getNumIncomingValues(); ++i)
      equal = same(phi->getIncomingBlock(i), llvm::cast<llvm::PHINode>(other).getIncomingBlock(i));
  return equal ? "" : printed(one) + "\n  against" + printed(other);
}

std::string Comparison::body(llvm::Function& one, llvm::Function& other) {
  if (one.size() != other.size())
    return std::to_string(one.size()) + " blocks against " + std::to_string(other.size());
  if (!same(one.getAttributes(), other.getAttributes()))
    return "attributes";
  bool personal = one.hasPersonalityFn();
  if (personal != other.hasPersonalityFn() || (personal && !same(one.getPersonalityFn(), other.getPersonalityFn())))
    return "personality";
  for (auto i = one.arg_begin(), j = other.arg_begin(); i != one.arg_end(); ++i, ++j)
    partners_[&*i] = &*j;
  for (auto i = one.begin(), j = other.begin(); i != one.end(); ++i, ++j) {
    if (i->size() != j->size())
      return "the length of a block: " + printed(*i) + "\n  against" + printed(*j);
    partners_[&*i] = &*j;
    for (auto k = i->begin(), l = j->begin(); k != i->end(); ++k, ++l)
      partners_[&*k] = &*l;
  }
  for (auto i = llvm::inst_begin(one), j = llvm::inst_begin(other); i != llvm::inst_end(one); ++i, ++j)
    if (std::string difference = instruction(*i, *j); !difference.empty())
      return difference;
  return {};
}

std::string Comparison::module(llvm::Module& one, llvm::Module& other) {
  auto i = one.global_values().begin();
  std::size_t counts[] = {one.size(), one.global_size(), one.alias_size(), one.ifunc_size()};
  std::size_t others[] = {other.size(), other.global_size(), other.alias_size(), other.ifunc_size()};
  for (std::size_t k = 0; k < 4; ++k)
    if (counts[k] != others[k])
      return "the number of globals";
  if (one.getModuleInlineAsm() != other.getModuleInlineAsm() || one.getTargetTriple() != other.getTargetTriple() ||
      one.getDataLayoutStr() != other.getDataLayoutStr())
    return "the module";
  for (llvm::GlobalValue& right : other.global_values()) {
    llvm::GlobalValue& left = *i;
    ++i;
    auto *object = llvm::dyn_cast<llvm::GlobalObject>(&left), *otherObject = llvm::dyn_cast<llvm::GlobalObject>(&right);
    bool equal = sameGlobal(left, right) && same(left.getValueType(), right.getValueType()) &&
                 left.getLinkage() == right.getLinkage() && left.getVisibility() == right.getVisibility() &&
                 left.isDSOLocal() == right.isDSOLocal() && left.getUnnamedAddr() == right.getUnnamedAddr() &&
                 left.getThreadLocalMode() == right.getThreadLocalMode() &&
                 left.getAddressSpace() == right.getAddressSpace() && left.isDeclaration() == right.isDeclaration();
    if (equal && object)
      equal = object->getAlign() == otherObject->getAlign() && object->getSection() == otherObject->getSection() &&
              object->hasComdat() == otherObject->hasComdat() &&
              (!object->hasComdat() || (object->getComdat()->getName() == otherObject->getComdat()->getName() &&
                                        object->getComdat()->getSelectionKind() == otherObject->getComdat()->getSelectionKind()));
    if (auto* function = llvm::dyn_cast<llvm::Function>(&left); equal && function)
      equal = function->getCallingConv() == llvm::cast<llvm::Function>(right).getCallingConv() &&
              function->hasGC() == llvm::cast<llvm::Function>(right).hasGC();
    if (auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(&left); equal && variable) {
      auto& otherVariable = llvm::cast<llvm::GlobalVariable>(right);
      equal = variable->isConstant() == otherVariable.isConstant() &&
              variable->hasInitializer() == otherVariable.hasInitializer() &&
              variable->isExternallyInitialized() == otherVariable.isExternallyInitialized() &&
              (!variable->hasInitializer() || same(variable->getInitializer(), otherVariable.getInitializer()));
    }
    if (auto* alias = llvm::dyn_cast<llvm::GlobalAlias>(&left); equal && alias)
      equal = same(alias->getAliasee(), llvm::cast<llvm::GlobalAlias>(right).getAliasee());
    if (auto* ifunc = llvm::dyn_cast<llvm::GlobalIFunc>(&left); equal && ifunc)
      equal = same(ifunc->getResolver(), llvm::cast<llvm::GlobalIFunc>(right).getResolver());
    if (!equal)
      return printed(left) + "\n  against " + printed(right);
  }
  return {};
}

} // namespace

std::string firstDifference(llvm::Function& one, llvm::Function& other) { return Comparison().body(one, other); }

std::string firstDifference(llvm::Module& one, llvm::Module& other) { return Comparison().module(one, other); }

} // namespace kiln
