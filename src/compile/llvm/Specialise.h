// Code for the arguments that a function always had, behind a guard, with code for all others beside it.
//
//   root        f(n):  n == 8 ? body with n = 8 : f.generic(n)       f.generic: the body as it was, in the same unit
//   continuation the same, with n a live value of the state
//   callee      copy of g for inlining:  n == 8 ? body : g(n) through its slot, where all its code is
//
// A guard that fails costs a comparison, a counter and a jump: the generic body is compiled as well as the other. It is
// not inlined, so that it takes nothing from the special one. Where the function calls itself with the same values,
// those calls go to the special body directly and pass no guard.
//
// Which arguments: those that would fold or bound something (worthKnowing()), at most so many, in functions of a
// bounded size. Constants are numbers, null, and functions and constant variables of the program *by name*: a number
// that means an address in this run never gets into code that a later run may use.
//
// Each guarded argument is a site with a cell (transition/Assumption.h) that counts how often it had another value.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/Constant.h>
#include <llvm/IR/Function.h>

#include <cstdint>
#include <vector>

#include "compile/llvm/Unit.h"

namespace kiln {

/// More arguments would be more comparisons than most functions are worth.
inline constexpr std::size_t kMostArguments = 8;

/// Those whose constants save more than a comparison at each entry costs. `body` is a function in which the values are
/// arguments, or words of a state.
std::vector<KnownValue> worthKnowing(llvm::Function& body, llvm::ArrayRef<KnownValue> values);

/// Whether the body may exist twice in a unit, with a frame of its own each.
bool canSpecialise(const llvm::Function& body);

/// The unit's function, whole or a continuation, for those of `unit.known` that are worth it. `selfCalls`: calls of
/// itself may pass by the guard, and with it whatever counts entries.
void specialiseRoot(Unit& unit, bool selfCalls);

/// The copies in the unit that will never be emitted.
void specialiseCallees(Unit& unit);

/// Marks functions that belong to a unit's code besides its own function: no part of a coroutine (footingOf()).
inline constexpr const char* kPartOfUnit = "kiln-part";

} // namespace kiln
