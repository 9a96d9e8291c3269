// A decoded function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "interp/Sites.h"

namespace kiln::interp {

/// Where a value of the prepared function is while it is alive.
struct Location {
  enum class Kind : std::uint8_t {
    None,    ///< never computed, or only inside other ops
    Words,   ///< in the frame from `word` on
    Address, ///< the pointer in `word`, plus `offset`
    Constant ///< `offset` itself
  };
  Kind kind = Kind::None;
  std::uint16_t word = 0;
  std::int64_t offset = 0;
};

/// A block that back-edges lead to.
struct LoopHeader {
  std::uint32_t block = 0;  ///< number of the block in the function
  Code* code = nullptr;
  FunctionEntry* entry = nullptr;
  Interpreter* interpreter = nullptr;
  std::uint64_t arrivals = 0; ///< at back-edges, when every one is looked at (--osr-at)
  /// What the state image consists of; made at the first transfer.
  std::atomic<const struct StateRecipe*> recipe{nullptr};
  std::atomic<bool> impossible{false};
  Word jumps = 0;                    ///< back-edges by unconditional jumps, if the profile is kept
  std::vector<std::uint32_t> counts; ///< bytes from the beginning of the code to the counts of the other back-edges
};

/// Places of the code whose counts belong to the profile. Offsets are bytes from the beginning of the code.
struct BranchSite {
  std::uint32_t value = 0;
  std::uint32_t countOffset = 0; ///< of two words: jumped, went on
  bool jumpsWhenTaken = true;    ///< whether jumping is the IR's first successor
};
struct SwitchSite {
  std::uint32_t value = 0;
  const SwitchTable* table = nullptr;
  std::uint32_t caseCount = 0; ///< of the instruction
  std::vector<std::uint32_t> cases; ///< for each case of the table, its number in the instruction from 1; 0: the default
};
struct SizeSite {
  std::uint32_t value = 0;
  ValueCounts* sizes = nullptr;
};

struct Code {
  std::uint32_t function = 0;
  std::unique_ptr<Word[]> words;
  std::size_t size = 0; ///< of `words`
  std::uint32_t frameWords = 0;
  std::uint64_t instructions = 0; ///< of the IR
  std::uint32_t firstInstruction = 0; ///< its value number, behind those of the arguments
  CallShape shape;

  std::vector<CallSite> calls; ///< ops refer to them: room for all is made at once
  std::vector<std::unique_ptr<SwitchTable>> switches;
  std::vector<std::unique_ptr<ValueCounts>> sizes;
  ArgumentValues arguments;
  std::vector<std::unique_ptr<std::string>> names;
  std::vector<std::unique_ptr<SharedStub>> stubs;

  std::vector<Location> locations; ///< by value number: arguments, then instructions
  std::vector<std::unique_ptr<LoopHeader>> headers;
  std::vector<BranchSite> branches;
  std::vector<SwitchSite> switchSites;
  std::vector<SizeSite> sizeSites;

  Op* first() { return reinterpret_cast<Op*>(words.get()); }
  bool contains(const void* address) const { return address >= words.get() && address < words.get() + size; }
};

} // namespace kiln::interp
