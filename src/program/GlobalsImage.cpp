#include "program/GlobalsImage.h"

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "program/Prepare.h"

namespace kiln {

Result<void> GlobalsImage::layOut(AddressRange& range, World& world, ProgramMap& map) {
  std::uint64_t constants = 0, variables = 0, tls = 0;
  auto place = [](std::uint64_t& end, const DataInfo& info) {
    std::uint64_t at = alignUp(end, info.alignment);
    // Every variable has an address of its own, also an empty one.
    end = at + std::max<std::uint64_t>(info.size, 1);
    return at;
  };
  // Variables of a section that the source names lie together; one that is written puts all among the variables.
  std::map<std::string, std::vector<DataInfo*>> sections;
  for (DataInfo& info : map.data)
    if (!info.isTls && !info.section.empty())
      sections[info.section].push_back(&info);
  for (auto& [name, members] : sections)
    if (!std::all_of(members.begin(), members.end(), [](const DataInfo* info) { return info->constant; }))
      for (DataInfo* info : members)
        info->constant = false;
  for (DataInfo& info : map.data) {
    if (!info.isTls && !info.section.empty())
      continue;
    std::uint64_t& end = info.isTls ? tls : info.constant ? constants : variables;
    info.address = place(end, info);
    if (info.isTls)
      tls_.alignment = std::max(tls_.alignment, info.alignment);
  }
  for (auto& [name, members] : sections) {
    for (DataInfo* info : members)
      info->address = place(info->constant ? constants : variables, *info);
  }
  if (constants + variables > AddressRange::kMaxBytes / 2)
    return fail(ErrorCode::Unsupported, world.source(0).name + ": the program's variables take " +
                                            std::to_string((constants + variables) >> 20) +
                                            " MiB; Kiln has room for 1024");
  // Room behind the last variable: code may read whole words where it only needs bytes.
  auto constantPages = range.takeWritable(constants + 16);
  auto variablePages = constantPages ? range.takeWritable(variables + 16) : constantPages;
  if (!constantPages || !variablePages)
    return std::unexpected(!constantPages ? constantPages.error() : variablePages.error());
  constants_ = *constantPages;
  variables_ = *variablePages;
  tls_.bytes.resize(tls);
  for (DataInfo& info : map.data)
    if (!info.isTls)
      info.address += reinterpret_cast<std::uintptr_t>(info.constant ? constants_.data() : variables_.data());
  for (auto& [name, members] : sections)
    sections_.push_back({name, members.front()->address, members.back()->address + members.back()->size});
  return {};
}

namespace {

/// Writes constants as bytes in the layout of the target, which is that of this machine.
class ConstantWriter {
public:
  ConstantWriter(const llvm::DataLayout& layout, const ProgramMap& map, const WorldSymbols& symbols,
                 const GlobalsImage::FunctionAddress& functions)
      : layout_(layout), map_(map), symbols_(symbols), functions_(functions) {}

  Result<void> write(const llvm::Constant* constant, std::byte* at);

private:
  Result<llvm::APInt> evaluate(const llvm::Constant* constant);
  Result<llvm::APInt> evaluateExpression(const llvm::ConstantExpr* expression);
  Result<std::uintptr_t> addressOf(const llvm::GlobalValue* global);
  Result<void> writeVector(const llvm::Constant* constant, std::byte* at);
  void store(const llvm::APInt& value, std::uint64_t bytes, std::byte* at);

  const llvm::DataLayout& layout_;
  const ProgramMap& map_;
  const WorldSymbols& symbols_;
  const GlobalsImage::FunctionAddress& functions_;
};

std::unexpected<Error> unsupported(const llvm::Constant* constant) {
  std::string text;
  llvm::raw_string_ostream out(text);
  constant->printAsOperand(out);
  return fail(ErrorCode::Unsupported, "cannot evaluate the initial value " + text.substr(0, 200));
}

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
  auto value = evaluate(constant);
  if (!value)
    return std::unexpected(value.error());
  store(*value, layout_.getTypeStoreSize(type), at);
  return {};
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
    bits.insertBits(value->zextOrTrunc(width), i * width);
  }
  store(bits, layout_.getTypeStoreSize(type), at);
  return {};
}

Result<std::uintptr_t> ConstantWriter::addressOf(const llvm::GlobalValue* global) {
  SymbolRef ref = symbols_[global];
  switch (ref.kind) {
  case SymbolRef::Kind::Function: return functions_(ref.id) + static_cast<std::uint64_t>(ref.offset);
  case SymbolRef::Kind::Data: return map_.data[ref.id].address + static_cast<std::uint64_t>(ref.offset);
  case SymbolRef::Kind::External: return map_.externals[ref.id].address;
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

} // namespace

Result<void> GlobalsImage::write(World& world, const ProgramMap& map, const WorldSymbols& symbols,
                                 const FunctionAddress& functions) {
  for (const DataInfo& info : map.data) {
    llvm::GlobalVariable& variable = world.variableAt(info.module, info.index);
    ConstantWriter writer(variable.getParent()->getDataLayout(), map, symbols, functions);
    auto* at = info.isTls ? tls_.bytes.data() + info.address : reinterpret_cast<std::byte*>(info.address);
    if (auto done = writer.write(variable.getInitializer(), at); !done)
      return fail(done.error().code,
                  world.source(info.module).name + ": variable '" + info.name + "': " + done.error().message);
  }
  if (mprotect(constants_.data(), constants_.size(), PROT_READ) != 0)
    return fail(ErrorCode::SystemError, "cannot protect the program's constants");
  return {};
}

} // namespace kiln
