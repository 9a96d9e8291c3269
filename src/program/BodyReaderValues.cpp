// Arithmetic, casts, comparisons, addresses, and what takes aggregates and vectors apart.
#include <llvm/Bitcode/LLVMBitCodes.h>

#include "program/BodyReader.h"
#include "program/Opcodes.h"

namespace kiln {

using namespace llvm::bitc;

/// [left, right, operation, flags]
llvm::Instruction* BodyReader::makeBinary(Operands& operands) {
  llvm::Value* left = value(operands);
  llvm::Value* right = left ? value(operands, left->getType()) : nullptr;
  auto op = right ? opcode::binary(operands.word(), left->getType()) : std::nullopt;
  if (!op || !operands.sound)
    return nullptr;
  llvm::BinaryOperator* made = llvm::BinaryOperator::Create(*op, left, right);
  if (!operands.more())
    return made;
  std::uint64_t flags = operands.word();
  if (llvm::isa<llvm::OverflowingBinaryOperator>(made)) {
    made->setHasNoSignedWrap(flags & (1 << OBO_NO_SIGNED_WRAP));
    made->setHasNoUnsignedWrap(flags & (1 << OBO_NO_UNSIGNED_WRAP));
  } else if (llvm::isa<llvm::PossiblyExactOperator>(made)) {
    made->setIsExact(flags & (1 << PEO_EXACT));
  } else if (auto* disjoint = llvm::dyn_cast<llvm::PossiblyDisjointInst>(made)) {
    disjoint->setIsDisjoint(flags & (1 << PDI_DISJOINT));
  } else if (llvm::isa<llvm::FPMathOperator>(made)) {
    made->setFastMathFlags(fastMath(flags));
  }
  return made;
}

/// [operand, operation, flags]
llvm::Instruction* BodyReader::makeNegation(Operands& operands) {
  llvm::Value* of = value(operands);
  if (!of || operands.word() != UNOP_FNEG || !of->getType()->isFPOrFPVectorTy())
    return nullptr;
  llvm::Instruction* made = llvm::UnaryOperator::Create(llvm::Instruction::FNeg, of);
  if (operands.more())
    made->setFastMathFlags(fastMath(operands.word()));
  return made;
}

/// [operand, type, operation, flags]
llvm::Instruction* BodyReader::makeCast(Operands& operands) {
  llvm::Value* of = value(operands);
  llvm::Type* to = type(operands);
  auto op = opcode::cast(operands.word());
  if (!operands.sound || !op || !llvm::CastInst::castIsValid(*op, of->getType(), to))
    return nullptr;
  llvm::Instruction* made = llvm::CastInst::Create(*op, of, to);
  if (!operands.more())
    return made;
  std::uint64_t flags = operands.word();
  if (llvm::isa<llvm::PossiblyNonNegInst>(made)) {
    made->setNonNeg(flags & (1 << PNNI_NON_NEG));
  } else if (*op == llvm::Instruction::Trunc) {
    made->setHasNoUnsignedWrap(flags & (1 << TIO_NO_UNSIGNED_WRAP));
    made->setHasNoSignedWrap(flags & (1 << TIO_NO_SIGNED_WRAP));
  } else {
    operands.sound = false; // a later version has flags here
  }
  return made;
}

/// [flags, type, base, index...]
llvm::Instruction* BodyReader::makeAddress(Operands& operands) {
  llvm::GEPNoWrapFlags flags = opcode::addressFlags(operands.word());
  llvm::Type* pointee = type(operands);
  llvm::Value* base = operands.sound ? value(operands) : nullptr;
  llvm::SmallVector<llvm::Value*, 8> indices;
  while (operands.sound && operands.more())
    indices.push_back(value(operands));
  if (!operands.sound || !base->getType()->isPtrOrPtrVectorTy() || !pointee->isSized())
    return nullptr;
  for (llvm::Value* index : indices)
    if (!index->getType()->isIntOrIntVectorTy())
      return nullptr;
  if (!llvm::GetElementPtrInst::getIndexedType(pointee, indices))
    return nullptr;
  auto* made = llvm::GetElementPtrInst::Create(pointee, base, indices);
  made->setNoWrapFlags(flags);
  return made;
}

/// [left, right, predicate, flags]
llvm::Instruction* BodyReader::makeCompare(Operands& operands) {
  llvm::Value* left = value(operands);
  llvm::Value* right = left ? value(operands, left->getType()) : nullptr;
  std::uint64_t predicate = operands.word();
  if (!right || !operands.sound)
    return nullptr;
  if (left->getType()->isFPOrFPVectorTy()) {
    if (predicate > llvm::CmpInst::LAST_FCMP_PREDICATE)
      return nullptr;
    auto* made = new llvm::FCmpInst(static_cast<llvm::CmpInst::Predicate>(predicate), left, right);
    if (operands.more())
      made->setFastMathFlags(fastMath(operands.word()));
    return made;
  }
  if (predicate < llvm::CmpInst::FIRST_ICMP_PREDICATE || predicate > llvm::CmpInst::LAST_ICMP_PREDICATE ||
      !(left->getType()->isIntOrIntVectorTy() || left->getType()->isPtrOrPtrVectorTy()))
    return nullptr;
  return new llvm::ICmpInst(static_cast<llvm::CmpInst::Predicate>(predicate), left, right);
}

/// [if true, if false, condition, flags]
llvm::Instruction* BodyReader::makeSelect(Operands& operands) {
  llvm::Value* yes = value(operands);
  llvm::Value* no = yes ? value(operands, yes->getType()) : nullptr;
  llvm::Value* condition = no ? value(operands) : nullptr;
  if (!condition || llvm::SelectInst::areInvalidOperands(condition, yes, no))
    return nullptr;
  llvm::Instruction* made = llvm::SelectInst::Create(condition, yes, no);
  if (operands.more() && llvm::isa<llvm::FPMathOperator>(made))
    made->setFastMathFlags(fastMath(operands.word()));
  return made;
}

/// [aggregate, index...]
llvm::Instruction* BodyReader::makeExtractValue(Operands& operands) {
  llvm::Value* from = value(operands);
  llvm::SmallVector<unsigned, 4> indices;
  while (from && operands.more())
    indices.push_back(static_cast<unsigned>(std::min<std::uint64_t>(operands.word(), UINT32_MAX)));
  if (indices.empty() || !llvm::ExtractValueInst::getIndexedType(from->getType(), indices))
    return nullptr;
  return llvm::ExtractValueInst::Create(from, indices);
}

/// [aggregate, value, index...]
llvm::Instruction* BodyReader::makeInsertValue(Operands& operands) {
  llvm::Value* into = value(operands);
  llvm::Value* inserted = into ? value(operands) : nullptr;
  llvm::SmallVector<unsigned, 4> indices;
  while (inserted && operands.more())
    indices.push_back(static_cast<unsigned>(std::min<std::uint64_t>(operands.word(), UINT32_MAX)));
  if (indices.empty() || llvm::ExtractValueInst::getIndexedType(into->getType(), indices) != inserted->getType())
    return nullptr;
  return llvm::InsertValueInst::Create(into, inserted, indices);
}

/// [vector, index]
llvm::Instruction* BodyReader::makeExtractElement(Operands& operands) {
  llvm::Value* from = value(operands);
  llvm::Value* index = from ? value(operands) : nullptr;
  if (!index || !llvm::ExtractElementInst::isValidOperands(from, index))
    return nullptr;
  return llvm::ExtractElementInst::Create(from, index);
}

/// [vector, element, index]
llvm::Instruction* BodyReader::makeInsertElement(Operands& operands) {
  llvm::Value* into = value(operands);
  auto* vector = into ? llvm::dyn_cast<llvm::VectorType>(into->getType()) : nullptr;
  llvm::Value* element = vector ? value(operands, vector->getElementType()) : nullptr;
  llvm::Value* index = element ? value(operands) : nullptr;
  if (!index || !llvm::InsertElementInst::isValidOperands(into, element, index))
    return nullptr;
  return llvm::InsertElementInst::Create(into, element, index);
}

/// [vector, vector, mask]
llvm::Instruction* BodyReader::makeShuffle(Operands& operands) {
  llvm::Value* one = value(operands);
  llvm::Value* other = one ? value(operands, one->getType()) : nullptr;
  llvm::Value* mask = other ? value(operands) : nullptr;
  if (!mask || !llvm::ShuffleVectorInst::isValidOperands(one, other, mask))
    return nullptr;
  return new llvm::ShuffleVectorInst(one, other, mask);
}

/// [operand]
llvm::Instruction* BodyReader::makeFreeze(Operands& operands) {
  llvm::Value* of = value(operands);
  return of ? new llvm::FreezeInst(of) : nullptr;
}

/// [type of the list, list, type]
llvm::Instruction* BodyReader::makeVariadicArgument(Operands& operands) {
  llvm::Type* listType = type(operands);
  llvm::Value* list = value(operands, listType);
  llvm::Type* result = type(operands);
  return operands.sound && result->isFirstClassType() ? new llvm::VAArgInst(list, result) : nullptr;
}

} // namespace kiln
