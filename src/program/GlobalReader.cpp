// The records of a module that say what its globals are.
#include <llvm/Bitcode/LLVMBitCodes.h>
#include <llvm/IR/GlobalAlias.h>
#include <llvm/IR/GlobalIFunc.h>

#include "program/ModuleReader.h"

namespace kiln {

using namespace llvm::bitc;

namespace {

using Linkage = llvm::GlobalValue::LinkageTypes;

/// Nothing for numbers that this version does not write.
std::optional<Linkage> linkage(std::uint64_t code) {
  switch (code) {
  case 0: return Linkage::ExternalLinkage;
  case 2: return Linkage::AppendingLinkage;
  case 3: return Linkage::InternalLinkage;
  case 7: return Linkage::ExternalWeakLinkage;
  case 8: return Linkage::CommonLinkage;
  case 9: return Linkage::PrivateLinkage;
  case 12: return Linkage::AvailableExternallyLinkage;
  case 16: return Linkage::WeakAnyLinkage;
  case 17: return Linkage::WeakODRLinkage;
  case 18: return Linkage::LinkOnceAnyLinkage;
  case 19: return Linkage::LinkOnceODRLinkage;
  default: return std::nullopt;
  }
}

llvm::GlobalValue::ThreadLocalMode threadLocality(std::uint64_t code) {
  using Mode = llvm::GlobalValue::ThreadLocalMode;
  return code > Mode::LocalExecTLSModel ? Mode::GeneralDynamicTLSModel : static_cast<Mode>(code);
}

/// The parts that all kinds of globals have. `visibility` and the others are as in the record.
void setCommon(llvm::GlobalValue& global, std::uint64_t visibility, std::uint64_t addressless, std::uint64_t local) {
  if (!global.hasLocalLinkage() && visibility <= llvm::GlobalValue::ProtectedVisibility)
    global.setVisibility(static_cast<llvm::GlobalValue::VisibilityTypes>(visibility));
  global.setUnnamedAddr(addressless == 1   ? llvm::GlobalValue::UnnamedAddr::Global
                        : addressless == 2 ? llvm::GlobalValue::UnnamedAddr::Local
                                           : llvm::GlobalValue::UnnamedAddr::None);
  global.setDSOLocal(local == 1 || global.hasLocalLinkage() ||
                     (!global.hasDefaultVisibility() && !global.hasExternalWeakLinkage()));
}

/// An operand that older records leave out.
std::uint64_t operand(const BitstreamCursor::Record& record, std::size_t index) {
  return index < record.size() ? record[index] : 0;
}

} // namespace

std::optional<llvm::StringRef> ModuleReader::nameOf(const Record& record) const {
  if (record.size() < 2 || record[0] > names_.size() || record[1] > names_.size() - record[0])
    return std::nullopt;
  return names_.substr(record[0], record[1]);
}

/// [name, kind of choice]
bool ModuleReader::addComdat(const Record& record) {
  auto name = nameOf(record);
  if (!name || record.size() < 3)
    return false;
  llvm::Comdat* comdat = module_->getOrInsertComdat(*name);
  switch (record[2]) {
  case COMDAT_SELECTION_KIND_ANY: comdat->setSelectionKind(llvm::Comdat::Any); break;
  case COMDAT_SELECTION_KIND_EXACT_MATCH: comdat->setSelectionKind(llvm::Comdat::ExactMatch); break;
  case COMDAT_SELECTION_KIND_LARGEST: comdat->setSelectionKind(llvm::Comdat::Largest); break;
  case COMDAT_SELECTION_KIND_NO_DUPLICATES: comdat->setSelectionKind(llvm::Comdat::NoDeduplicate); break;
  case COMDAT_SELECTION_KIND_SAME_SIZE: comdat->setSelectionKind(llvm::Comdat::SameSize); break;
  default: return false;
  }
  comdats_.push_back(comdat);
  return true;
}

bool ModuleReader::setPlace(llvm::GlobalObject& global, std::uint64_t alignment, std::uint64_t section,
                            std::uint64_t comdat) const {
  if (alignment > llvm::Value::MaxAlignmentExponent + 1 || section > sections_.size() || comdat > comdats_.size())
    return false;
  if (alignment)
    global.setAlignment(llvm::Align(std::uint64_t{1} << (alignment - 1)));
  if (section)
    global.setSection(sections_[section - 1]);
  if (comdat)
    global.setComdat(comdats_[comdat - 1]);
  return true;
}

/// [name, type, constant | explicit type << 1 | address space << 2, initial value + 1, linkage, alignment, section,
/// visibility, thread-local, unnamed_addr, externally initialised, DLL class, comdat, attributes, dso_local, ...]
bool ModuleReader::addVariable(const Record& record) {
  auto name = nameOf(record);
  if (!name || record.size() < 8)
    return false;
  llvm::Type* type = types_.at(record[2]);
  auto linked = linkage(record[5]);
  bool explicitType = record[3] & 2;
  if (!type || !linked || !explicitType || record[3] >> 26 || !llvm::PointerType::isValidElementType(type) ||
      type->isFunctionTy())
    return false;
  if (operand(record, 12) || operand(record, 17) || operand(record, 19)) // a DLL's storage class, a partition, a code model
    return false;
  auto* variable = new llvm::GlobalVariable(*module_, type, record[3] & 1, *linked, nullptr, *name, nullptr,
                                            threadLocality(operand(record, 9)), static_cast<unsigned>(record[3] >> 2),
                                            operand(record, 11) != 0);
  if (!setPlace(*variable, record[6], record[7], operand(record, 13)))
    return false;
  setCommon(*variable, operand(record, 8), operand(record, 10), operand(record, 15));
  if (std::uint64_t list = operand(record, 14)) {
    auto attributes = attributes_.at(list);
    if (!attributes)
      return false;
    variable->setAttributes(attributes->getFnAttrs());
  }
  values_.addGlobal(variable);
  if (record[4])
    initialValues_.emplace_back(variable, record[4] - 1);
  return true;
}

/// [name, type, calling convention, is declaration, linkage, attributes, alignment, section, visibility, collector,
/// unnamed_addr, prologue + 1, DLL class, comdat, prefix + 1, personality + 1, dso_local, address space, partition]
bool ModuleReader::addFunction(const Record& record) {
  auto name = nameOf(record);
  if (!name || record.size() < 10)
    return false;
  auto* type = llvm::dyn_cast_or_null<llvm::FunctionType>(types_.at(record[2]));
  auto linked = linkage(record[5]);
  if (!type || !linked || record[3] > llvm::CallingConv::MaxID || operand(record, 13) || operand(record, 18) >> 24 ||
      operand(record, 20) || record.size() > 21)
    return false;
  auto* function = llvm::Function::Create(type, *linked, static_cast<unsigned>(operand(record, 18)), *name, module_);
  function->setCallingConv(static_cast<llvm::CallingConv::ID>(record[3]));
  if (!setPlace(*function, record[7], record[8], operand(record, 14)))
    return false;
  setCommon(*function, record[9], operand(record, 11), operand(record, 17));
  if (std::uint64_t collector = operand(record, 10)) {
    if (collector > collectors_.size())
      return false;
    function->setGC(collectors_[collector - 1]);
  }
  function->setIsMaterializable(record[4] == 0);
  functionAt_[values_.size()] = static_cast<std::uint32_t>(functions_.size());
  functions_.push_back({.function = function,
                        .attributes = record[6],
                        .personality = operand(record, 16),
                        .prefix = operand(record, 15),
                        .prologue = operand(record, 12)});
  values_.addGlobal(function);
  return true;
}

/// Aliases: [name, type, address space, aliasee, linkage, visibility, DLL class, thread-local, unnamed_addr, dso_local, ...];
/// ifuncs: [name, type, address space, resolver, linkage, visibility, dso_local, ...]
bool ModuleReader::addIndirect(const Record& record) {
  auto name = nameOf(record);
  if (!name || record.size() < 6)
    return false;
  llvm::Type* type = types_.at(record[2]);
  auto linked = linkage(record[5]);
  if (!type || !linked || record[3] >> 24 || !llvm::PointerType::isValidElementType(type))
    return false;
  auto space = static_cast<unsigned>(record[3]);
  llvm::GlobalValue* made = nullptr;
  if (record.code == MODULE_CODE_ALIAS) {
    if (operand(record, 7) || operand(record, 12)) // a DLL's storage class, a partition
      return false;
    made = llvm::GlobalAlias::create(type, space, *linked, *name, module_);
    made->setThreadLocalMode(threadLocality(operand(record, 8)));
    setCommon(*made, operand(record, 6), operand(record, 9), operand(record, 10));
  } else {
    if (operand(record, 9))
      return false;
    made = llvm::GlobalIFunc::create(type, space, *linked, *name, nullptr, module_);
    setCommon(*made, operand(record, 6), 0, operand(record, 7));
  }
  values_.addGlobal(made);
  initialValues_.emplace_back(made, record[4]);
  return true;
}

} // namespace kiln
