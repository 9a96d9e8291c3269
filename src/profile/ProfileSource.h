// Where compilers read what the program was seen to do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "profile/CountSummary.h"
#include "profile/Profile.h"

namespace kiln {

/// Thread-safe, and never in the way of the program that runs: what it counts meanwhile may or may not be in what is
/// returned.
class ProfileSource {
public:
  virtual ~ProfileSource() = default;

  /// The content hash of a prepared function of the program, or 0 if it cannot be read. Only sources that know
  /// functions by their contents ask.
  using HashOf = std::function<std::uint64_t(std::uint32_t function)>;
  /// What is known of a function, in the canonical form, its targets with their numbers where they are the program's;
  /// nothing if it was never seen to run.
  virtual std::optional<FunctionProfile> functionProfile(std::uint32_t function, const HashOf& hashOf) const = 0;
  /// Over all functions that were seen to run.
  virtual CountSummary summary() const = 0;
};

} // namespace kiln
