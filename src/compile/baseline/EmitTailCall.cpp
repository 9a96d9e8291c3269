// Calls that are the last thing a function does, as jumps: those that must be (musttail), and those marked to need
// nothing of the frame whose arguments and result are all in registers (isTailJump()).
#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

/// A jump: the callee gets the frame's place on the stack and returns to this function's caller. Its stack arguments go
/// where this function's own came from, which have all left for their places.
void Emitter::emitTailJump(const llvm::CallBase& call) {
  const CallShape& shape = shapeOf(call);
  if (shape.variadic)
    refuse("musttail call of a variadic function");
  if (!shape.copies.empty() || !shape_->copies.empty())
    refuse("musttail call with arguments that are copied");
  if (shape.stackBytes > (options_.loop != kNone ? 0 : shape_->stackBytes))
    refuse("musttail call with more arguments on the stack than its caller has");
  if (records(Baseline::Sizes))
    recordCompareSize(call);
  writeStackArguments(call, shape, frame(16));
  CallTarget target = targetOf(call);
  moveRegisterArguments(call, shape);
  if (shape.demoted)
    a_.mov(x86::rdi, frame(hiddenSlot_));
  leaveFrame();
  switch (target.kind) {
  case CallTarget::Kind::Slot:
    a_.jmp(a_.outside(Target::Slot, target.id));
    break;
  case CallTarget::Kind::External:
    a_.jmp(addressConstant(Target::External, target.id, 0));
    break;
  case CallTarget::Kind::Runtime:
    a_.jmp(addressConstant(Target::Runtime, target.id, 0));
    break;
  case CallTarget::Kind::Register:
    a_.jmp(x86::r10);
    break;
  }
  leftFrame();
}

} // namespace kiln::baseline
