// What a running activation hands on when it changes code: the numbers of a function's blocks and values, which values
// are live where, and how they lie in the state.
//
// This is the one definition. Whoever leaves a frame (the interpreter) and whoever continues it (a compiled
// continuation) read it from their own copies of the prepared function, in different worlds; nothing but numbers and
// the state's words passes between them. So everything here is a function of the prepared body alone.
//
// The state of a loop header is an array of 8-byte words: those of the values of liveInto() in order, each value as its
// leaves (abi/Leaves.h). A static alloca is a value like any other: its address, which stays good because the old frame
// lives until the continuation returns.
//
// The state of an *exit* is the same for an instruction instead of a header: what is live right before it. It is handed
// on by compiled code, to the interpreter (transition/Resume.h).
//
// Constant after construction; used by the world's thread.
#pragma once

#include <llvm/ADT/BitVector.h>
#include <llvm/ADT/DenseMap.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace llvm {
class BasicBlock;
class Function;
class Instruction;
class Value;
} // namespace llvm

namespace kiln {

/// Numbers of the blocks and values of one prepared function. Blocks: by position, from 0. Values: the arguments by
/// index, then all instructions, those without a result included, in block order.
class FunctionNumbers {
public:
  explicit FunctionNumbers(const llvm::Function& function);

  const llvm::Function& function() const { return function_; }
  std::uint32_t blockCount() const { return static_cast<std::uint32_t>(blocks_.size()); }
  std::uint32_t valueCount() const { return static_cast<std::uint32_t>(values_.size()); }
  std::uint32_t of(const llvm::BasicBlock& block) const { return blockNumbers_.at(&block); }
  std::uint32_t of(const llvm::Value& value) const { return valueNumbers_.at(&value); }
  const llvm::BasicBlock& block(std::uint32_t number) const { return *blocks_[number]; }
  const llvm::Value& value(std::uint32_t number) const { return *values_[number]; }

private:
  const llvm::Function& function_;
  std::vector<const llvm::BasicBlock*> blocks_;
  std::vector<const llvm::Value*> values_;
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> blockNumbers_;
  llvm::DenseMap<const llvm::Value*, std::uint32_t> valueNumbers_;
};

struct LiveValue {
  std::uint32_t number = 0; ///< in FunctionNumbers
  const llvm::Value* value = nullptr;
  std::uint32_t word = 0; ///< its first word in the state
  std::uint32_t words = 0;
};

struct FrameState {
  std::vector<LiveValue> values; ///< by rising number
  std::uint32_t words = 0;
};

/// The values that an activation standing at the start of `header`, its phis already assigned, must have: the header's
/// phis, all of them, and whatever is defined elsewhere and used by code that can be reached without passing the
/// definition again. Time and memory are linear in the function's size (but for its dominator tree).
///
/// The error is a reason why no state exists: the block is no place to start at, or a value has no words.
std::expected<FrameState, std::string> liveInto(const FunctionNumbers& numbers, const llvm::BasicBlock& header);

/// Live values at the instructions of one function, for many of them: one flow over all blocks, a bit per block and
/// value.
class LivePoints {
public:
  explicit LivePoints(const FunctionNumbers& numbers);

  /// What an activation must have that is about to execute the instruction, its operands included. Not for phis and
  /// landing pads. The error as in liveInto(), or a value is live that means something in its own code only: a saved
  /// stack pointer, or the number of an exception's type, which each compiler gives out by itself.
  std::expected<FrameState, std::string> at(const llvm::Instruction& instruction) const;
  /// Whether a value is live at the start of a block, that is: defined elsewhere. Not for the block's phis.
  bool liveIn(const llvm::BasicBlock& block, std::uint32_t value) const { return in_[numbers_.of(block)].test(value); }

private:
  void addUses(const llvm::Instruction& instruction, llvm::BitVector& live) const;
  void findSelectors();
  llvm::BitVector liveOut(const llvm::BasicBlock& block) const;

  const FunctionNumbers& numbers_;
  std::vector<llvm::BitVector> in_; ///< by block
  llvm::BitVector selectors_;       ///< values with such a number in them that is compared
};

} // namespace kiln
