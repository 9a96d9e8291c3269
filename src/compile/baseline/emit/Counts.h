// The entry's budget, and the profile's counts.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Counts final : Family {
public:
  using Family::Family;

  /// At the function's entry, every register as the caller left it.
  void countEntry();
  /// Room for the counts of a thing: their offset in the profile.
  std::uint32_t site(CountSite::Kind kind, std::uint32_t value, std::uint32_t bytes, std::uint32_t count = 0);
  /// Room for one count that no site begins at.
  std::uint32_t add();
  void countOne(std::uint32_t offset);
  /// The target, in R10, of an indirect call; no argument is in its register yet.
  void recordTarget(const llvm::CallBase& call);
  /// A size that a call passes, unless it is always the same; of memcmp and bcmp, which are no intrinsics.
  void recordSize(const llvm::CallBase& call, const llvm::Value* size);
  void recordCompareSize(const llvm::CallBase& call);
  /// Behind the entry, with the arguments in their places.
  void recordArguments();
  void recordArgument(const llvm::Argument& argument);
  /// Behind all blocks.
  void emitCold();

private:
  /// A value that is not the one that was seen last.
  struct Cold {
    Label entry, back;
    std::uint32_t counts;
  };
  Cold recordValue(Gp value, std::uint32_t counts, std::uint32_t count);
  void recordIn10(CountSite::Kind kind, const llvm::CallBase& call);
  void emitColdArgument(const Cold& cold);
  void emitColdEntry();

  std::vector<Cold> values_;    ///< in R10
  std::vector<Cold> arguments_; ///< in R11
  Label coldEntry_, entryBack_;
};

} // namespace kiln::baseline
