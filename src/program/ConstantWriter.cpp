#include "program/ConstantWriter.h"

#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <cstring>

#include "program/Prepare.h"

namespace kiln {
namespace {

std::unexpected<Error> unsupported(const llvm::Constant* constant) {
  std::string text;
  llvm::raw_string_ostream out(text);
  constant->printAsOperand(out);
  return fail(ErrorCode::Unsupported, "cannot evaluate the initial value " + text.substr(0, 200));
}

} // namespace

void ConstantWriter::store(const llvm::APInt& value, std::uint64_t bytes, std::byte* at) {
  llvm::APInt wide = value.zextOrTrunc(static_cast<unsigned>(std::max<std::uint64_t>(bytes * 8, 64)));
  memcpy(at, wide.getRawData(), bytes);
}

Result<void> ConstantWriter::write(const llvm::Constant* constant, std::byte* at) {
  if (constant->isNullValue() || llvm::isa<llvm::UndefValue>(constant) || llvm::isa<llvm::ConstantTargetNone>(constant))
    return {}; // the pages are zero
  llvm::Type* type = constant->getType();
  if (const auto* data = llvm::dyn_cast<llvm::ConstantDataSequential>(constant)) {
    llvm::StringRef raw = data->getRawDataValues();
    memcpy(at, raw.data(), raw.size());
    return {};
  }
  if (type->isVectorTy())
    return writeVector(constant, at);
  if (llvm::isa<llvm::ConstantArray>(constant)) {
    std::uint64_t stride = layout_.getTypeAllocSize(type->getArrayElementType());
    for (unsigned i = 0; i < constant->getNumOperands(); ++i)
      if (auto done = write(llvm::cast<llvm::Constant>(constant->getOperand(i)), at + i * stride); !done)
        return done;
    return {};
  }
  if (llvm::isa<llvm::ConstantStruct>(constant)) {
    const llvm::StructLayout* fields = layout_.getStructLayout(llvm::cast<llvm::StructType>(type));
    for (unsigned i = 0; i < constant->getNumOperands(); ++i)
      if (auto done = write(llvm::cast<llvm::Constant>(constant->getOperand(i)), at + fields->getElementOffset(i)); !done)
        return done;
    return {};
  }
  if (relocations_ && note(constant, at))
    return {};
  auto value = evaluate(constant);
  if (!value)
    return std::unexpected(value.error());
  if (relocations_ && hasAddress(constant, *value))
    relocations_->complete = false;
  store(*value, layout_.getTypeStoreSize(type), at);
  return {};
}

bool ConstantWriter::hasAddress(const llvm::Constant* constant, const llvm::APInt& value) {
  if (!llvm::isa<llvm::ConstantExpr, llvm::GlobalValue>(constant))
    return false;
  elsewhere_ = true;
  auto other = evaluate(constant);
  elsewhere_ = false;
  return !other || *other != value;
}

/// A symbol, or a place within one.
bool ConstantWriter::note(const llvm::Constant* constant, std::byte* at) {
  if (!constant->getType()->isPointerTy())
    return false;
  llvm::APInt offset(64, 0);
  const llvm::Value* base = constant->stripAndAccumulateConstantOffsets(layout_, offset, true);
  const auto* global = llvm::dyn_cast<llvm::GlobalValue>(base);
  if (!global)
    return false;
  SymbolRef ref = symbols_[global];
  if (ref.kind != SymbolRef::Kind::Function && ref.kind != SymbolRef::Kind::Data && ref.kind != SymbolRef::Kind::External)
    return false;
  // As addressOf() has it: what is outside is not an alias.
  ref.offset = (ref.kind == SymbolRef::Kind::External ? 0 : ref.offset) + offset.getSExtValue();
  relocations_->places.push_back({at, ref});
  return true;
}

Result<void> ConstantWriter::writeVector(const llvm::Constant* constant, std::byte* at) {
  auto* type = llvm::dyn_cast<llvm::FixedVectorType>(constant->getType());
  if (!type)
    return unsupported(constant);
  // Elements are packed without padding, bit by bit when they are not whole bytes.
  unsigned width = static_cast<unsigned>(layout_.getTypeSizeInBits(type->getElementType()));
  llvm::APInt bits(width * type->getNumElements(), 0);
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    const llvm::Constant* element = constant->getAggregateElement(i);
    if (!element)
      return unsupported(constant);
    if (llvm::isa<llvm::UndefValue>(element))
      continue;
    auto value = evaluate(element);
    if (!value)
      return std::unexpected(value.error());
    if (relocations_ && hasAddress(element, *value))
      relocations_->complete = false;
    bits.insertBits(value->zextOrTrunc(width), i * width);
  }
  store(bits, layout_.getTypeStoreSize(type), at);
  return {};
}

