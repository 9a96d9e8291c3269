// What the baseline compiler asks of the program around a function.
#pragma once

#include "program/ProgramView.h"

namespace kiln::baseline {

/// The implementation is Baseline's.
class Environment : public ProgramView {
public:
  using ProgramView::ProgramView;
  virtual ~Environment() = default;
  /// A function by name as LLVM's own calls find it: the program's, else the process's; 0 if there is none.
  virtual std::uintptr_t libraryFunction(const char* name) = 0;
  /// Whether calls so far already had several values in an argument of the program's function: there is nothing to record.
  virtual bool argumentVaries(std::uint32_t function, std::uint32_t argument) { return false; }
};

} // namespace kiln::baseline
