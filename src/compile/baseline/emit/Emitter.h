// The emission pass of the baseline compiler: from instructions to machine code, block after block in layout order.
//
// Where values are was decided by the plan. Each instruction reads its operands where they are, as registers, as memory
// operands or as constants, and writes its result where the plan has put it; in between it has a few registers to work
// in (Family.h). The emitter walks over the instructions and gives each to the family that makes its code. An
// instruction that cannot be compiled is refused by throwing flow::Refused; nothing leaves compile().
#pragma once

#include "compile/baseline/emit/Aggregates.h"
#include "compile/baseline/emit/Atomics.h"
#include "compile/baseline/emit/Blocks.h"
#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Control.h"
#include "compile/baseline/emit/Counts.h"
#include "compile/baseline/emit/Exceptions.h"
#include "compile/baseline/emit/Floats.h"
#include "compile/baseline/emit/Frame.h"
#include "compile/baseline/emit/Integers.h"
#include "compile/baseline/emit/Intrinsics.h"
#include "compile/baseline/emit/Loops.h"
#include "compile/baseline/emit/Memory.h"
#include "compile/baseline/emit/Signature.h"
#include "compile/baseline/emit/Vectors.h"
#include "compile/baseline/emit/WideIntegers.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {

class Emitter {
public:
  Emitter(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
          const EmitOptions& options);
  std::expected<std::unique_ptr<Code>, Refusal> run();

private:
  [[noreturn]] void refuse(std::string reason);
  void plan();
  void emit();
  void emitEntry();
  void emitBlock(std::uint32_t place);
  void emitInstruction(const llvm::Instruction& instruction);
  void emitByType(const llvm::Instruction& instruction, const llvm::Type* type);
  void emitCast(const llvm::Instruction& cast);
  void emitCold();
  void finish();

  Emission emission_;

  // Values
  Integers integers_;     ///< up to 64 bits, and pointers
  WideIntegers wide_;     ///< 65 to 128 bits
  Floats floats_;         ///< float and double
  X87 x87_;               ///< x86_fp80
  Vectors vectors_;       ///< up to 128 bits
  Aggregates aggregates_; ///< structs and arrays
  Conditions conditions_; ///< flags and what is made of them

  // Memory
  Memory memory_;   ///< loads, stores, variables, addresses
  Atomics atomics_; ///< atomic operations, fences
  Blocks blocks_;   ///< copies and fills

  // Ways through the function, and out of it
  Frame frame_;           ///< made and left
  Signature signature_;   ///< the function's own arguments and result
  Control control_;       ///< branches, switches, edges
  Calls calls_;           ///< of functions, the library, kernels
  Exceptions exceptions_; ///< invokes and their landings
  Intrinsics intrinsics_; ///< those that no other family takes
  Counts counts_;         ///< the entry's budget, the profile
  Loops loops_;           ///< budgets of loops, and the ways out and in there
};

} // namespace kiln::baseline
