// Going on in the middle of a function: what an exit of compiled code calls.
//
// For the interpreter this is a function of its own, `T f.resume(ptr state)`, made from the prepared function:
//
//   entry ── switch state[0] ──> for each place: load its live values (transition/FrameState.h) ──> the instruction
//
// Word 0 of the state is the place, the value number of the instruction to go on at, which was not executed yet; behind
// it are the words of the values that are live there. The state and the addresses in it stay good until the function
// returns, for the old frame waits for it.
//
// Several entries make loops irreducible. So that the function's loops are still loops, whatever the entries, blocks
// lie in the order of the prepared function's reverse post-order (each split block's rest right behind it), in which
// jumps back lead to the headers that the prepared function has, and every value that is live into a header has a phi
// there. Whoever takes the blocks in the order in which they lie finds definitions before their uses, and at each
// header the values that a continuation of the prepared function wants.
//
// The function is put into the prepared one's module, for as long as its decoding takes; drop() takes it away.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "transition/FrameState.h"

namespace kiln {

/// A header of the prepared function in the one that resumes it.
struct ResumeHeader {
  const llvm::BasicBlock* block = nullptr;
  std::uint32_t number = 0; ///< of the prepared function's block
  /// By value number of the prepared function: what is live into the header, where it is known here.
  std::vector<std::pair<std::uint32_t, llvm::Value*>> values;
};

struct Resume {
  llvm::Function* function = nullptr;
  std::vector<ResumeHeader> headers;
  void drop();
};

/// Why no activation of this function can be resumed, wherever; nothing if it can.
std::optional<std::string> cannotResume(const llvm::Function& prepared);
/// Whether an activation can stand in front of this instruction.
bool isPlace(const llvm::Instruction& instruction);

/// `places` are value numbers of instructions. The prepared function stays as it is.
std::expected<Resume, std::string> makeResume(llvm::Function& prepared, std::span<const std::uint32_t> places);

/// The same with one entry, the start of a loop header, for an activation that goes down: the state is that of a continuation
/// (liveInto()), without a place in front.
std::expected<Resume, std::string> makeResumeAtLoop(llvm::Function& prepared, std::uint32_t block);

} // namespace kiln
