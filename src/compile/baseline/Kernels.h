// Operations that are too rare or too long to be code in place: C++ functions over operands in memory.
//
// A kernel gets the addresses of its operands, vectors packed as in memory or integers of 128 bits, and writes its result. It
// works on all 16 bytes of a vector, whatever the lanes beyond its length hold.
#pragma once

#include <llvm/IR/Instructions.h>

#include <cstdint>

namespace kiln::baseline {

/// What a kernel reads and writes, one field every 16 bytes.
struct KernelFrame {
  alignas(16) std::uint8_t operands[3][16];
  alignas(16) std::uint8_t results[2][16]; ///< the second is the flag or mask of arithmetic with overflow
};
using Kernel = void (*)(KernelFrame* frame, std::uint64_t width);

/// The kernel of an instruction whose code is one; null if it has none. `width` is what it is called with.
Kernel kernelOf(const llvm::Instruction& instruction, std::uint64_t& width);

} // namespace kiln::baseline
