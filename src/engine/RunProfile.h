// The profile that compilers use: what this run has recorded so far, and that of earlier runs if there is one.
//
// Nothing here stops the program, waits for it, or takes a lock that it takes. The recorders' tables are read where
// they lie, count by count; a function's counts are brought to one scale, that of its calls: those of functions that
// left the recording tiers early, because they are hot, say little beside those of others unless they are seen as a
// sample.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/baseline/Baseline.h"
#include "function/FunctionTable.h"
#include "interp/Interpreter.h"
#include "profile/ProfileSource.h"
#include "program/ProgramMap.h"

namespace kiln {

class RunProfile final : public ProfileSource {
public:
  struct Parts {
    const ProgramMap& map;
    FunctionTable& table;
    const interp::Interpreter& interpreter;
    const baseline::Baseline& baseline;
  };
  /// `earlier` may be empty. The parts outlive it.
  RunProfile(const Parts& parts, ProgramProfile earlier);

  /// A profile of earlier runs in place of the one there was. With `numbered`, it is one of numberedProfile(). Any thread, at
  /// any time.
  void setEarlier(ProgramProfile earlier, bool numbered = false);
  /// What this run has recorded, for later runs of the very same program: its functions have their numbers (and one) in
  /// place of content hashes, which would have to be computed from all bodies at the end of the run.
  ProgramProfile numberedProfile() const;

  std::optional<FunctionProfile> functionProfile(std::uint32_t function, const HashOf& hashOf) const override;
  CountSummary summary() const override;
  std::mutex& forkLock() { return mutex_; }

private:
  struct Earlier {
    ProgramProfile profile;
    std::unordered_multimap<std::string_view, std::uint32_t> named; ///< functions of the program that it could mean
    bool numbered = false; ///< it has numbers in place of hashes
  };
  /// Clears `into` and fills it; false if there is nothing.
  bool read(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const;
  std::optional<FunctionProfile> recorded(std::uint32_t function) const;
  std::optional<FunctionProfile> known(std::uint32_t function, const HashOf& hashOf) const;
  void resolve(ArgumentProfile& argument) const;
  void number(TargetCount& target, const Earlier& earlier, const HashOf& hashOf) const;

  std::shared_ptr<const Earlier> earlier() const {
    std::lock_guard lock(mutex_);
    return earlier_;
  }

  const Parts parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Earlier> earlier_; ///< under mutex_; never null
  mutable CountSummary summary_; ///< under mutex_
  mutable unsigned uses_ = 0;    ///< of it, under mutex_
};

} // namespace kiln
