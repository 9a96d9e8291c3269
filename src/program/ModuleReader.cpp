#include "program/ModuleReader.h"

#include <llvm/Bitcode/LLVMBitCodes.h>
#include <llvm/IR/AutoUpgrade.h>
#include <llvm/IR/GlobalAlias.h>
#include <llvm/IR/GlobalIFunc.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Support/Error.h>

#include "program/BodyReader.h"
#include "program/DataLayout.h"

namespace kiln {

using namespace llvm::bitc;

namespace {

constexpr unsigned kOuterWidth = 2; ///< of abbreviation numbers outside of blocks
constexpr std::uint64_t kMagicBits = 32;
constexpr llvm::StringLiteral kProducer = "LLVM19."; ///< an earlier one may need upgrades, a later one says other things

std::string text(const BitstreamCursor::Record& record) { return {record.values.begin(), record.values.end()}; }

} // namespace

ModuleReader::ModuleReader(const Source& source, llvm::LLVMContext& context)
    : bytes_(source.bitcode), context_(context), owned_(std::make_unique<llvm::Module>(source.name, context)),
      module_(owned_.get()), types_(context), attributes_(context, types_), values_(context, types_) {}

std::unique_ptr<ModuleReader> ModuleReader::open(const Source& source, llvm::LLVMContext& context) {
  std::unique_ptr<ModuleReader> reader(new ModuleReader(source, context));
  return reader->read() ? std::move(reader) : nullptr;
}

bool ModuleReader::read() {
  // Bitcode in a wrapper starts with other bytes; it is rare.
  if (bytes_.size() < 4 || memcmp(bytes_.data(), "BC\xc0\xde", 4) != 0)
    return false;
  return readOutside() && readBodies() && setInitialValues();
}

/// What lies around the module: who wrote it, and behind it the names, which its records point into.
bool ModuleReader::readOutside() {
  BitstreamCursor cursor(bytes_);
  cursor.seek(kMagicBits, kOuterWidth);
  BitstreamCursor::Block block, module;
  Record record;
  bool identified = false, moduleSeen = false;
  while (cursor.position() + 32 <= bytes_.size() * 8) {
    if (cursor.next(block, record) != BitstreamCursor::Entry::Block)
      return false;
    std::uint64_t end = block.end;
    if (block.id == IDENTIFICATION_BLOCK_ID) {
      cursor.enter(block, nullptr);
      if (identified || !readIdentification(cursor))
        return false;
      identified = true;
    } else if (block.id == MODULE_BLOCK_ID) {
      if (moduleSeen)
        return false;
      module = block;
      moduleSeen = true;
    } else if (block.id == STRTAB_BLOCK_ID) {
      cursor.enter(block, nullptr);
      if (cursor.next(block, record) != BitstreamCursor::Entry::Record || record.code != STRTAB_BLOB)
        return false;
      names_ = {record.blob.data(), record.blob.size()};
    }
    cursor.seek(end, kOuterWidth);
  }
  return identified && moduleSeen && readModule(module);
}

bool ModuleReader::readIdentification(BitstreamCursor& cursor) const {
  BitstreamCursor::Block block;
  Record record;
  bool ours = false, now = false;
  while (cursor.next(block, record) == BitstreamCursor::Entry::Record) {
    if (record.code == IDENTIFICATION_CODE_STRING)
      ours = llvm::StringRef(text(record)).starts_with(kProducer);
    else if (record.code == IDENTIFICATION_CODE_EPOCH)
      now = record.size() == 1 && record[0] == BITCODE_CURRENT_EPOCH;
  }
  return ours && now;
}

const BitstreamAbbreviations* ModuleReader::known(std::uint32_t kind) const {
  auto at = information_.find(kind);
  return at == information_.end() ? nullptr : &at->second;
}

/// Up to the first body: all that has a part in the header is in front of it.
bool ModuleReader::readModule(const BitstreamCursor::Block& module) {
  width_ = module.width;
  BitstreamCursor cursor(bytes_);
  cursor.enter(module, nullptr);
  BitstreamCursor::Block block;
  Record record;
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok() && versionSeen_;
    case BitstreamCursor::Entry::Record:
      if (!readRecord(record))
        return false;
      break;
    case BitstreamCursor::Entry::Block:
      if (block.id == FUNCTION_BLOCK_ID)
        return versionSeen_;
      if (!readBlock(cursor, block))
        return false;
      break;
    }
  }
}

bool ModuleReader::readBlock(BitstreamCursor& cursor, const BitstreamCursor::Block& block) {
  if (block.id == BLOCKINFO_BLOCK_ID) {
    cursor.readInformation(block, information_);
    return cursor.ok();
  }
  BitstreamCursor inner(bytes_);
  inner.enter(block, known(block.id));
  cursor.leave(block);
  switch (block.id) {
  case PARAMATTR_GROUP_BLOCK_ID: return attributes_.readGroups(inner);
  case PARAMATTR_BLOCK_ID: return attributes_.readLists(inner);
  case TYPE_BLOCK_ID_NEW: return types_.read(inner);
  case CONSTANTS_BLOCK_ID: return values_.readConstants(inner);
  case OPERAND_BUNDLE_TAGS_BLOCK_ID: return readNames(inner, bundleTags_);
  case SYNC_SCOPE_NAMES_BLOCK_ID: {
    std::vector<std::string> names;
    if (!readNames(inner, names))
      return false;
    for (const std::string& name : names)
      scopes_.push_back(context_.getOrInsertSyncScopeID(name));
    return true;
  }
  default: return true; // metadata, the table of bodies, a summary
  }
}

