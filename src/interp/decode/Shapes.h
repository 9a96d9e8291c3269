// Questions about single instructions that both halves of decoding ask.
#pragma once

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <optional>

#include "flow/Shapes.h"
#include "interp/decode/Layout.h"

namespace kiln::interp {

using flow::isExactWidth;

inline Width widthOf(unsigned bits) { return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3; }
/// The width in which a handler works on integers of the type: its own, or 64 bits.
inline Width widthOf(const llvm::Type* type) { return type->isIntegerTy() ? widthOf(type->getIntegerBitWidth()) : 3; }

/// Words of integers of other widths have zeros above, always.
inline bool isAlwaysClean(const llvm::Type* type) {
  return type->isIntegerTy() && !isExactWidth(type->getIntegerBitWidth());
}
/// Whether the op for the instruction leaves zeros above its type.
bool writesClean(const llvm::Instruction& instruction);

/// The first word of an element within a struct or array, by indices.
std::uint32_t wordAt(llvm::Type* type, llvm::ArrayRef<unsigned> indices);
/// A value that consists of words of another one.
struct SameWords {
  const llvm::Value* value = nullptr;
  std::uint32_t word = 0;
  bool needsClean = false; ///< only if that value's word has zeros above; then this one's has, too
  bool keepsClean = false;
};
/// Whether sameWords() has to be asked.
inline bool mayHaveSameWords(const llvm::Instruction& instruction) {
  return instruction.isCast() || llvm::isa<llvm::CallInst, llvm::ExtractValueInst, llvm::ExtractElementInst, llvm::FreezeInst>(instruction);
}
std::optional<SameWords> sameWords(const llvm::Instruction& instruction);

/// The sign extension that a load does by itself, or null.
const llvm::SExtInst* extensionOf(const llvm::LoadInst& load);
/// An `and` with a constant that is only compared with zero, for a branch.
bool isBitTest(const llvm::Instruction& instruction);
/// Whether one op can compute the address or access memory there.
bool isOneOp(const AddressParts& parts);
/// Whether the instruction is a plain load or store at this address (and does not store the address).
bool accessesOnly(const llvm::Instruction& instruction, const llvm::Value* address);
/// The operand of `user` that the load is, if an op for `user` can do the load: arithmetic with it, or a comparison with a
/// constant for a branch. Nothing may be written between the two.
std::optional<unsigned> loadingOperand(const llvm::LoadInst& load);
/// Arithmetic on a loaded value whose result goes back to where it was loaded, and nowhere else: the load, or null. One op can
/// do all three.
const llvm::LoadInst* updatedLoad(const llvm::Instruction& arithmetic);
/// A product that is only added to something, or subtracted: both can be one op that rounds twice.
bool isProductOfSum(const llvm::Instruction& instruction);
/// A product with a constant that is only the addend of an fmuladd.
bool isScaledAddend(const llvm::Instruction& instruction);
/// Arithmetic with a constant that is the operand of other arithmetic and nothing else: both can be one op.
bool isChained(const llvm::Instruction& instruction);
/// The op's kind of a binary operator on integers.
IntOp intOpOf(unsigned opcode);
FloatOp floatOpOf(unsigned opcode);
/// A comparison that is part of the branch at the end of its block.
bool isFoldableCompare(const llvm::Instruction& instruction);
/// Whether the instruction's ops may write its result before all operands were read. Of address computations: unless isOneOp().
bool takesSteps(const llvm::Instruction& instruction);

} // namespace kiln::interp
