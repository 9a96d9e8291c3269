// What is kept of debug information when lines are wanted: for each instruction its place in the source, and for each place
// its function, also where that was inlined before Kiln saw it.
//
// Debug information hangs together: a place names its function, that its types and its file's unit, and that everything else
// in the file. Whoever copies a function into a module of its own would copy it all. So places, functions and units are
// replaced by ones that lead to nothing else. Variables and types are dropped.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Function.h>

#include "code/LineTable.h"

namespace kiln {

/// For the functions of one context.
class DebugLines {
public:
  /// Of a body just read. Adds and removes no instruction but calls that only debuggers see.
  void reduce(llvm::Function& function);

private:
  llvm::DICompileUnit* unit(llvm::DICompileUnit* from);
  llvm::DISubprogram* subprogram(llvm::DISubprogram* from);
  llvm::DILocation* location(llvm::DILocation* from);

  llvm::DenseMap<const llvm::MDNode*, llvm::MDNode*> made_; ///< what stands for which
};

/// Makes a table from the places of a function's instructions, given by rising offset of their code.
class LineCollector {
public:
  explicit LineCollector(const llvm::DISubprogram& function);
  /// Code that begins here is of this place; null: of none.
  void add(std::uint32_t offset, const llvm::DILocation* place);
  LineTable take() { return std::move(table_); }

private:
  std::uint32_t fileOf(const llvm::DIFile* file);
  std::uint32_t inlinedOf(const llvm::DILocation* place);

  LineTable table_;
  llvm::DenseMap<const llvm::DIFile*, std::uint32_t> files_;
  llvm::DenseMap<std::pair<const llvm::DILocation*, const llvm::DISubprogram*>, std::uint32_t> inlined_;
};

} // namespace kiln
