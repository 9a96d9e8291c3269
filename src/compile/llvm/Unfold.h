// Loops that go through a constant table become code: interpreters of a fixed program, state machines, rule tables.
//
// Such a loop has a *static* value, a phi of its header that is a constant at the entry and in each round follows from
// its value before and from what the table says there. Where the table decides how a round goes on (a switch over an
// operation), the loop is copied for each value that the phi takes, and in each copy the decision is made:
//
//   at = 0; for (;;) switch (table[at].op) { add: ... ++at; jump: at = table[at].to; stop: return }
//
//   becomes   at_0: add ...  at_1: jump -> at_0 ...           what each entry does, and jumps between them
//
// It is what partial evaluation does to an interpreter (Futamura's first projection), bounded in copies and
// instructions: past the bounds the loop stays as it was.
#pragma once

#include <llvm/IR/Function.h>

namespace kiln {

/// Whether a loop was unfolded: the first, from outside in, for which that is possible.
bool unfoldLoops(llvm::Function& function);

} // namespace kiln
