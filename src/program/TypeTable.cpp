#include "program/TypeTable.h"

#include <llvm/Bitcode/LLVMBitCodes.h>

namespace kiln {

using namespace llvm::bitc;

bool TypeTable::read(BitstreamCursor& cursor) {
  BitstreamCursor::Block block;
  BitstreamCursor::Record record;
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok();
    case BitstreamCursor::Entry::Block: return false;
    case BitstreamCursor::Entry::Record: break;
    }
    if (record.code == TYPE_CODE_NUMENTRY)
      continue;
    if (record.code == TYPE_CODE_STRUCT_NAME) {
      name_.assign(record.values.begin(), record.values.end());
      continue;
    }
    llvm::Type* type = make(record);
    if (!type)
      return false;
    types_.push_back(type);
  }
}

llvm::Type* TypeTable::make(const BitstreamCursor::Record& record) {
  switch (record.code) {
  case TYPE_CODE_INTEGER:
    return record.size() == 1 && record[0] >= llvm::IntegerType::MIN_INT_BITS &&
                   record[0] <= llvm::IntegerType::MAX_INT_BITS
               ? llvm::IntegerType::get(context_, static_cast<unsigned>(record[0]))
               : nullptr;
  case TYPE_CODE_OPAQUE_POINTER:
    return record.size() == 1 && record[0] < (1u << 24)
               ? llvm::PointerType::get(context_, static_cast<unsigned>(record[0]))
               : nullptr;
  case TYPE_CODE_ARRAY:
  case TYPE_CODE_VECTOR: return makeSequence(record);
  case TYPE_CODE_FUNCTION: return makeFunction(record);
  case TYPE_CODE_STRUCT_ANON:
  case TYPE_CODE_STRUCT_NAMED: return makeStruct(record);
  case TYPE_CODE_OPAQUE: {
    llvm::Type* made = llvm::StructType::create(context_, name_);
    name_.clear();
    return made;
  }
  default: return makeSimple(record.code);
  }
}

llvm::Type* TypeTable::makeSimple(std::uint32_t code) const {
  switch (code) {
  case TYPE_CODE_VOID: return llvm::Type::getVoidTy(context_);
  case TYPE_CODE_HALF: return llvm::Type::getHalfTy(context_);
  case TYPE_CODE_BFLOAT: return llvm::Type::getBFloatTy(context_);
  case TYPE_CODE_FLOAT: return llvm::Type::getFloatTy(context_);
  case TYPE_CODE_DOUBLE: return llvm::Type::getDoubleTy(context_);
  case TYPE_CODE_X86_FP80: return llvm::Type::getX86_FP80Ty(context_);
  case TYPE_CODE_FP128: return llvm::Type::getFP128Ty(context_);
  case TYPE_CODE_LABEL: return llvm::Type::getLabelTy(context_);
  case TYPE_CODE_METADATA: return llvm::Type::getMetadataTy(context_);
  case TYPE_CODE_TOKEN: return llvm::Type::getTokenTy(context_);
  default: return nullptr; // rare, or not of this time
  }
}

llvm::Type* TypeTable::makeSequence(const BitstreamCursor::Record& record) const {
  if (record.size() < 2)
    return nullptr;
  llvm::Type* element = at(record[1]);
  if (record.code == TYPE_CODE_ARRAY)
    return element && llvm::ArrayType::isValidElementType(element) ? llvm::ArrayType::get(element, record[0]) : nullptr;
  bool scalable = record.size() > 2 && record[2];
  if (!element || !llvm::VectorType::isValidElementType(element) || scalable || record[0] == 0 || record[0] >> 32)
    return nullptr;
  return llvm::FixedVectorType::get(element, static_cast<unsigned>(record[0]));
}

llvm::Type* TypeTable::makeStruct(const BitstreamCursor::Record& record) {
  if (record.size() < 1)
    return nullptr;
  llvm::SmallVector<llvm::Type*, 16> fields;
  for (std::size_t i = 1; i < record.size(); ++i) {
    // A type behind this one would be a struct that contains itself through pointers that say what they point to.
    llvm::Type* field = at(record[i]);
    if (!field || !llvm::StructType::isValidElementType(field))
      return nullptr;
    fields.push_back(field);
  }
  if (record.code == TYPE_CODE_STRUCT_ANON)
    return llvm::StructType::get(context_, fields, record[0] != 0);
  llvm::StructType* made = llvm::StructType::create(context_, fields, name_, record[0] != 0);
  name_.clear();
  return made;
}

llvm::Type* TypeTable::makeFunction(const BitstreamCursor::Record& record) const {
  llvm::Type* result = record.size() < 2 ? nullptr : at(record[1]);
  if (!result || !llvm::FunctionType::isValidReturnType(result))
    return nullptr;
  llvm::SmallVector<llvm::Type*, 8> parameters;
  for (std::size_t i = 2; i < record.size(); ++i) {
    llvm::Type* parameter = at(record[i]);
    if (!parameter || !llvm::FunctionType::isValidArgumentType(parameter))
      return nullptr;
    parameters.push_back(parameter);
  }
  return llvm::FunctionType::get(result, parameters, record[0] != 0);
}

} // namespace kiln
