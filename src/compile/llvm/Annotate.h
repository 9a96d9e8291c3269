// The profile in LLVM's own words, on which LLVM's passes and code generator act: branch weights, entry counts, value
// profiles, and a summary of the program's counts by which they tell hot from cold.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Module.h>

#include <functional>

#include "profile/CountSummary.h"
#include "profile/Profile.h"

namespace kiln {

/// A call's target as a function of the module, or null. `sum`: of the call's counts.
using FindTarget = std::function<llvm::Function*(llvm::CallBase& call, const TargetCount& target, std::uint64_t sum)>;

/// Puts a function's profile on its body, a fresh copy of the prepared one. False, with the body as it was, if the
/// profile is of another body.
///
/// A place that was never reached keeps what the bitcode says of it. A branch that always went one way gets the weight
/// 0 for the other, once it was seen often enough. But the way out of a loop gets 1, for that nobody came there may
/// only mean that the loop has not ended yet; and a way to a loop that never ran gets a share.
bool annotateFunction(llvm::Function& body, const FunctionProfile& profile, const FindTarget& findTarget);

/// Tells LLVM how the program's counts are distributed, so that hot and cold mean the same in each of its modules.
void annotateProgram(llvm::Module& module, const CountSummary& summary);

/// The function that a module is made for is about to be compiled because it is hot, however often it was entered. With
/// an entry count well above the program's cold ones, code behind a loop that still runs is not taken for cold.
void annotateRoot(llvm::Function& root, std::uint64_t entries, const CountSummary& summary);

/// Of the sum's counts; what is below was never worth a thought.
inline constexpr std::uint32_t kHotMillionths = 990'000, kColdMillionths = 999'999;

} // namespace kiln
