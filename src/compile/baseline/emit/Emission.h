// What the families of instructions share while a function's code is made.
//
// One object a function. Emitter makes it and moves it from instruction to instruction; everybody else sees it through
// Family.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instructions.h>

#include <memory>

#include "compile/baseline/Compile.h"
#include "compile/baseline/emit/ConstantPool.h"
#include "compile/baseline/emit/Registers.h"

namespace kiln::baseline {

class Aggregates;
class Atomics;
class Blocks;
class Calls;
class Conditions;
class Control;
class Counts;
class Exceptions;
class Floats;
class Frame;
class Integers;
class Intrinsics;
class Loops;
class Memory;
class Signature;
class Vectors;
class WideIntegers;
class X87;

/// The families, for those who need another one's help; its header says with what. Emitter.h tells who does what.
struct Families {
  Aggregates& aggregates;
  Atomics& atomics;
  Blocks& blocks;
  Calls& calls;
  Conditions& conditions;
  Control& control;
  Counts& counts;
  Exceptions& exceptions;
  Floats& floats;
  Frame& frame;
  Integers& integers;
  Intrinsics& intrinsics;
  Loops& loops;
  Memory& memory;
  Signature& signature;
  Vectors& vectors;
  WideIntegers& wide;
  X87& x87;
};

/// Moves that are to be made at once (Moves.cpp).
struct PendingMoves {
  struct Move {
    Location to, from;
    std::uint8_t bytes = 8;
  };
  struct Constant {
    Location to;
    const llvm::Value* value; ///< a constant, or the address of a frame variable
    unsigned part;
    std::uint8_t bytes = 8;
  };
  llvm::SmallVector<Move, 16> moves;
  llvm::SmallVector<Constant, 8> constants;
};

/// What code made with these settings may use.
asmjit::CpuFeatures featuresOf(const Baseline::Settings& settings);

struct Emission {
  Emission(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
           const EmitOptions& options, const Families& families);
  Machine machine() const { return {features.x86().hasSSE4_1(), features.x86().hasFMA() && hasAvx}; }

  /// What follows is code of this instruction, null: of none, as the source has it.
  void comesFrom(const llvm::Instruction* instruction) {
    if (options.settings.lines)
      out->sourcePlaces.emplace_back(assembler.here(), instruction ? instruction->getDebugLoc().get() : nullptr);
  }

  const llvm::Function& function;
  const llvm::DataLayout& data;
  Environment& environment;
  CallShapes& shapes;
  Plan& plan;
  const EmitOptions& options;
  const Families families;
  const asmjit::CpuFeatures features; ///< that the code may use
  const bool hasAvx;
  const CallShape* shape = nullptr;   ///< of the function itself

  std::unique_ptr<Code> out;
  asmjit::CodeHolder holder;
  Assembler assembler;
  ConstantPool pool;
  PendingMoves pending;

  // The instruction at hand; none behind all blocks.
  const llvm::Instruction* current = nullptr;
  std::uint32_t number = kNone;
  std::uint32_t position = 0;
};

} // namespace kiln::baseline
