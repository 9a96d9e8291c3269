// The first half of decoding: in which order blocks are laid out, which values need words of the frame, and which words.
//
//   number     arguments, then instructions in the order of the function; blocks in the order of the function
//   order      reverse post-order, earlier blocks first where there is a choice
//   ranges     for every jump back in that order, the stretch of blocks from its target to its source; stretches that
//              overlap are joined until they nest. They play the part of loops and hold for irreducible ones as well.
//   fold       values that are no op of their own: another name of a value (alias) or part of their user's op (folded)
//   live       one interval per value: from its definition to its last use, and to the end of every range that holds
//              the use but not the definition
//   coalesce   a phi and what comes into it share words where their intervals do not meet
//   allocate   words, in order of the intervals' beginnings
//
// All steps are linear in the function's size (range lookups: times the depth of loops). Positions count instructions in
// layout order, doubled: an op reads its operands at 2p and writes its result at 2p, so the two may share a word; ops made
// of several steps, and moves on the edge at the end of a block, read at 2p + 1. One interval without holes per value is
// more than needed; finer ones cost more time than the words are worth (measured in docs/interpreter.md).
//
// Source of the interval scheme: Wimmer and Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010), without splitting.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <string>
#include <vector>

#include "interp/Ops.h"

namespace kiln::interp {

/// An address taken apart: base + offset + index * scale.
struct AddressParts {
  const llvm::Value* base = nullptr;
  std::int64_t offset = 0;
  const llvm::Value* index = nullptr; ///< of 64 bits, or of 32 as `kind` says
  IndexKind kind = IndexKind::I64;
  std::uint64_t scale = 0;
};

struct ValueState {
  std::uint32_t first = 0; ///< position of the definition, or of the first edge that writes the phi
  std::uint32_t last = 0;
  std::uint32_t root = 0;  ///< the value whose words these are; itself unless alias
  std::uint16_t words = 0; ///< that the value has; 0 for void
  std::uint16_t word = 0;  ///< the first of them in the frame; for an alias, within its root
  bool alias = false;
  bool folded = false;
  bool used = false;
  bool clean = false; ///< the word's bits above the type are zero
};

class Layout {
public:
  explicit Layout(const llvm::Function& function);

  /// Does all steps. A reason if the function cannot be decoded.
  std::string run();

  std::uint32_t numberOf(const llvm::Value* value) const { return numbers_.lookup(value) - 1; }
  bool isNumbered(const llvm::Value* value) const { return numbers_.contains(value); }
  const ValueState& state(const llvm::Value* value) const { return values_[numberOf(value)]; }
  const ValueState& stateOf(std::uint32_t number) const { return values_[number]; }
  std::size_t valueCount() const { return values_.size(); }
  /// The first word of a value that has words.
  std::uint16_t wordOf(const llvm::Value* value) const { return wordOf(numberOf(value)); }
  std::uint16_t wordOf(std::uint32_t number) const {
    const ValueState& value = values_[number];
    return value.alias ? static_cast<std::uint16_t>(values_[value.root].word + value.word) : value.word;
  }

  llvm::ArrayRef<const llvm::BasicBlock*> order() const { return order_; }
  /// Position of a block in order().
  std::uint32_t place(const llvm::BasicBlock* block) const { return places_.lookup(block); }
  std::uint32_t blockNumber(const llvm::BasicBlock* block) const { return blockNumbers_.lookup(block); }
  bool isBackEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const { return place(to) <= place(from); }
  bool inLoop(const llvm::BasicBlock* block) const { return rangeOf_[place(block)] != kNone; }

  std::uint32_t argumentWords() const { return argumentWords_; }
  std::uint32_t frameWords() const { return frameWords_; }

  /// The pointer taken apart, through folded address computations.
  AddressParts addressOf(const llvm::Value* pointer) const;
  /// Through what is another name of a constant: the constant, or the value itself.
  static const llvm::Value* strip(const llvm::Value* value);

private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Range {
    std::uint32_t first, last; ///< places of blocks
    std::uint32_t parent;
  };

  void number();
  void orderBlocks();
  void findRanges();
  void fold();
  bool foldOne(const llvm::Instruction& instruction);
  bool aliasOne(const llvm::Instruction& instruction);
  bool foldAddress(const llvm::GetElementPtrInst& address);
  bool foldLoad(const llvm::LoadInst& load);
  void live();
  void use(const llvm::Value* value, std::uint32_t position, std::uint32_t block);
  void useOperands(const llvm::Instruction& instruction, std::uint32_t position, std::uint32_t block);
  void coalesce();
  bool allocate();

  const llvm::Function& function_;
  const llvm::DataLayout& data_;
  llvm::DenseMap<const llvm::Value*, std::uint32_t> numbers_; ///< plus one
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> places_, blockNumbers_;
  std::vector<const llvm::BasicBlock*> order_;
  std::vector<std::uint32_t> blockFirst_, blockLast_; ///< positions, by place: of the first and last instruction
  std::vector<std::uint32_t> positions_;              ///< of instructions by number
  std::vector<std::uint32_t> blockOf_;                ///< place, of instructions by number
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> rangeOf_; ///< innermost range by place
  std::vector<ValueState> values_;
  llvm::DenseMap<const llvm::Value*, AddressParts> addresses_; ///< of folded address computations
  std::vector<std::uint32_t> classOf_; ///< representative by value number
  struct Interval {
    std::uint32_t first, last;
  };
  std::vector<Interval> hulls_; ///< by representative
  std::uint32_t argumentWords_ = 0;
  std::uint32_t frameWords_ = 0;
  std::uint32_t positionCount_ = 0;
};

} // namespace kiln::interp
