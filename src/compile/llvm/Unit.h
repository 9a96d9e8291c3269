// A compile unit: one function and what LLVM may want to see around it, as a module of its own.
//
// Contents: the function's body; declarations of everything it names; at the optimising tiers available-externally
// copies of callees and of constants, which LLVM may inline or fold but never emits. Things of the program keep names
// that LLVM knows (memset inside memset must stay what it is) until finishUnit() renames them for the linker.
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "function/FunctionRecord.h"
#include "kiln/Error.h"
#include "kiln/Ladder.h"
#include "profile/ProfileSource.h"
#include "program/ProgramMap.h"
#include "program/World.h"
#include "transition/Assumption.h"

namespace kiln {

/// A value of a function's body that has been one constant so far.
struct KnownValue {
  std::uint32_t argument = 0;      ///< of the whole function
  llvm::Value* value = nullptr;    ///< the argument; in a continuation, what comes in its place from the state
  llvm::Constant* constant = nullptr;
  std::uint64_t number = 0;        ///< by which an assumption names it, the same in each run
};

/// A callee that came along.
struct KnownCallee {
  llvm::Function* copy = nullptr;
  std::uint32_t id = 0;
  std::vector<KnownValue> known;
};

struct Unit {
  std::unique_ptr<llvm::Module> module;
  llvm::Function* function = nullptr;
  std::uint32_t id = 0;
  std::string readable;         ///< the function's name
  std::uint32_t loop = kNoLoop; ///< set when `function` is the continuation at this loop
  /// What is known of the function, if it is compiled with a profile and that has it.
  std::optional<FunctionProfile> profile;
  /// How the program's counts are distributed, if the unit has a profile of any function in it.
  std::optional<CountSummary> counts;
  /// Arguments of the function that always had one value, if it is compiled with a profile.
  std::vector<KnownValue> known;
  std::vector<KnownCallee> callees; ///< those with a profile
  llvm::Function* again = nullptr;  ///< a copy of the function that may be inlined into it, in the place of calls of itself
  bool anyConstant = false;         ///< guard them, worth it or not
  /// What its guards assume, in the order of their cells.
  std::vector<GuardInfo> guards;
  /// What the names in `module` stand for; a name that is not here was made by LLVM.
  llvm::StringMap<SymbolRef> names;
};

/// What the code of a unit does that matters to those who free code (function/Retirement.h).
struct Footing {
  bool lasting = false;        ///< its addresses may be kept where stacks do not show them
  bool switchesStacks = false; ///< it may set the stack pointer to another stack
};

/// How much a unit takes along for inlining. Sizes in IR instructions of the prepared callee.
struct ImportLimits {
  bool constants = false;  ///< initialisers of constant variables
  unsigned calleeSize = 0; ///< largest callee; 0: only those that must be inlined
  unsigned totalSize = 0;
  unsigned depth = 0;      ///< calls away from the function
};
ImportLimits importLimits(Tier tier);

/// Builds the unit of function `id` from this world, with a profile if there is one. If it may guess, what
/// arguments always were is in `known`. Fails with the errors of reading a
/// body.
Result<Unit> extractUnit(World& world, const ProgramMap& map, const WorldSymbols& symbols, std::uint32_t id,
                         const ImportLimits& limits, const ProfileSource* profile = nullptr,
                         const Speculation* speculation = nullptr);

} // namespace kiln