Result<std::uintptr_t> ConstantWriter::addressOf(const llvm::GlobalValue* global) {
  SymbolRef ref = symbols_[global];
  // Odd and wide, so that no arithmetic hides them.
  constexpr std::uintptr_t kFunctions = 0x123456789abcdef1, kData = 0x2468acf13579bd37, kExternal = 0x3c5a96e178d2b40b;
  auto moved = [&](std::uintptr_t address, std::uintptr_t by) { return elsewhere_ ? address + by : address; };
  switch (ref.kind) {
  case SymbolRef::Kind::Function: return moved(functions_(ref.id) + static_cast<std::uint64_t>(ref.offset), kFunctions * (ref.id + 1));
  case SymbolRef::Kind::Data: return moved(map_.data[ref.id].address + static_cast<std::uint64_t>(ref.offset), kData);
  case SymbolRef::Kind::External: return moved(map_.externals[ref.id].address, kExternal * (ref.id + 1));
  case SymbolRef::Kind::Null: return std::uintptr_t{0};
  case SymbolRef::Kind::Tls:
  case SymbolRef::Kind::None: break;
  }
  return unsupported(global);
}

Result<llvm::APInt> ConstantWriter::evaluate(const llvm::Constant* constant) {
  if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(constant))
    return integer->getValue();
  if (const auto* real = llvm::dyn_cast<llvm::ConstantFP>(constant))
    return real->getValueAPF().bitcastToAPInt();
  if (constant->isNullValue() || llvm::isa<llvm::UndefValue>(constant))
    return llvm::APInt(static_cast<unsigned>(layout_.getTypeSizeInBits(constant->getType())), 0);
  if (const auto* global = llvm::dyn_cast<llvm::GlobalValue>(constant)) {
    auto address = addressOf(global);
    if (!address)
      return std::unexpected(address.error());
    return llvm::APInt(64, *address);
  }
  if (const auto* label = llvm::dyn_cast<llvm::BlockAddress>(constant))
    return llvm::APInt(64, labelNumber(*label->getBasicBlock()));
  if (const auto* same = llvm::dyn_cast<llvm::DSOLocalEquivalent>(constant))
    return evaluate(same->getGlobalValue());
  if (const auto* plain = llvm::dyn_cast<llvm::NoCFIValue>(constant))
    return evaluate(plain->getGlobalValue());
  if (const auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(constant))
    return evaluateExpression(expression);
  return unsupported(constant);
}

Result<llvm::APInt> ConstantWriter::evaluateExpression(const llvm::ConstantExpr* expression) {
  unsigned width = static_cast<unsigned>(layout_.getTypeSizeInBits(expression->getType()));
  auto operand = [&](unsigned i) { return evaluate(expression->getOperand(i)); };
  if (const auto* gep = llvm::dyn_cast<llvm::GEPOperator>(expression)) {
    llvm::APInt offset(64, 0);
    auto base = operand(0);
    if (!base || !gep->accumulateConstantOffset(layout_, offset))
      return base ? Result<llvm::APInt>(unsupported(expression)) : base;
    return *base + offset;
  }
  auto first = operand(0);
  if (!first)
    return first;
  switch (expression->getOpcode()) {
  case llvm::Instruction::BitCast:
  case llvm::Instruction::AddrSpaceCast: return first;
  case llvm::Instruction::PtrToInt:
  case llvm::Instruction::IntToPtr:
  case llvm::Instruction::Trunc: return first->zextOrTrunc(width);
  default: break;
  }
  if (expression->getNumOperands() != 2)
    return unsupported(expression);
  auto second = operand(1);
  if (!second)
    return second;
  switch (expression->getOpcode()) {
  case llvm::Instruction::Add: return *first + *second;
  case llvm::Instruction::Sub: return *first - *second;
  case llvm::Instruction::Mul: return *first * *second;
  case llvm::Instruction::Xor: return *first ^ *second;
  case llvm::Instruction::Shl: return first->shl(*second);
  default: return unsupported(expression);
  }
}

} // namespace kiln
