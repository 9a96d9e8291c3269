// Loop headers: the budget of arrivals, the way out of the code there, and the way in.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Loops final : Family {
public:
  using Family::Family;

  /// The end of an edge back to a loop header: counts it and jumps.
  void jumpBack(const llvm::BasicBlock* header);
  /// Behind all blocks: what leaves the code.
  void emitCold();
  /// The entry of code that begins at a loop: takes the state apart.
  void enter();

private:
  struct ColdLoop {
    Label entry, back;
    std::uint32_t site;
  };
  std::uint32_t siteOf(std::uint32_t block);
  std::uint32_t countOf(const llvm::BasicBlock* header);
  void keepPlaces();
  void enterValue(std::uint32_t number, const llvm::Value* value, std::uint32_t word);
  void enterPart(std::uint32_t number, unsigned part, const Part& form, llvm::Type* type, std::uint32_t word);
  void enterLanes(std::uint32_t number, unsigned part, const Part& form, std::uint32_t word, llvm::Type* type);

  std::vector<ColdLoop> coldLoops_;
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> counts_;
};

} // namespace kiln::baseline
