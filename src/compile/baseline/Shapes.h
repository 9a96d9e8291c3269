// Questions about single instructions that the plan and the emitter must answer alike.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <optional>

#include "flow/Shapes.h"

namespace kiln::baseline {

/// Of integers of exact width nothing is known of the bits above, as with pointers and unlike others, which have zeros there.
using flow::isExactWidth;
/// Bits of an integer or a pointer.
inline unsigned bitsOf(const llvm::Type* type) { return type->isPointerTy() ? 64 : type->getIntegerBitWidth(); }
/// An integer of up to 64 bits, or a pointer.
inline bool isOneGpr(const llvm::Type* type) {
  return type->isPointerTy() || (type->isIntegerTy() && type->getIntegerBitWidth() <= 64);
}
/// An integer in two registers.
inline bool isWide(const llvm::Type* type) { return type->isIntegerTy() && type->getIntegerBitWidth() > 64; }
inline bool isOneXmm(const llvm::Type* type) { return type->isFloatTy() || type->isDoubleTy(); }
inline bool isScale(std::uint64_t scale) { return scale == 1 || scale == 2 || scale == 4 || scale == 8; }
inline bool isInt32(std::int64_t value) { return value == static_cast<std::int32_t>(value); }

/// What decides whether some intrinsics are instructions or functions of the library.
struct Machine {
  bool rounds = false; ///< SSE4.1: roundsd
  bool fuses = false;  ///< FMA
};
/// Whether the instruction's code calls something that keeps only callee-saved registers, and comes back.
bool isCall(const llvm::Instruction& instruction, Machine machine);
/// Whether the call, the last instruction of its function, can be a jump: everything it passes and returns is in registers, and it
/// is marked to need nothing of the frame.
bool isTailJump(const llvm::CallBase& call);
/// Bytes up to which memory is copied or set in place, and up to which it is moved so.
inline constexpr std::uint64_t kInlineBytes = 128, kInlineMoveBytes = 32;
/// An intrinsic that tells about the function's own frame.
bool seesFrame(const llvm::IntrinsicInst& intrinsic);
/// Of what an atomic load, store, exchange or read-modify-write operation accesses.
const llvm::Type* accessedType(const llvm::Instruction& access);
/// Whether the instruction's code needs a frame, though it may hold nothing of the plan's.
bool needsFrame(const llvm::Instruction& instruction);
/// An intrinsic that is no code.
bool isNothing(const llvm::IntrinsicInst& intrinsic);
/// The sign extension that a load does by itself, or null.
const llvm::SExtInst* extensionOf(const llvm::LoadInst& load);
/// Whether the code for the instruction leaves zeros above its type, an integer of exact width.
bool writesClean(const llvm::Instruction& instruction);
/// Whether a comparison of floating point is made with its operands exchanged: `ucomisd` tells "above" from "unordered", but
/// not "below".
bool comparesSwapped(llvm::CmpInst::Predicate predicate);
/// A comparison that is part of the branch at the end of its block, or of a select there.
bool isFoldableCompare(const llvm::Instruction& instruction);
/// An `and` that is only compared with zero, by a comparison that is folded.
bool isBitTest(const llvm::Instruction& instruction);
/// Whether the second part of an instruction's result, a flag, is only branched on at the end of the block and nothing in between
/// changes the processor's flags: it is no value of its own then.
bool keepsFlag(const llvm::Instruction& producer);
/// The extraction of such a flag.
bool isFlag(const llvm::Value& value);
/// A load that its user, arithmetic or a folded comparison, can have as its operand in memory: which operand. Nothing is
/// written between the two.
std::optional<unsigned> loadingOperand(const llvm::LoadInst& load);
/// An x87 number that is computed when its only user, in its block, asks for it, or loaded for each of a few: it needs no slot.
/// Nothing is written in between.
bool isX87Operand(const llvm::Instruction& instruction);
/// Arithmetic on a loaded value whose result goes back to where it was loaded, and nowhere else: the load, or null.
const llvm::LoadInst* updatedLoad(const llvm::Instruction& arithmetic);
/// Whether the instruction does nothing with the address but access memory there.
bool accessesOnly(const llvm::Instruction& instruction, const llvm::Value* address);
/// An alloca whose room is part of the frame.
bool isFrameVariable(const llvm::AllocaInst& variable);
/// Whether the instruction's code may write its result before all operands were read.
bool writesEarly(const llvm::Instruction& instruction);

} // namespace kiln::baseline
