// A module's types, by the numbers that its bitcode gives them.
#pragma once

#include <llvm/IR/DerivedTypes.h>

#include <cstdint>
#include <string>
#include <vector>

#include "program/Bitstream.h"

namespace kiln {

class TypeTable {
public:
  explicit TypeTable(llvm::LLVMContext& context) : context_(context) {}

  /// Reads the block that the cursor was sent into. False: damaged, or of a kind that only LLVM's reader knows.
  bool read(BitstreamCursor& cursor);
  /// Null if there is no such type.
  llvm::Type* at(std::uint64_t number) const { return number < types_.size() ? types_[number] : nullptr; }

private:
  llvm::Type* make(const BitstreamCursor::Record& record);
  llvm::Type* makeSimple(std::uint32_t code) const;
  llvm::Type* makeSequence(const BitstreamCursor::Record& record) const;
  llvm::Type* makeStruct(const BitstreamCursor::Record& record);
  llvm::Type* makeFunction(const BitstreamCursor::Record& record) const;

  llvm::LLVMContext& context_;
  std::vector<llvm::Type*> types_;
  std::string name_; ///< of the next struct
};

} // namespace kiln
