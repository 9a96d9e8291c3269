// A loop header of installed baseline code, where an activation may move into better code (on-stack replacement).
//
// The code counts arrivals down; when the budget is spent it calls kiln_baseline_loop with the record. That asks for a
// continuation, and if there is one, writes the state that it takes (transition/FrameState.h) from the registers and the
// frame, calls it, and leaves the frame with its result. What the state consists of is found out at the first transfer, from
// the function's IR and the places that the plan gave its values.
//
// Records stay when the code is freed (function/Retirement.h): an activation that left it through one comes back, and while
// it is on its way the code is not freed. The recipe is set once, under the foreground lock, release; running activations read it.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

class Baseline;

struct LoopRecord {
  std::uintptr_t leave = 0; ///< Loop.S reads it
  Baseline* owner = nullptr;
  const Code* code = nullptr;
  std::uint32_t block = 0;       ///< number of the header's block
  std::uint64_t arrivals = 0;    ///< when every one is looked at (--osr-at)
  std::atomic<const std::vector<StateWord>*> recipe{nullptr};
  std::atomic<bool> impossible{false};
};

/// The registers that Loop.S has saved, by their numbers in Place.
struct SavedRegisters {
  std::uint64_t gpr[16];
  std::uint64_t xmm[16][2];
};

} // namespace kiln::baseline

extern "C" {
/// Entered by a call from baseline code, with R11 = LoopRecord*. Not callable from C++.
void kiln_baseline_loop();
}
