#include "program/ValueTable.h"

#include <llvm/IR/InlineAsm.h>

#include <algorithm>

#include "program/Opcodes.h"
#include "program/Prepare.h"

namespace kiln {

using namespace llvm::bitc;

llvm::ArrayRef<std::uint32_t> ValueTable::labelsOf(const llvm::Function* function) const {
  auto at = labels_.find(function);
  return at == labels_.end() ? llvm::ArrayRef<std::uint32_t>() : llvm::ArrayRef<std::uint32_t>(at->second);
}

void ValueTable::cut(std::uint32_t size) {
  values_.resize(size);
  while (!pending_.empty() && pending_.back().number >= size) {
    words_.resize(pending_.back().first);
    pending_.pop_back();
  }
}

bool ValueTable::isComposed(std::uint32_t code) {
  switch (code) {
  case CST_CODE_AGGREGATE:
  case CST_CODE_CE_BINOP:
  case CST_CODE_CE_CAST:
  case CST_CODE_CE_GEP:
  case CST_CODE_CE_GEP_WITH_INRANGE:
  case CST_CODE_BLOCKADDRESS: return true;
  default: return false;
  }
}

bool ValueTable::readConstants(BitstreamCursor& cursor) {
  BitstreamCursor::Block block;
  Record record;
  llvm::Type* type = llvm::Type::getInt32Ty(context_);
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok();
    case BitstreamCursor::Entry::Block: return false;
    case BitstreamCursor::Entry::Record: break;
    }
    if (record.code == CST_CODE_SETTYPE) {
      type = record.size() == 1 ? types_.at(record[0]) : nullptr;
      if (!type || type->isVoidTy() || type->isFunctionTy() || type->isLabelTy() || type->isMetadataTy())
        return false;
      continue;
    }
    llvm::Value* value = nullptr;
    if (isComposed(record.code)) {
      pending_.push_back({size(), record.code, type, static_cast<std::uint32_t>(words_.size()),
                          static_cast<std::uint32_t>(record.size()), false});
      words_.insert(words_.end(), record.values.begin(), record.values.end());
    } else {
      value = makeNow(record, type);
      if (!value)
        return false;
    }
    values_.push_back(value);
  }
}

llvm::Value* ValueTable::makeNow(const Record& record, llvm::Type* type) {
  switch (record.code) {
  case CST_CODE_NULL:
    return type->isTokenTy() || type->isTargetExtTy() ? nullptr : llvm::Constant::getNullValue(type);
  case CST_CODE_UNDEF: return llvm::UndefValue::get(type);
  case CST_CODE_POISON: return llvm::PoisonValue::get(type);
  case CST_CODE_INTEGER:
    // Vectors of the same integers are data.
    return type->isIntegerTy() && record.size() == 1 ? llvm::ConstantInt::getSigned(llvm::cast<llvm::IntegerType>(type),
                                                                                    static_cast<std::int64_t>(signedOf(record[0])))
                                                     : nullptr;
  case CST_CODE_WIDE_INTEGER: {
    if (!type->isIntegerTy() || record.size() == 0)
      return nullptr;
    llvm::SmallVector<std::uint64_t, 4> words;
    for (std::uint64_t word : record.values)
      words.push_back(signedOf(word));
    return llvm::ConstantInt::get(context_, llvm::APInt(type->getIntegerBitWidth(), words));
  }
  case CST_CODE_FLOAT: return makeFloat(record, type);
  case CST_CODE_STRING:
  case CST_CODE_CSTRING: return makeText(record, type);
  case CST_CODE_DATA: return makeData(record, type);
  case CST_CODE_INLINEASM: return makeAssembly(record);
  default: return nullptr; // rare, or not of this time
  }
}

llvm::Value* ValueTable::makeFloat(const Record& record, llvm::Type* type) {
  if (!type->isFloatingPointTy() || type->isPPC_FP128Ty())
    return nullptr;
  unsigned width = type->getPrimitiveSizeInBits();
  if (record.size() != (width > 64 ? 2 : 1))
    return nullptr;
  std::uint64_t words[2] = {record[0], width > 64 ? record[1] : 0};
  if (type->isX86_FP80Ty()) {
    // The upper 64 bits are the first word.
    words[1] = record[0] >> 48;
    words[0] = (record[0] << 16) | (record[1] & 0xffff);
  }
  return llvm::ConstantFP::get(context_, llvm::APFloat(type->getFltSemantics(), llvm::APInt(width, words)));
}

