// The analysis pass of the baseline compiler: which values are code of their own, and where every value lies.
//
// A value has one place for its whole life: a register, or a slot of the frame. So blocks need no agreement at their borders,
// a transfer into or out of the code at a loop header is a constant table, and emission is one pass without state. What a
// whole life costs is won back by weights: a value used in loops takes the register of one that is not, and values that live
// across calls which are rarer than their uses stay in caller-saved registers that are saved around those calls.
//
//   parts      what of a value fits one register: integers up to 64 bits and pointers one general register, integers up to
//              128 bits two, floats, doubles and vectors up to 128 bits one SSE register, x87 numbers memory; structs and
//              arrays the parts of their elements
//   fold       compares into branches and selects, addresses into accesses, loads into arithmetic, updates in place,
//              variables of the entry block into frame addresses
//   intervals  flow/Intervals.h
//   registers  classes of values in the order of their intervals' beginnings (linear scan); where none is free, the lightest
//              per position gives way and goes to memory
//   slots      for what is left, reused when lives end
//
// RAX, R10, R11, XMM14 and XMM15 are nobody's place: the emitter works in them. RSP and RBP are the frame's.
//
// Sources: Poletto and Sarkar, "Linear Scan Register Allocation" (TOPLAS 1999); Schwarz, Kamm, Engelke, "TPDE" (2025) for what
// one analysis pass must know.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compile/baseline/Parts.h"
#include "compile/baseline/Shapes.h"
#include "flow/ClassEvents.h"
#include "flow/Intervals.h"

namespace kiln::baseline {

using flow::AddressParts;
using flow::ValueState;

/// A loop whose rounds are counted in a register.
struct CountedLoop {
  std::uint32_t first, last; ///< places of its blocks
  std::uint32_t counter;     ///< number of the value that stands for the register
  std::uint32_t backEdges;
};

struct PlanOptions {
  unsigned registers = 0;       ///< allocatable ones of each bank; 0: all
  Machine machine;              ///< that code is made for
  bool allocasAreValues = false; ///< the code is entered at a loop: its variables lie in another frame
  bool countLoops = false;       ///< look for loops that can count their rounds in a register
};

class Plan final : public flow::Intervals {
public:
  /// Does all steps. A reason if the function cannot be compiled.
  std::string run(const llvm::Function& function, const PlanOptions& options);

  const Place& placeOf(std::uint32_t number, unsigned part) const {
    const ValueState& value = values_[number];
    return places_[firstPlace_[value.root] + (value.alias ? value.word : 0) + part];
  }
  /// The part's description by the value that owns the place.
  const Part& partOf(std::uint32_t number, unsigned part) const {
    const ValueState& value = values_[number];
    return parts_[firstPlace_[value.root] + (value.alias ? value.word : 0) + part];
  }
  /// Bytes from RBP of a variable that is a frame address, or 0.
  std::int32_t frameOffset(std::uint32_t number) const {
    auto at = frameOffsets_.find(number);
    return at == frameOffsets_.end() ? 0 : at->second;
  }
  bool isFrameAddress(std::uint32_t number) const { return frameOffsets_.contains(number); }

  /// Position of an instruction by number.
  std::uint32_t positionOf(std::uint32_t number) const {
    std::uint32_t place = placeOf_[number];
    return blockFirst_[place] + 2 * (number - blocks_[numbersInOrder_[place]].firstValue);
  }
  /// Parts, by index, in caller-saved registers whose life goes over the position: to be saved around a call there. Positions
  /// must not fall from one question to the next.
  void savedAcross(std::uint32_t position, llvm::SmallVectorImpl<std::uint32_t>& into);
  const Place& placeAt(std::uint32_t index) const { return places_[index]; }
  const Part& partInfo(std::uint32_t index) const { return parts_[index]; }

  /// Index of the first part's place, or kNone.
  std::uint32_t placeIndex(std::uint32_t number) const {
    const ValueState& value = values_[number];
    if (value.words == 0 || value.folded)
      return kNone;
    std::uint32_t first = firstPlace_[value.root];
    return first == kNone ? kNone : first + (value.alias ? value.word : 0);
  }
  llvm::ArrayRef<Place> places() const { return places_; }
  llvm::ArrayRef<Part> parts() const { return parts_; }
  llvm::ArrayRef<std::pair<std::uint32_t, std::int32_t>> variables() const { return variables_; }

