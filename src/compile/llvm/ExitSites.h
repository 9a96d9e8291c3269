// Where exits pay: which edges and calls of one body, by its profile.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/InstrTypes.h>

#include <functional>
#include <vector>

#include "transition/Assumption.h"
#include "transition/FrameState.h"

namespace kiln {

/// A guard to be made at an instruction.
struct ExitSite {
  llvm::Instruction* at = nullptr;
  GuardInfo info;
  std::vector<unsigned> ways;       ///< NeverTaken: the terminator's successors that are left out
  llvm::Function* target = nullptr; ///< CallTarget
};

/// In the order of the body. `holds` as Assumptions::holds(); `idOf` gives a function its number in the program, or
/// kNoFunction.
std::vector<ExitSite> findExitSites(llvm::Function& body, std::uint32_t id, const FunctionNumbers& numbers,
                                    const std::function<bool(const Assumption&)>& holds,
                                    const std::function<std::uint32_t(const llvm::Function&)>& idOf);
/// A forced guard for each branch and call.
std::vector<ExitSite> allExitSites(llvm::Function& body, std::uint32_t id, const FunctionNumbers& numbers);

/// In an assumption about a switch: all ways that were never taken.
inline constexpr std::uint64_t kUnseenWays = ~std::uint64_t{0};

} // namespace kiln
