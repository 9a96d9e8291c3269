// Reads LLVM 19's bitcode into LLVM's IR, for worlds that read lean.
//
// LLVM's reader takes some 3,000 machine instructions for each instruction of a body, and several thousand for each
// global: it serves all versions, upgrades, tracks the types behind pointers, reads metadata, names and the orders of use
// lists. This one reads what this version of LLVM writes, and of that what running needs. Constants and attributes come
// to be when something names them.
//
// It takes a module or a body whole, or leaves it to LLVM's reader: what it does not know, what would have to be
// upgraded, and what is damaged. It checks what LLVM's reader checks, so that BodyCheck can rely on the same.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <vector>

#include "program/AttributeTable.h"
#include "program/Bitstream.h"
#include "program/Source.h"
#include "program/TypeTable.h"
#include "program/ValueTable.h"

namespace kiln {

/// For one module; belongs to one thread at a time, as the world that reads it does.
class ModuleReader {
public:
  /// Reads the module's header: globals with their initial values, declarations, no bodies. Null if the module is left to
  /// LLVM's reader.
  static std::unique_ptr<ModuleReader> open(const Source& source, llvm::LLVMContext& context);

  /// Once. The module's functions that have bodies say that they are still to be read.
  std::unique_ptr<llvm::Module> takeModule() { return std::move(owned_); }
  /// Reads the body of the module's `index`-th function, which was not read before. False if it is left to LLVM's reader;
  /// the function is as before then.
  bool readBody(std::uint32_t index);
  /// Gives all functions their attributes, which those have already that a body names. For bodies that LLVM's reader read.
  void completeFunctions();

private:
  friend class BodyReader;
  using Record = BitstreamCursor::Record;
  struct FunctionEntry {
    llvm::Function* function = nullptr;
    std::uint64_t body = 0;       ///< where its block is, in bits; 0 if it has none
    std::uint64_t attributes = 0; ///< its list
    std::uint64_t personality = 0, prefix = 0, prologue = 0; ///< numbers of constants, from 1
    bool used = false;   ///< its attributes are set
    bool usable = false; ///< they are known, and it is no intrinsic that must be upgraded
  };

  ModuleReader(const Source& source, llvm::LLVMContext& context);
  bool read();
  bool readOutside();
  bool readIdentification(BitstreamCursor& cursor) const;
  bool readModule(const BitstreamCursor::Block& module);
  bool readBlock(BitstreamCursor& cursor, const BitstreamCursor::Block& block);
  bool readRecord(const Record& record);
  bool readBodies();
  bool readNames(BitstreamCursor& cursor, std::vector<std::string>& into) const;
  bool setInitialValues();

  bool addComdat(const Record& record);
  bool addVariable(const Record& record);
  bool addFunction(const Record& record);
  bool addIndirect(const Record& record);
  bool setPlace(llvm::GlobalObject& global, std::uint64_t alignment, std::uint64_t section, std::uint64_t comdat) const;
  std::optional<llvm::StringRef> nameOf(const Record& record) const;

  const BitstreamAbbreviations* known(std::uint32_t kind) const;
  /// The global for use in a body. Null if only LLVM's reader knows how to use it.
  llvm::Value* useGlobal(std::uint32_t number);
  bool useFunction(FunctionEntry& entry);
  /// A list of one scope of aliases: any will do where no access is in one.
  llvm::Value* scopeList();
  /// The value of this number, which is given. Null if there is none.
  llvm::Value* value(std::uint32_t number) {
    if (llvm::Value* made = values_.made(number)) [[likely]]
      return made;
    return values_.isGlobal(number) ? useGlobal(number) : values_.constant(number);
  }

  std::span<const char> bytes_;
  llvm::LLVMContext& context_;
  std::unique_ptr<llvm::Module> owned_;
  llvm::Module* module_;
  BitstreamInformation information_;
  TypeTable types_;
  AttributeTable attributes_;
  ValueTable values_;
  llvm::StringRef names_; ///< all of them, in one piece
  unsigned width_ = 0;    ///< of abbreviation numbers in the module's block
  std::uint64_t symbols_ = 0; ///< where the table of bodies is, in bits
  std::vector<std::string> sections_, collectors_, bundleTags_;
  std::vector<llvm::SyncScope::ID> scopes_;
  std::vector<llvm::Comdat*> comdats_;
  std::vector<FunctionEntry> functions_;
  llvm::DenseMap<std::uint32_t, std::uint32_t> functionAt_; ///< by number of the value
  std::vector<std::pair<llvm::GlobalValue*, std::uint64_t>> initialValues_; ///< and the constant's number
  llvm::Value* scopeList_ = nullptr;
  bool versionSeen_ = false;
};

} // namespace kiln
