#include "engine/SignalHandlers.h"

#include <atomic>
#include <cstdint>

namespace kiln {
namespace {

/// Signals that have, or had, a handler: signal n is bit n - 1.
constinit std::atomic<std::uint64_t> handled{0};
constinit std::atomic<bool> anyNotDeferred{false};

} // namespace

void noteSignalHandler(int signal, bool deferred) {
  if (signal < 1 || signal > 64)
    return; // installing it will fail
  handled.fetch_or(std::uint64_t{1} << (signal - 1), std::memory_order_relaxed);
  if (!deferred)
    anyNotDeferred.store(true, std::memory_order_relaxed);
}

bool mayBeInHandler(const sigset_t& blocked) {
  if (anyNotDeferred.load(std::memory_order_relaxed))
    return true;
  for (std::uint64_t left = handled.load(std::memory_order_relaxed); left != 0; left &= left - 1)
    if (sigismember(&blocked, __builtin_ctzll(left) + 1) == 1)
      return true;
  return false;
}

} // namespace kiln
