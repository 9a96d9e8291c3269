#pragma once

#include "kiln/Observer.h"

namespace kiln::cli {

/// Writes one line per event to stderr, each with one system call: safe in signal handlers and from any thread.
class TraceObserver final : public Observer {
public:
  void onTierEvent(const TierEvent& event) override;
};

} // namespace kiln::cli
