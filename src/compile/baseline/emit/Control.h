// The ends of blocks: branches, moves on edges, switches (Switches.cpp).
#pragma once

#include <llvm/ADT/DenseMap.h>

#include "compile/baseline/emit/Family.h"
#include "flow/Branches.h"
#include "flow/PhiEdges.h"

namespace kiln::baseline {

class Control final : Family {
public:
  using Family::Family;

  /// Before the first block.
  void makeLabels();
  const Label& label(std::uint32_t place) const { return labels_[place]; }
  void emit(const llvm::Instruction& terminator);
  /// From the end of a block to another: moves, and a jump unless the block comes next.
  /// `counted` is where the profile has counted the edge itself, if it has.
  void emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough, std::uint32_t counted = kNone);
  /// Behind all blocks.
  void emitEdgeStubs();
  /// Jump tables, when all labels are bound.
  void fillTables();

private:
  // Control.cpp
  struct EdgeStub {
    Label label;
    const llvm::BasicBlock *from, *to;
  };
  void emitBranch(const llvm::BranchInst& branch);
  void emitCountedBranch(const llvm::BranchInst& branch);
  void emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  bool hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  Label edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  bool needsStub(const llvm::BasicBlock* from, const llvm::BasicBlock* to);

  // Switches.cpp
  using SwitchCase = flow::SwitchCase;
  struct SwitchForm {
    const llvm::SwitchInst& choice;
    Label otherwise;
    std::uint32_t counts; ///< offset of the counts, or kNone
  };
  struct CaseStub {
    Label label;
    const llvm::BasicBlock* to;
    std::uint32_t number;
  };
  /// The distance from a table to where a case goes, filled in at the end.
  struct TableEntry {
    std::uint32_t at;
    Label to, table;
  };
  void emitSwitch(const llvm::SwitchInst& choice);
  void emitDenseSwitch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases);
  void emitCaseSearch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases);
  Label caseLabel(const SwitchForm& form, const llvm::BasicBlock* to, std::uint32_t number);

  std::vector<Label> labels_; ///< of blocks, by place
  std::vector<EdgeStub> stubs_;
  llvm::DenseMap<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, unsigned> stubOf_;
  flow::PhiEdges phiEdges_;
  std::vector<CaseStub> caseStubs_;
  std::vector<TableEntry> tableEntries_;
};

} // namespace kiln::baseline
