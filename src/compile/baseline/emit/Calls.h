// Calls (System V x86-64): of functions, of the library, of kernels.
//
// The order at a call: save what must be saved, take stack and write stack arguments, move register arguments all at
// once, extend what the callee expects extended, call, give the stack back, take the results, bring back what was
// saved. The target of an indirect call waits in R10, which moves do not use.
//
//   Calls.cpp          calls of functions, inline assembly
//   TailCalls.cpp      calls that are jumps
//   LibraryCalls.cpp   the library's functions and kernels (Kernels.h) as code of instructions
#pragma once

#include "compile/baseline/emit/Convention.h"

namespace kiln::baseline {

class Calls final : Convention {
public:
  explicit Calls(Emission& emission) : Convention(emission) {}

  /// A call or an invoke.
  void emit(const llvm::CallBase& call);

  struct Library {
    std::int32_t slot = 0; ///< a slot of the frame, passed by its address as a further argument
    unsigned lastBits = 0; ///< the last argument is an integer of so many bits, and is to be extended with zeros
    bool isSigned = false; ///< integers of more than 64 bits are sign-extended to 128
  };
  /// Calls a library function with operands that are integers, pointers or scalars of floating point, and takes its
  /// result, which is of the current instruction's type, or the first part of that. Refuses if there is none of that
  /// name.
  void callLibrary(const char* name, llvm::ArrayRef<const llvm::Value*> arguments, Library extra = {0, 0, false});
  /// An intrinsic on floating point that is a library function, in the format of its first argument. False if it is
  /// none.
  bool callMathematics(const llvm::IntrinsicInst& intrinsic);
  /// False if the instruction has no kernel.
  bool callKernel(const llvm::Instruction& instruction);

  // For calls made by hand: saves caller-saved registers that live across the current instruction, and brings them
  // back.
  void saveAround();
  void restoreAround() { restore(saved_); }
  void restore(llvm::ArrayRef<std::uint32_t> parts);
  void callAddress(RuntimeAddress address);

private:
  // Calls.cpp
  struct Callee {
    enum class Kind : std::uint8_t { Slot, External, Register } kind = Kind::Slot; ///< Register: R10
    std::uint32_t id = 0;
  };
  const CallShape& shapeOf(const llvm::CallBase& call);
  void emitPlain(const llvm::CallBase& call);
  void emitAssembly(const llvm::CallBase& call);
  void takeStack(const CallShape& shape);
  void giveStackBack();
  void writeStackArguments(const llvm::CallBase& call, const CallShape& shape, const Mem& area);
  void writeStackPart(const llvm::Value* value, unsigned part, const Part& form, const Move& move, const Mem& to);
  void copyToStack(const StackCopy& copy, const llvm::Value* pointer);
  void moveRegisterArguments(const llvm::CallBase& call, const CallShape& shape);
  void extend(Gp reg, const Move& move);
  Callee calleeOf(const llvm::CallBase& call);
  /// The callee as an operand of a call or a jump.
  asmjit::Operand targetOf(const Callee& callee);
  void perform(const asmjit::Operand& target);
  void takeResults(const llvm::CallBase& call, const CallShape& shape, std::int32_t memory);
  void takeParts(std::uint32_t number, llvm::Type* type, const CallShape& shape);

  // TailCalls.cpp
  void emitTailJump(const llvm::CallBase& call);

  // LibraryCalls.cpp
  std::int32_t pushX87(llvm::ArrayRef<const llvm::Value*> arguments);
  void moveLibraryArguments(llvm::ArrayRef<const llvm::Value*> arguments, const Library& extra);
  void takeLibraryResult();
  void storeParts(std::int32_t to, const llvm::Value* value);
  void takeKernelResults(const llvm::Instruction& instruction);

  llvm::SmallVector<std::uint32_t, 8> saved_; ///< parts saved around the current call
  std::uint32_t stack_ = 0;                   ///< bytes of stack arguments, while they are on the stack
  std::int32_t kernelFrame_ = 0;
};

} // namespace kiln::baseline
