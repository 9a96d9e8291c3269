// What calls and definitions are for the tiers that make code of a function as it is.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/InstrTypes.h>

#include <expected>
#include <optional>
#include <string>

#include "abi/CallShape.h"

namespace kiln::flow {

/// The shape of a function that is to be compiled or decoded, or the reason why it cannot be.
std::expected<const CallShape*, std::string> shapeOfDefinition(CallShapes& shapes, const llvm::Function& function);
/// The shape of a call, or the reason why there can be no such call.
std::expected<const CallShape*, std::string> shapeOfCall(CallShapes& shapes, const llvm::CallBase& call);

/// What is called by its name, or null.
const llvm::GlobalValue* calledGlobal(const llvm::CallBase& call);

/// Inline assembly without instructions is a barrier, or gives its operands back: for each of its results the operand,
/// or null where that is whatever a register held. Nothing for other assembly.
std::optional<llvm::SmallVector<const llvm::Value*, 4>> operandsGivenBack(const llvm::CallBase& assembly);

} // namespace kiln::flow