bool ModuleReader::readNames(BitstreamCursor& cursor, std::vector<std::string>& into) const {
  BitstreamCursor::Block block;
  Record record;
  while (cursor.next(block, record) == BitstreamCursor::Entry::Record)
    into.push_back(text(record));
  return cursor.ok();
}

bool ModuleReader::readRecord(const Record& record) {
  switch (record.code) {
  case MODULE_CODE_VERSION:
    versionSeen_ = record.size() == 1 && record[0] == 2;
    return versionSeen_;
  case MODULE_CODE_TRIPLE: module_->setTargetTriple(text(record)); return true;
  case MODULE_CODE_DATALAYOUT:
    // Others may be upgraded, or are wrong.
    if (text(record) != kDataLayout)
      return false;
    module_->setDataLayout(kDataLayout);
    return true;
  case MODULE_CODE_ASM: module_->setModuleInlineAsm(text(record)); return true;
  case MODULE_CODE_SECTIONNAME: sections_.push_back(text(record)); return true;
  case MODULE_CODE_GCNAME: collectors_.push_back(text(record)); return true;
  case MODULE_CODE_SOURCE_FILENAME: module_->setSourceFileName(text(record)); return true;
  case MODULE_CODE_HASH: return true;
  case MODULE_CODE_VSTOFFSET:
    symbols_ = record.size() == 1 ? record[0] * 32 : 0;
    return true;
  case MODULE_CODE_COMDAT: return addComdat(record);
  case MODULE_CODE_GLOBALVAR: return addVariable(record);
  case MODULE_CODE_FUNCTION: return addFunction(record);
  case MODULE_CODE_ALIAS:
  case MODULE_CODE_IFUNC: return addIndirect(record);
  default: return false;
  }
}

/// The table says where the bodies are, by number of the function.
bool ModuleReader::readBodies() {
  if (symbols_ == 0)
    return true; // no bodies
  BitstreamCursor cursor(bytes_);
  BitstreamCursor::Block block;
  Record record;
  cursor.seek(symbols_, width_);
  if (cursor.next(block, record) != BitstreamCursor::Entry::Block || block.id != VALUE_SYMTAB_BLOCK_ID)
    return false;
  cursor.enter(block, known(block.id));
  while (cursor.next(block, record) == BitstreamCursor::Entry::Record) {
    if (record.code != VST_CODE_FNENTRY || record.size() < 2)
      return false;
    auto at = functionAt_.find(static_cast<std::uint32_t>(record[0]));
    if (at == functionAt_.end() || record[0] >> 32 || record[1] > bytes_.size() / 4)
      return false;
    functions_[at->second].body = record[1] * 32;
  }
  return cursor.ok();
}

/// Constants may name globals and constants behind them, so that this comes last.
bool ModuleReader::setInitialValues() {
  for (auto [global, number] : initialValues_) {
    llvm::Constant* value = values_.constant(number);
    if (!value)
      return false;
    if (auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(global)) {
      if (value->getType() != variable->getValueType())
        return false;
      variable->setInitializer(value);
    } else if (value->getType() != global->getType()) {
      return false;
    } else if (auto* alias = llvm::dyn_cast<llvm::GlobalAlias>(global)) {
      alias->setAliasee(value);
    } else {
      llvm::cast<llvm::GlobalIFunc>(global)->setResolver(value);
    }
  }
  return true;
}

llvm::Value* ModuleReader::useGlobal(std::uint32_t number) {
  if (auto at = functionAt_.find(number); at != functionAt_.end() && !useFunction(functions_[at->second]))
    return nullptr;
  values_.use(number);
  return values_.global(number);
}

bool ModuleReader::useFunction(FunctionEntry& entry) {
  if (entry.used)
    return entry.usable;
  entry.used = true;
  auto attributes = attributes_.at(entry.attributes);
  if (!attributes)
    return false;
  entry.function->setAttributes(*attributes);
  llvm::Function* other = nullptr;
  if (entry.function->getName().starts_with("llvm.") && llvm::UpgradeIntrinsicFunction(entry.function, other))
    return false;
  entry.usable = true;
  return true;
}

llvm::Value* ModuleReader::scopeList() {
  if (!scopeList_) {
    llvm::MDBuilder builder(context_);
    llvm::MDNode* scope = builder.createAnonymousAliasScope(builder.createAnonymousAliasScopeDomain());
    scopeList_ = llvm::MetadataAsValue::get(context_, llvm::MDNode::get(context_, scope));
  }
  return scopeList_;
}

void ModuleReader::completeFunctions() {
  for (FunctionEntry& entry : functions_)
    useFunction(entry);
}

bool ModuleReader::readBody(std::uint32_t index) {
  FunctionEntry& entry = functions_[index];
  if (entry.body == 0 || !useFunction(entry))
    return false;
  return BodyReader(*this, entry).read();
}

} // namespace kiln
