// Values of LLVM IR to and from their words in a state (abi/Leaves.h), as instructions.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <cstdint>

#include "abi/Leaves.h"

namespace kiln {

/// Builds a first-class value from its words in a state. The type has words.
class StateReader {
public:
  StateReader(llvm::IRBuilder<>& builder, const llvm::DataLayout& layout, llvm::Value* state)
      : builder_(builder), layout_(layout), state_(state) {}
  llvm::Value* read(llvm::Type* type, std::uint32_t word);

private:
  llvm::Value* build(llvm::Type* type);
  llvm::Value* scalar(llvm::Type* type, const Leaf& leaf);

  llvm::IRBuilder<>& builder_;
  const llvm::DataLayout& layout_;
  llvm::Value* state_;
  std::uint32_t first_ = 0;
  Leaves leaves_;
  std::size_t next_ = 0;
};

/// Stores a value's words. Integers are extended by zeros to whole words.
class StateWriter {
public:
  StateWriter(llvm::IRBuilder<>& builder, const llvm::DataLayout& layout, llvm::Value* state)
      : builder_(builder), layout_(layout), state_(state) {}
  void write(llvm::Value* value, std::uint32_t word);

private:
  void takeApart(llvm::Value* value);
  void scalar(llvm::Value* value, const Leaf& leaf);

  llvm::IRBuilder<>& builder_;
  const llvm::DataLayout& layout_;
  llvm::Value* state_;
  std::uint32_t first_ = 0;
  Leaves leaves_;
  std::size_t next_ = 0;
};

} // namespace kiln
