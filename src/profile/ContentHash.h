// The content hash of a function: what a profile (and later a cache) of one run is found by in the next.
//
// It covers what the code of the prepared function can depend on: types by structure, instructions with their flags,
// operands by number, constants by value, globals by name, the order of blocks and edges, attributes. It does not cover
// names of values, blocks and struct types, metadata that is not an operand, the function's own name and linkage, and
// the bodies and initial values of other globals. The same bitcode has the same hashes in every context, process and
// machine; another version of LLVM may number opcodes differently, and then its hashes just do not match.
#pragma once

#include <cstdint>
#include <memory>

namespace llvm {
class Function;
} // namespace llvm

namespace kiln {

/// Hashes functions of one LLVMContext, and remembers its types and attributes between them. Not thread-safe. A hash
/// takes time and memory linear in the function's size.
class ContentHasher {
public:
  ContentHasher();
  ~ContentHasher();

  /// Never 0. Of a declaration: the hash of its type and attributes.
  std::uint64_t hash(const llvm::Function& function);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace kiln
