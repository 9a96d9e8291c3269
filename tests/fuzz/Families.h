// The families of constructs: each makes one of its own at the place where the body is.
#pragma once

#include "Body.h"

namespace kiln::fuzz {

// Values of a type, for the caller to push.
llvm::Value* integerValue(Body& body, llvm::IntegerType* type);
/// Binary operators of integers or vectors of them, with what makes them defined.
llvm::Value* integerBinary(Body& body, llvm::Type* type);
llvm::Value* integerIntrinsic(Body& body, llvm::Type* type);
llvm::Value* floatValue(Body& body, llvm::Type* type);
/// Operators and functions that take a float or a vector of floats alike.
llvm::Value* floatArithmetic(Body& body, llvm::Type* type);
llvm::Value* vectorValue(Body& body, llvm::FixedVectorType* type);
/// i1, or a vector of i1 for a vector type.
llvm::Value* compareOf(Body& body, llvm::Type* type);
llvm::Value* structValue(Body& body, llvm::StructType* type);
/// A float, or a vector of them, that converts to an integer of so many bits.
llvm::Value* convertible(Body& body, llvm::Value* value, unsigned bits, bool isSigned);

// Statements.
void memoryStatement(Body& body);
void atomicStatement(Body& body);
void callStatement(Body& body);
/// Calls every function of the module, so that none is never run.
void callEach(Body& body);
void invokeStatement(Body& body);
void throwStatement(Body& body);
void variadicBody(Body& body);
void branchStatement(Body& body);
void loopStatement(Body& body);
void switchStatement(Body& body);
void irreducibleStatement(Body& body);
void leaveStatement(Body& body);
void trapStatement(Body& body);
void pressureStatement(Body& body);
void pointerLoopStatement(Body& body);
/// Ends the function with a call in place of a return; false when there is nothing to call.
bool tailCall(Body& body);

llvm::Value* loadRaw(Body& body, llvm::Type* type);
llvm::Value* loadTyped(Body& body);

} // namespace kiln::fuzz
