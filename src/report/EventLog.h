// What the tiers decided and when, kept for the report: an observer that hands on what it hears.
//
// Events come from threads in the middle of the program's code, also in signal handlers. So their room is reserved at the
// beginning and nothing is allocated; what does not fit is counted. Pages that no event reaches are never touched.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kiln/Observer.h"

namespace kiln::report {

struct LoggedEvent {
  TierEvent::Kind kind = TierEvent::Kind::Requested;
  Tier to = Tier::O0;
  std::int8_t from = -1; ///< a tier, or none
  pid_t thread = 0;
  std::int64_t loop = -1;
  const char* function = nullptr; ///< the record's name, which lives as long as the program
  std::uint64_t calls = 0, loops = 0, atNs = 0, compileNs = 0;
  char reason[72] = {}; ///< cut off, zero-terminated
};

class EventLog final : public Observer {
public:
  /// A large program makes some thousands; exits of guards are the exception.
  static constexpr std::size_t kRoom = std::size_t{1} << 15;

  /// `next` may be null; it hears everything.
  explicit EventLog(Observer* next);
  ~EventLog() override;
  void onTierEvent(const TierEvent& event) override;

  /// Those that are complete, in the order in which they came.
  std::vector<LoggedEvent> events() const;
  std::uint64_t dropped() const;

private:
  struct Place {
    std::atomic<bool> complete;
    LoggedEvent event;
  };
  Observer* const next_;
  Place* places_ = nullptr;
  std::atomic<std::size_t> used_{0};
};

} // namespace kiln::report