llvm::Value* ValueTable::makeText(const Record& record, llvm::Type* type) {
  bool ends = record.code == CST_CODE_CSTRING;
  auto* array = llvm::dyn_cast<llvm::ArrayType>(type);
  if (!array || !array->getElementType()->isIntegerTy(8) || array->getNumElements() != record.size() + ends ||
      record.size() == 0)
    return nullptr;
  llvm::SmallVector<char, 256> bytes(record.values.begin(), record.values.end());
  if (ends)
    bytes.push_back(0);
  return llvm::ConstantDataArray::getRaw({bytes.data(), bytes.size()}, bytes.size(), array->getElementType());
}

llvm::Value* ValueTable::makeData(const Record& record, llvm::Type* type) {
  auto* array = llvm::dyn_cast<llvm::ArrayType>(type);
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  if (!array && !vector)
    return nullptr;
  llvm::Type* element = type->getContainedType(0);
  if (!llvm::ConstantDataSequential::isElementTypeCompatible(element) || record.size() == 0 ||
      record.size() != (array ? array->getNumElements() : vector->getNumElements()))
    return nullptr;
  std::size_t size = element->getScalarSizeInBits() / 8;
  llvm::SmallVector<char, 256> bytes;
  bytes.resize_for_overwrite(record.size() * size);
  for (std::size_t i = 0; i < record.size(); ++i)
    memcpy(bytes.data() + i * size, &record.values[i], size); // lowest byte first, here as there
  llvm::StringRef raw(bytes.data(), bytes.size());
  if (array)
    return llvm::ConstantDataArray::getRaw(raw, record.size(), element);
  return llvm::ConstantDataVector::getRaw(raw, record.size(), element);
}

/// [type, flags, length and characters of the text, the same of the constraints]
llvm::Value* ValueTable::makeAssembly(const Record& record) {
  if (record.size() < 4)
    return nullptr;
  auto* type = llvm::dyn_cast_or_null<llvm::FunctionType>(types_.at(record[0]));
  std::uint64_t flags = record[1], length = record[2];
  if (!type || flags >> 4 || length > record.size() - 4)
    return nullptr;
  auto text = record.values.begin() + 3, constraints = text + length + 1;
  if (record[3 + length] != static_cast<std::uint64_t>(record.values.end() - constraints))
    return nullptr;
  return llvm::InlineAsm::get(type, std::string(text, text + length), std::string(constraints, record.values.end()),
                              flags & 1, flags & 2, llvm::InlineAsm::AsmDialect((flags >> 2) & 1), flags & 8);
}

llvm::Constant* ValueTable::constant(std::uint64_t number) {
  constexpr unsigned kDeepest = 200;
  if (number >= values_.size())
    return nullptr;
  auto index = static_cast<std::uint32_t>(number);
  if (isGlobal(index))
    return globals_[index];
  if (llvm::Value* value = values_[index])
    return llvm::dyn_cast<llvm::Constant>(value);
  auto at = std::ranges::lower_bound(pending_, index, {}, &Pending::number);
  if (at == pending_.end() || at->number != index || at->busy || depth_ >= kDeepest)
    return nullptr;
  at->busy = true;
  ++depth_;
  llvm::Constant* made = make(*at, std::span(words_.data() + at->first, at->count));
  --depth_;
  at->busy = false;
  if (made && made->getType() != at->type)
    return nullptr;
  values_[index] = made;
  return made;
}

llvm::Constant* ValueTable::make(const Pending& pending, std::span<const std::uint64_t> words) {
  switch (pending.code) {
  case CST_CODE_AGGREGATE: return makeAggregate(pending.type, words);
  case CST_CODE_CE_BINOP: return makeBinary(pending.type, words);
  case CST_CODE_CE_CAST: return makeCast(pending.type, words);
  case CST_CODE_BLOCKADDRESS: return makeLabel(pending, words);
  default: return makeAddress(pending.type, pending.code, words);
  }
}

llvm::Constant* ValueTable::makeAggregate(llvm::Type* type, std::span<const std::uint64_t> words) {
  auto* structure = llvm::dyn_cast<llvm::StructType>(type);
  auto* array = llvm::dyn_cast<llvm::ArrayType>(type);
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  std::uint64_t count = structure ? structure->getNumElements()
                        : array   ? array->getNumElements()
                        : vector  ? vector->getNumElements()
                                  : 0;
  if (words.size() != count || count == 0 || (structure && structure->isOpaque()))
    return nullptr;
  llvm::SmallVector<llvm::Constant*, 16> elements;
  for (std::size_t i = 0; i < count; ++i) {
    llvm::Constant* element = constant(words[i]);
    if (!element || element->getType() != type->getContainedType(structure ? static_cast<unsigned>(i) : 0))
      return nullptr;
    elements.push_back(element);
  }
  if (structure)
    return llvm::ConstantStruct::get(structure, elements);
  return array ? llvm::ConstantArray::get(array, elements) : llvm::ConstantVector::get(elements);
}

