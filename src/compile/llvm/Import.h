// Which callees come along in a unit: those whose calls are hot first, as far as a budget goes that grows with the
// heat.
//
// With a profile the budget is spent by call and not by callee: LLVM inlines a callee at each call that is hot, and knows no
// bound for the sum. Calls of a callee that is there, for which nothing is left, are marked noinline. (An interpreter's main
// function, which calls the same few helpers at a hundred places, had grown threefold, and took 6 s to compile.)
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/InstrTypes.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/llvm/Unit.h"

namespace kiln {

/// A function that an indirect call may be guessed to go to.
struct GuessedTarget {
  llvm::CallBase* call = nullptr;
  llvm::Function* target = nullptr;
  double share = 0; ///< of the call's executions
};

/// A callee that may come along, for one of its calls.
struct ImportCandidate {
  llvm::Function* callee = nullptr; ///< a declaration in the unit, or meanwhile a copy; or the unit's function itself
  unsigned depth = 0;               ///< calls away from the unit's function
  double heat = 0;                  ///< calls for each entry of the unit's function
  unsigned order = 0;               ///< of being found
  llvm::CallBase* call = nullptr;   ///< null for a guessed target
};

/// The candidates of one unit. Without a profile, in the order of being found: calls of the function itself, then those
/// of its callees. With one, the hottest first.
class ImportQueue {
public:
  explicit ImportQueue(const ImportLimits& limits) : limits_(limits) {}
  /// From now on there is a profile, with so many entries of the unit's function, which has so many instructions.
  void useProfile(std::uint64_t entries, unsigned size, const CountSummary& counts);

  /// Adds the callees of a body in the unit that is itself `depth` calls away and entered `heat` times for each entry
  /// of the unit's function.
  void addCallees(llvm::Function& body, unsigned depth, double heat, const std::vector<GuessedTarget>& guessed);
  std::optional<ImportCandidate> next();
  /// Whether a callee of unknown size may come along at all, and one of this size.
  bool takes(const ImportCandidate& candidate) const;
  bool takes(const ImportCandidate& candidate, unsigned size) const;
  void took(unsigned size) { size_ += size; }
  /// A further call of a callee that came along: it has its share of the budget, or is not inlined.
  void takeAgain(const ImportCandidate& candidate, unsigned size);

private:
  enum class Heat { Unknown, Never, Rare, Usual, Hot };
  Heat heatOf(const ImportCandidate& candidate) const;
  void add(llvm::Function* callee, unsigned depth, double heat, llvm::CallBase* call);

  const ImportLimits limits_;
  std::optional<double> entries_; ///< set: there is a profile
  double hot_ = 0;                ///< counts from here on are hot in the program
  std::vector<ImportCandidate> candidates_;
  unsigned hotTotal_ = 0;         ///< instructions that hot calls may bring
  unsigned found_ = 0, size_ = 0;
};

} // namespace kiln
