// Constants in memory behind the code: each once, aligned to its size.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include <tuple>
#include <vector>

#include "compile/baseline/emit/Registers.h"

namespace kiln::baseline {

class ConstantPool {
public:
  explicit ConstantPool(Assembler& assembler) : a_(assembler) {}

  /// 8 or 16 bytes.
  Mem bits(std::uint64_t low, std::uint64_t high, unsigned bytes);
  /// Eight bytes that hold the address of a thing outside.
  Mem address(Target target, std::uint32_t id, std::int64_t addend);
  /// Behind the last instruction.
  void emit();

private:
  struct Entry {
    Label label;
    std::uint64_t low, high;
    unsigned bytes;
    Target target;
    std::uint32_t id;
    bool isAddress;
  };
  Assembler& a_;
  std::vector<Entry> entries_;
  llvm::DenseMap<std::tuple<std::uint64_t, std::uint64_t, unsigned>, unsigned> index_; ///< by low, high, bytes
};

} // namespace kiln::baseline
