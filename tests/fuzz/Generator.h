// Well-defined LLVM IR out of bytes: the same bytes give the same module, and no run of it depends on anything that
// LLVM leaves open. So when two ways of running it differ, one of them is wrong.
//
// What keeps a program defined is made so that it holds whatever the values are: a shift amount is masked where it is
// used, a divisor is made one that may divide, an index is masked to the size of what it indexes, loops count down,
// calls use up a store of fuel, floats of unknown bits lose their NaN payload. Instructions of that kind carry the
// metadata `!keep`: a reducer that lets them stand may replace everything else by any constant, and the program stays
// defined.
//
// The entry is `i64 run(i64, i64)`. Variables that it may be judged by are global and have no pointers in them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace kiln::fuzz {

/// Never null; verified by LLVM's verifier in the tests, not here.
std::unique_ptr<llvm::Module> generate(llvm::LLVMContext& context, std::span<const std::uint8_t> bytes);

/// Names that a generated module expects its host to define.
inline constexpr const char* kThrowName = "kiln_fuzz_throw"; ///< void (i64): throws a long, or an int when bit 0 is set
inline constexpr const char* kHostMixName = "kiln_fuzz_mix"; ///< i64 (i64, double, i32): arithmetic outside the program
inline constexpr const char* kEntryName = "run";
inline constexpr const char* kFuelName = "fuel"; ///< a variable that functions count down
inline constexpr const char* kKeepName = "keep";

} // namespace kiln::fuzz