  std::uint32_t usedCalleeSaved() const { return usedCalleeSaved_; } ///< bits by register
  /// Bytes below RBP that callee-saved registers, slots and variables take so far.
  std::uint32_t frameBytes() const { return frameBytes_; }
  /// A further slot, aligned to 16 if it is that large; offset from RBP. Lives for the whole function.
  std::int32_t newSlot(std::uint32_t bytes, std::uint32_t align = 8);
  bool hasBackEdges() const { return !ranges_.empty(); }
  /// The loop around the block at a place that counts in a register, or null.
  const CountedLoop* countedLoop(std::uint32_t place) const;
  bool hasCalls() const { return !calls_.empty(); }
  /// Some alloca is not in the frame: RSP moves.
  bool movesStack() const { return movesStack_; }
  bool usesFrame() const { return usesFrame_; }

private:
  struct Call {
    std::uint32_t position;
    std::uint64_t weight; ///< of this call and all before
  };
  struct Occupant {
    std::uint32_t value = kNone; ///< the class's representative
    std::uint32_t last = 0;
    std::uint32_t place = 0; ///< index in places_
  };
  /// A life in a register that is saved around calls.
  struct SavedLife {
    std::uint32_t first, last;
    std::uint32_t place; ///< index in places_
    bool isArgument;
  };

  std::uint32_t wordsFor(llvm::Type* type) const override;
  void fold() override;
  bool readsLate(const llvm::Instruction& instruction, const ValueState& self) const override;

  bool aliasOne(const llvm::Instruction& instruction, ValueState& self);
  bool aliasTo(const llvm::Value* value, std::uint32_t part, ValueState& self);
  bool foldOne(const llvm::Instruction& instruction, std::uint32_t number, ValueState& self);
  bool foldX87(const llvm::Instruction& instruction, ValueState& self) const;
  bool foldAddress(const llvm::GetElementPtrInst& address, std::uint32_t number, ValueState& self);
  bool foldAlloca(const llvm::AllocaInst& variable, std::uint32_t number);
  void hint(const llvm::Instruction& instruction, std::uint32_t number);
  void hintArguments();
  void findCountedLoops();
  void addCounter(const Range& range, std::uint32_t backEdges);
  void listClasses();
  void allocateRegisters();
  void allocateClass(std::uint32_t value);
  void assign(std::uint32_t value, unsigned part, Register reg, bool saved);
  void evict(Register reg);
  bool isLighter(std::uint32_t a, std::uint32_t b) const;
  std::uint64_t crossedWeight(std::uint32_t value) const;
  bool isArgument(std::uint32_t value) const { return value < function_->arg_size(); }
  void allocateSlots();
  std::uint32_t slotIn(std::uint32_t bytes);
  Register hintOf(std::uint32_t value, Bank bank) const;

  PlanOptions options_;
  std::vector<Place> places_;              ///< by part
  std::vector<Part> parts_;                ///< by part
  std::vector<std::uint32_t> firstPlace_;  ///< by value number: of the value, if it is a root
  std::vector<Register> wanted_;           ///< by value number: a register that would save a move
  std::vector<std::uint32_t> like_;        ///< by value number: another value whose register would
  std::vector<std::pair<std::uint32_t, std::int32_t>> variables_; ///< frame variables by number, and their offsets
  llvm::DenseMap<std::uint32_t, std::int32_t> frameOffsets_;
  std::vector<Call> calls_;
  std::vector<CountedLoop> countedLoops_;
  std::vector<std::uint32_t> countedOf_; ///< by range: index in countedLoops_, or kNone
  std::array<Occupant, 32> occupants_;
  std::vector<SavedLife> savedLives_;
  std::size_t savedCursor_ = 0;
  llvm::SmallVector<SavedLife, 24> savedActive_;
  flow::ClassEvents events_;
  std::uint32_t usedCalleeSaved_ = 0;
  std::uint32_t frameBytes_ = 0;
  bool movesStack_ = false;
  bool usesFrame_ = false;
  std::vector<std::uint32_t> freeSlots_, freeWideSlots_;
};

} // namespace kiln::baseline
