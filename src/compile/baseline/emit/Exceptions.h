// Invokes, landing pads, resume.
//
// An invoke is a call whose code has an entry in the table of call sites. The personality enters the frame again where
// the landing is: behind all blocks, with callee-saved registers and RSP as they were at the call, the exception in RAX
// and the selector in EDX. What was saved around the call is brought back there, and the block of the landing pad goes
// on as after any other edge.
//
// Source: Itanium C++ ABI, Exception Handling, 1.6 and 2.4.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Exceptions final : Family {
public:
  using Family::Family;

  void emitInvoke(const llvm::InvokeInst& invoke);
  void emitResume(const llvm::ResumeInst& resume);
  bool emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  /// The call that began at this offset has been made, with these parts saved and so many bytes of arguments on the
  /// stack. Notes it if it is an invoke's.
  void called(std::uint32_t begin, llvm::ArrayRef<std::uint32_t> saved, std::uint32_t stack) {
    if (invoke_)
      noteCall(begin, saved, stack);
  }
  /// Behind all blocks.
  void emitLandings();

private:
  /// Where exceptions of an invoke, or of several alike, enter the code.
  struct Landing {
    const llvm::InvokeInst* invoke;
    llvm::SmallVector<std::uint32_t, 4> saved; ///< parts to bring back
    std::uint32_t stack;                       ///< bytes of arguments that are on the stack
  };
  /// What is known of a landing pad by its block.
  struct Pad {
    std::uint32_t site;         ///< in Code::landings
    std::uint32_t last = kNone; ///< the last landing that leads there
  };
  void noteCall(std::uint32_t begin, llvm::ArrayRef<std::uint32_t> saved, std::uint32_t stack);
  std::uint32_t landing(Pad& pad, llvm::ArrayRef<std::uint32_t> saved, std::uint32_t stack);
  void emitLanding(const Landing& landing);
  Reference referenceTo(const llvm::Constant* constant);
  std::uint32_t indexOfType(const llvm::Constant* type);

  const llvm::InvokeInst* invoke_ = nullptr; ///< while it is emitted
  std::vector<Landing> landings_;
  llvm::DenseMap<const llvm::BasicBlock*, Pad> pads_;
};

} // namespace kiln::baseline
