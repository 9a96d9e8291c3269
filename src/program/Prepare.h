// The prepared form of a function: one deterministic clean-up, the same in every tier and world, so that blocks and
// values have the same numbers everywhere. It is cheap on purpose; optimising is the compilers' work.
#pragma once

namespace llvm {
class BasicBlock;
class Constant;
class Function;
class Type;
} // namespace llvm

namespace kiln {

class DebugLines;

/// Drops debug information, with `lines` all but those, and the attributes by which an unoptimised build forbids optimisation, turns computed gotos
/// into switches over label numbers, removes unreachable blocks, promotes allocas to SSA values, removes what has neither
/// effect nor use.
///
/// Label numbers replace block addresses because a label may outlive a call in memory while the function changes its
/// tier, and with it its code.
void prepareFunction(llvm::Function& function, DebugLines* lines = nullptr);

/// The number that stands for the address of a block in the unprepared function: its position, from 1.
unsigned labelNumber(const llvm::BasicBlock& block);

/// The constant that stands in prepared functions for the address of the block with this number.
llvm::Constant* labelConstant(llvm::Type* type, unsigned number);

} // namespace kiln
