// What compilers and the interpreter's decoder find out of a function before they make code: in which order blocks are laid
// out, how deep they lie in loops, which values are alive where, and which can share a place.
//
//   number     arguments, then instructions in the order of the function; blocks in the order of the function
//   order      reverse post-order, earlier blocks first where there is a choice
//   ranges     for every jump back in that order, the stretch of blocks from its target to its source; stretches that
//              overlap are joined until they nest. They play the part of loops and hold for irreducible ones as well.
//   fold       (by the user) values that are no code of their own: another name of a value (alias) or part of their user's
//              code (folded)
//   live       one interval per value: from its definition to its last use, and to the end of every range that holds
//              the use but not the definition
//   coalesce   a phi and what comes into it make one class where their intervals do not meet: they can share a place
//
// All steps are linear in the function's size (range lookups: times the depth of loops). Positions count instructions in
// layout order, doubled: an instruction reads its operands at 2p and writes its result at 2p, so the two may share a place;
// what is done in several steps, and moves on the edge at the end of a block, read at 2p + 1. One interval without holes
// per value is more than needed; finer ones cost more time than they are worth (measured in docs/interpreter.md).
//
// What is known of values and blocks is in arrays by number, so a step costs a few instructions per value. LLVM has no
// place in a value for a number: the way from a value to its own is one look into a hash table. Steps go over the function
// in its order, where numbers are consecutive, and look only operands up. An object is used for one function after the
// other: most are small, and making the arrays anew would cost more than filling them.
//
// Source of the interval scheme: Wimmer and Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010), without splitting.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "flow/AddressParts.h"
#include "flow/ValueNumbers.h"

namespace kiln::flow {

struct ValueState {
  std::uint32_t first = 0; ///< position of the definition, or of the first edge that writes the phi
  std::uint32_t last = 0;
  std::uint32_t root = 0;  ///< the value whose place this is; itself unless alias
  std::uint32_t address = kNone; ///< of an address computation that was taken apart: which
  std::uint32_t weight = 0; ///< uses, each times 8 for every loop around it (not of folded values)
  std::uint16_t words = 0; ///< that the value has, in the user's unit; 0 for void
  std::uint16_t word = 0;  ///< for an alias: the first of them within its root; else the user's
  bool alias = false;
  bool folded = false;
  bool clean = false; ///< the bits above the type are zero
};

/// Without uses it needs no code. Not calls, whatever their callees promise: their operands count as used (transition/FrameState.h).
bool isPure(const llvm::Instruction& instruction);

class Intervals {
public:
  virtual ~Intervals() = default;

  /// kNone for what has no number: constants, blocks.
  std::uint32_t numberOf(const llvm::Value* value) const {
    return llvm::isa<llvm::Instruction, llvm::Argument>(value) ? numbers_.find(value) : kNone;
  }
  bool isNumbered(const llvm::Value* value) const { return numberOf(value) != kNone; }
  const ValueState& state(const llvm::Value* value) const { return values_[numberOf(value)]; }
  const ValueState& stateOf(std::uint32_t number) const { return values_[number]; }
  bool isFolded(const llvm::Value* value) const {
    std::uint32_t number = numberOf(value);
    return number != kNone && values_[number].folded;
  }
  std::size_t valueCount() const { return values_.size(); }

  llvm::ArrayRef<const llvm::BasicBlock*> order() const { return order_; }
  /// Position of a block in order().
  std::uint32_t place(const llvm::BasicBlock* block) const { return blocks_[blockNumber(block)].place; }
  std::uint32_t blockNumber(const llvm::BasicBlock* block) const { return blockNumbers_.find(block); }
  std::uint32_t blockNumberAt(std::uint32_t place) const { return numbersInOrder_[place]; }
  /// The number of the first instruction of the block at a place; the others follow.
  std::uint32_t firstNumber(std::uint32_t place) const { return blocks_[numbersInOrder_[place]].firstValue; }
  bool isBackEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const { return place(to) <= place(from); }
  bool inLoop(std::uint32_t place) const { return rangeOf_[place] != kNone; }
  /// What a use in the block at a place weighs.
  std::uint32_t weightAt(std::uint32_t place) const {
    return rangeOf_[place] == kNone ? 1 : ranges_[rangeOf_[place]].weight;
  }
  /// Calls and invokes.
  std::size_t callCount() const { return callCount_; }