/// [operation, left, right, flags]
llvm::Constant* ValueTable::makeBinary(llvm::Type* type, std::span<const std::uint64_t> words) {
  if (words.size() < 3)
    return nullptr;
  auto op = opcode::binary(words[0], type);
  llvm::Constant *left = constant(words[1]), *right = constant(words[2]);
  if (!op || !left || !right || left->getType() != type || right->getType() != type ||
      !llvm::ConstantExpr::isSupportedBinOp(*op))
    return nullptr;
  // Of the operations that constant expressions still have, the flags are those of overflow.
  unsigned flags = 0;
  if (words.size() > 3 && *op != llvm::Instruction::Xor) {
    if (words[3] & (1 << OBO_NO_SIGNED_WRAP))
      flags |= llvm::OverflowingBinaryOperator::NoSignedWrap;
    if (words[3] & (1 << OBO_NO_UNSIGNED_WRAP))
      flags |= llvm::OverflowingBinaryOperator::NoUnsignedWrap;
  }
  return llvm::ConstantExpr::get(*op, left, right, flags);
}

/// [operation, type of the operand, operand]
llvm::Constant* ValueTable::makeCast(llvm::Type* type, std::span<const std::uint64_t> words) {
  if (words.size() < 3)
    return nullptr;
  auto op = opcode::cast(words[0]);
  llvm::Constant* from = constant(words[2]);
  if (!op || !from || !llvm::ConstantExpr::isSupportedCastOp(*op) || !llvm::CastInst::castIsValid(*op, from->getType(), type))
    return nullptr;
  return llvm::ConstantExpr::getCast(*op, from, type);
}

/// [type, flags, (width, lowest, bound), (type of operand, operand)...]: getelementptr.
llvm::Constant* ValueTable::makeAddress(llvm::Type* type, std::uint32_t code, std::span<const std::uint64_t> words) {
  std::size_t at = code == CST_CODE_CE_GEP_WITH_INRANGE ? 5 : 2;
  if (words.size() < at + 2 || (words.size() - at) % 2)
    return nullptr;
  std::optional<llvm::ConstantRange> range;
  if (at == 5) {
    if (words[2] == 0 || words[2] > 64)
      return nullptr;
    auto width = static_cast<unsigned>(words[2]);
    llvm::APInt lower(width, signedOf(words[3]), true), upper(width, signedOf(words[4]), true);
    if (lower == upper)
      return nullptr;
    range.emplace(lower, upper);
  }
  llvm::Type* pointee = types_.at(words[0]);
  llvm::SmallVector<llvm::Constant*, 8> operands;
  for (; at < words.size(); at += 2) {
    operands.push_back(constant(words[at + 1]));
    if (!operands.back())
      return nullptr;
  }
  llvm::ArrayRef<llvm::Constant*> indices = llvm::ArrayRef(operands).drop_front();
  if (!pointee || !pointee->isSized() || !llvm::ConstantExpr::isSupportedGetElementPtr(pointee) || type->isVectorTy() ||
      !operands[0]->getType()->isPointerTy() ||
      !llvm::all_of(indices, [](llvm::Constant* each) { return each->getType()->isIntegerTy(); }) ||
      !llvm::GetElementPtrInst::getIndexedType(pointee, indices))
    return nullptr;
  return llvm::ConstantExpr::getGetElementPtr(pointee, operands[0], indices, opcode::addressFlags(words[1]), range);
}

/// [type, function, block]
llvm::Constant* ValueTable::makeLabel(const Pending& pending, std::span<const std::uint64_t> words) {
  auto* function = words.size() == 3 ? llvm::dyn_cast_or_null<llvm::Function>(constant(words[1])) : nullptr;
  if (!function || words[2] >> 31)
    return nullptr;
  auto position = static_cast<std::uint32_t>(words[2]);
  if (function == labelled_ && pending.number >= labelsFrom_)
    return position < blocks_.size() && position > 0 ? llvm::BlockAddress::get(function, blocks_[position]) : nullptr;
  if (!labelled_)
    labels_[function].push_back(position);
  return pending.type->isPointerTy() ? labelConstant(pending.type, position + 1) : nullptr;
}

} // namespace kiln
