// What Kiln itself does to a unit before and after LLVM's pipeline.
#pragma once

#include <optional>
#include <string>

#include "compile/Compiler.h"
#include "compile/llvm/Unit.h"

namespace kiln {

/// Right after extraction: makes the unit's function the continuation at a loop header, `T f.osr(ptr state)`. It takes
/// the values live into the header from the state (transition/FrameState.h) and goes on there. What is said of the
/// function itself (calls, its address) still means the whole function. `header`: what became of the
/// block of that number, if the body was changed meanwhile (but not in what is live where).
std::optional<Refusal> makeContinuation(Unit& unit, std::uint32_t loop, llvm::BasicBlock* header = nullptr);

/// Before the pipeline: thread-local variables of the program become offsets into the thread's block.
void lowerThreadLocals(Unit& unit, const ProgramMap& map);

/// Before the pipeline: lets code use every feature of this machine. Functions that pass vectors wider than 128 bits
/// (or masks) keep the program's features: those change how such values are passed, and other tiers call them.
void targetHost(Unit& unit, const std::string& cpu, const std::string& features);

/// After the pipeline and before countUnit(), whose own assembly is harmless.
Footing footingOf(const Unit& unit);
/// The same of assembly at file level.
bool assemblySwitchesStacks(llvm::StringRef assembly);

/// After the pipeline: counts entries and loop back-edges of the unit's function down from its budgets. Loops whose trip
/// count is known at their start are counted there at once, small others in a register that is added when the loop is left,
/// large ones at each back-edge.
void countUnit(Unit& unit, Tier tier);

/// After the pipeline: calls of the program's functions go through their slots, other uses see their stubs; names become
/// those the linker knows. Returns the name of the unit's function.
std::string finishUnit(Unit& unit, Tier tier);

} // namespace kiln