  /// The pointer taken apart, through folded address computations.
  AddressParts addressOf(const llvm::Value* pointer) const;
  /// An address computation taken apart, folded or not; null if it is not one that can be.
  const AddressParts* partsOf(std::uint32_t number) const {
    std::uint32_t address = values_[number].address;
    return address == kNone ? nullptr : &addresses_[address].second;
  }
  /// All that were taken apart, by number.
  llvm::ArrayRef<std::pair<std::uint32_t, AddressParts>> addresses() const { return addresses_; }

protected:
  struct Block {
    const llvm::BasicBlock* block = nullptr;
    std::uint32_t firstValue = 0;
    std::uint32_t firstEdge = 0; ///< index in edges_
    std::uint32_t place = 0;
    bool seen = false;
  };
  struct Range {
    std::uint32_t first, last; ///< places of blocks
    std::uint32_t parent;
    std::uint32_t weight;
  };
  /// A class of values that share their place: a list through the array by value number, from its representative on.
  struct Member {
    std::uint32_t representative;
    std::uint32_t next;
    // Of the class, at its representative.
    std::uint32_t lastMember;
    std::uint32_t count;
    std::uint32_t first, last; ///< the stretch that the place is reserved for
    std::uint32_t firstWrite, writeCount; ///< of a phi, in writes_
  };
  /// An edge that writes a phi, and whose place it writes there.
  struct Write {
    std::uint32_t position;
    std::uint32_t root;
  };

  /// All steps. False if a value's type has no words. What was known of the last function is forgotten. `asWritten`: the order is
  /// that in which the blocks lie; all can be reached, and definitions lie before their uses.
  bool analyse(const llvm::Function& function, bool asWritten = false);

  /// How many words values of a type have; kNone if Kiln cannot hold them.
  virtual std::uint32_t wordsFor(llvm::Type* type) const = 0;
  /// Decides which values are aliases, folded, clean.
  virtual void fold() = 0;
  /// Whether the instruction's result may be written before all operands were read.
  virtual bool readsLate(const llvm::Instruction& instruction, const ValueState& self) const = 0;
  std::uint32_t representative(std::uint32_t value);
  /// Numbers of the blocks that a block goes on to.
  llvm::ArrayRef<std::uint32_t> edgesFrom(std::uint32_t block) const {
    return llvm::ArrayRef(edges_).slice(blocks_[block].firstEdge, blocks_[block + 1].firstEdge - blocks_[block].firstEdge);
  }

  const llvm::Function* function_ = nullptr;
  const llvm::DataLayout* data_ = nullptr;
  ValueNumbers numbers_;
  ValueNumbers blockNumbers_;

  // By value number.
  std::vector<ValueState> values_;
  std::vector<std::uint32_t> placeOf_; ///< of the block
  std::vector<Member> members_;
  std::vector<std::pair<std::uint32_t, AddressParts>> addresses_;

  // By block number.
  std::vector<Block> blocks_; ///< and one more, where the last one's values and edges end
  std::vector<std::uint32_t> edges_; ///< numbers of successors, block after block

  // By place.
  std::vector<const llvm::BasicBlock*> order_;
  std::vector<std::uint32_t> numbersInOrder_;
  std::vector<std::uint32_t> blockFirst_, blockLast_; ///< positions of the first and last instruction
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> rangeOf_; ///< innermost range

  std::size_t callCount_ = 0;
  std::uint32_t positionCount_ = 0;

private:
  void forget();
  bool number();
  bool add(const llvm::Value& value);
  void findEdges();
  void orderBlocks();
  void placeBlocks();
  void findRanges();
  void live();
  void livePhi(const llvm::PHINode& phi, std::uint32_t place);
  void liveLandingPad(std::uint32_t place, ValueState& self);
  void use(const llvm::Value* value, std::uint32_t position, std::uint32_t place);
  std::uint32_t lastInRanges(std::uint32_t root, std::uint32_t position, std::uint32_t place) const;
  void useFolded(std::uint32_t number, const llvm::Value* value, std::uint32_t position, std::uint32_t place);
  void useOperands(const llvm::Instruction& instruction, std::uint32_t position, std::uint32_t place);
  void coalesce();
  void coalescePhi(const llvm::PHINode& phi, std::uint32_t self, std::uint32_t place);
  void findWrites();
  bool join(std::uint32_t mine, std::uint32_t other);
  bool isWrittenIn(std::uint32_t phi, std::uint32_t value) const;
  const std::vector<std::uint32_t>& placesInto(const llvm::PHINode& phi);

  std::vector<Write> writes_;
  // Where blocks come from, as far as the phis at hand tell.
  const llvm::PHINode* knownPhi_ = nullptr;
  std::vector<std::uint32_t> knownPlaces_;
};

} // namespace kiln::flow
