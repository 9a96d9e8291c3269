// Loop headers: the budget of arrivals, the way out of the code there, and the way in.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Loops final : Family {
public:
  using Family::Family;

  /// The end of an edge back to a loop header: counts it and jumps. `counted`: as Control::emitEdge().
  void jumpBack(const llvm::BasicBlock* header, std::uint32_t counted);
  /// Offset of the loop's count in the profile.
  std::uint32_t countOf(const llvm::BasicBlock* header);

  // Loops that count in a register do so in batches.
  /// In front of a block: the header of such a loop has a second label behind the beginning of a batch.
  void beginBatch(std::uint32_t place);
  /// The loop that an edge leaves, if it is one of those.
  const CountedLoop* leftBy(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const;
  /// What the batch at hand has counted goes to memory.
  void endBatch(const CountedLoop& loop);

  /// Behind all blocks: what leaves the code.
  void emitCold();
  /// The entry of code that begins at a loop: takes the state apart.
  void enter();

private:
  struct ColdLoop {
    Label entry, back;
    std::uint32_t site;
    std::uint32_t count; ///< offset of the loop's count in the profile, if batches are recorded
    bool inBatches;
  };
  void countBatch(const ColdLoop& cold);
  std::uint32_t siteOf(std::uint32_t block);
  void keepPlaces();
  void enterValue(std::uint32_t number, const llvm::Value* value, std::uint32_t word);
  void enterPart(std::uint32_t number, unsigned part, const Part& form, llvm::Type* type, std::uint32_t word);
  void enterLanes(std::uint32_t number, unsigned part, const Part& form, std::uint32_t word, llvm::Type* type);

  std::vector<ColdLoop> coldLoops_;
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> counts_;
  llvm::SmallDenseMap<std::uint32_t, Label> inside_; ///< second labels, by place
};

} // namespace kiln::baseline
