// Calls that are the last thing a function does, as jumps: those that must be (musttail), and those marked to need
// nothing of the frame whose arguments and result are all in registers (isTailJump()).
#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Counts.h"
#include "compile/baseline/emit/Frame.h"
#include "compile/baseline/emit/Signature.h"

namespace kiln::baseline {

/// A jump: the callee gets the frame's place on the stack and returns to this function's caller. Its stack arguments go
/// where this function's own came from, which have all left for their places.
void Calls::emitTailJump(const llvm::CallBase& call) {
  const CallShape& shape = shapeOf(call);
  if (shape.variadic)
    refuse("musttail call of a variadic function");
  if (!shape.copies.empty() || !e_.shape->copies.empty())
    refuse("musttail call with arguments that are copied");
  if (shape.stackBytes > (e_.options.loop != kNone ? 0 : e_.shape->stackBytes))
    refuse("musttail call with more arguments on the stack than its caller has");
  families_.counts.recordCompareSize(call);
  writeStackArguments(call, shape, frame(16));
  const Callee callee = calleeOf(call);
  moveRegisterArguments(call, shape);
  if (shape.demoted)
    a_.mov(x86::rdi, frame(families_.signature.resultAddressSlot()));
  families_.frame.leave();
  a_.emit(x86::Inst::kIdJmp, targetOf(callee));
  families_.frame.left();
}

} // namespace kiln::baseline
