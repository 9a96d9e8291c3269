// A module's bitcode without what only optimising compilers read of the bodies.
//
// Attached metadata (the types of memory accesses, ranges, branch weights) and the orders of use lists take LLVM's
// reader a third of its time. What interprets the program needs none of it. This holds the bytes in memory of its own,
// and makes those blocks of a body unknown to the reader, which skips what it does not know, before the body is read.
// Prepared functions are the same with and without (prepareFunction sees to it), so that all worlds agree on the
// numbers of values.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "program/Bitstream.h"
#include "program/Source.h"

namespace kiln {

/// Belongs to one thread at a time, as the world that reads it does.
class LeanBitcode {
public:
  explicit LeanBitcode(const Source& source);

  /// To be read by LLVM; the bytes change with prune().
  std::span<const char> bytes() const { return bytes_; }
  /// Makes the body of the module's `index`-th function lean. It must not have been read yet. Nothing happens where the
  /// bytes are not as expected: then LLVM reads all there is, or finds the damage.
  void prune(std::uint32_t index);

private:
  void readModule(BitstreamCursor& cursor, const BitstreamCursor::Block& module);
  void readSymbols(BitstreamCursor& cursor, std::uint64_t bit, std::uint32_t variables);
  std::vector<std::uint64_t> readLabels(const BitstreamCursor::Block& constants) const;
  const BitstreamAbbreviations* known(std::uint32_t kind) const;

  std::vector<char> copy_;
  std::span<char> bytes_;
  std::map<std::uint32_t, BitstreamAbbreviations> abbreviations_; ///< by kind of block
  unsigned moduleWidth_ = 0;                                      ///< of abbreviation numbers in the module's block
  std::vector<std::uint64_t> bodies_;                             ///< by the function's position: its first bit, or 0
};

} // namespace kiln
