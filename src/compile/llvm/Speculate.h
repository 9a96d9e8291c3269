// Guards with exits: what the profile says never happens is left out of the code; should it happen, the interpreter
// goes on (transition/Resume.h).
//
// In two steps, with makeContinuation() between them:
//
//   placeExits()  on the bodies as they were prepared and annotated, where values have their numbers. The edge that is never
//                 taken leads to a new block with one call, the *marker*, whose arguments are the live values, and a return
//                 of what that gives. Markers are ordinary calls: whatever happens to the values happens to them.
//   lowerExits()  makes of each marker: the live values stored to the state buffer of the function (an alloca), a call of
//                 the runtime with the site's cell, a call of the address that this gives.
//
// An exit stands in front of the instruction that is guarded, which is executed again. So a guard may fail for no
// reason, and nothing is lost but time: this is what `everywhere` does.
//
// Which edges are worth it: the cold side does what keeps LLVM from something on the warm side it merges into (calls
// and stores, which loads cannot be moved across). A branch in an innermost loop that could be if-converted stays: a
// loop with another exit cannot be vectorised. Allocas that escape nowhere but into a state are copied into it, so that
// they can still be taken apart; where that cannot be, there is no guard. Nor in callees that get the address of such a
// variable.
#pragma once

#include "compile/llvm/Unit.h"

namespace kiln {

void placeExits(Unit& unit, const Speculation& speculation);
void lowerExits(Unit& unit);

} // namespace kiln
