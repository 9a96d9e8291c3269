// The values of a module, by the numbers that its bitcode gives them: globals, then constants, then what belongs to the
// body at work.
//
// A constant that consists of others is made when it is first asked for: it may name constants behind it, and of a
// module's constants a start needs few. The others are made as they are read.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Constants.h>

#include <cstdint>
#include <span>
#include <vector>

#include "program/Bitstream.h"
#include "program/TypeTable.h"

namespace kiln {

class ValueTable {
public:
  ValueTable(llvm::LLVMContext& context, const TypeTable& types) : context_(context), types_(types) {}

  std::uint32_t size() const { return static_cast<std::uint32_t>(values_.size()); }
  /// Null for a number that is not given, or whose value is still to be made. `number` is below size().
  llvm::Value* made(std::uint32_t number) const { return values_[number]; }
  void add(llvm::Value* value) { values_.push_back(value); }
  /// Globals are the first values; made() has one only after use() set it.
  void addGlobal(llvm::GlobalValue* global) {
    globals_.push_back(global);
    values_.push_back(nullptr);
  }
  bool isGlobal(std::uint32_t number) const { return number < globals_.size(); }
  llvm::GlobalValue* global(std::uint32_t number) const { return globals_[number]; }
  void use(std::uint32_t number) { values_[number] = globals_[number]; }

  /// Reads the block that the cursor was sent into. False: damaged, or of a kind that only LLVM's reader knows.
  bool readConstants(BitstreamCursor& cursor);
  /// Null where it is not a constant, or readConstants() would have been false for it.
  llvm::Constant* constant(std::uint64_t number);
  /// Forgets the values from this number on.
  void cut(std::uint32_t size);

  /// Whose labels are blocks, and the blocks. A label of another function is its number, as in prepared functions.
  void setLabels(llvm::Function* function, std::span<llvm::BasicBlock* const> blocks) {
    labelled_ = function;
    blocks_ = blocks;
    labelsFrom_ = size();
  }
  /// The positions of blocks whose addresses constants of the module have.
  llvm::ArrayRef<std::uint32_t> labelsOf(const llvm::Function* function) const;

private:
  /// A constant that is still to be made.
  struct Pending {
    std::uint32_t number = 0, code = 0;
    llvm::Type* type = nullptr;
    std::uint32_t first = 0, count = 0; ///< in words_
    bool busy = false;                  ///< is being made: a constant that contains itself
  };
  using Record = BitstreamCursor::Record;

  llvm::Value* makeNow(const Record& record, llvm::Type* type);
  llvm::Value* makeFloat(const Record& record, llvm::Type* type);
  llvm::Value* makeText(const Record& record, llvm::Type* type);
  llvm::Value* makeData(const Record& record, llvm::Type* type);
  llvm::Value* makeAssembly(const Record& record);
  static bool isComposed(std::uint32_t code);

  llvm::Constant* make(const Pending& pending, std::span<const std::uint64_t> words);
  llvm::Constant* makeAggregate(llvm::Type* type, std::span<const std::uint64_t> words);
  llvm::Constant* makeBinary(llvm::Type* type, std::span<const std::uint64_t> words);
  llvm::Constant* makeCast(llvm::Type* type, std::span<const std::uint64_t> words);
  llvm::Constant* makeAddress(llvm::Type* type, std::uint32_t code, std::span<const std::uint64_t> words);
  llvm::Constant* makeLabel(const Pending& pending, std::span<const std::uint64_t> words);

  llvm::LLVMContext& context_;
  const TypeTable& types_;
  std::vector<llvm::GlobalValue*> globals_;
  std::vector<llvm::Value*> values_;
  std::vector<Pending> pending_; ///< by number, ascending
  std::vector<std::uint64_t> words_;
  unsigned depth_ = 0; ///< of constants in constants
  llvm::Function* labelled_ = nullptr;
  std::span<llvm::BasicBlock* const> blocks_;
  std::uint32_t labelsFrom_ = 0; ///< constants of the body have higher numbers; the module's outlive its blocks
  llvm::DenseMap<const llvm::Function*, llvm::SmallVector<std::uint32_t, 4>> labels_;
};

} // namespace kiln
