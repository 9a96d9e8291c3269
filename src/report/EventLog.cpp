#include "report/EventLog.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace kiln::report {

EventLog::EventLog(Observer* next) : next_(next) {
  void* memory = mmap(nullptr, kRoom * sizeof(Place), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED)
    places_ = static_cast<Place*>(memory); // of zeros: nothing is complete
}

EventLog::~EventLog() {
  if (places_)
    munmap(static_cast<void*>(places_), kRoom * sizeof(Place));
}

void EventLog::onTierEvent(const TierEvent& event) {
  const std::size_t at = used_.fetch_add(1, std::memory_order_relaxed);
  if (places_ && at < kRoom) {
    LoggedEvent& kept = *new (&places_[at].event) LoggedEvent;
    kept.kind = event.kind;
    kept.to = event.to;
    kept.from = event.from ? static_cast<std::int8_t>(*event.from) : std::int8_t{-1};
    kept.thread = gettid();
    kept.loop = event.loop ? static_cast<std::int64_t>(*event.loop) : -1;
    kept.function = event.function.data();
    kept.calls = event.calls;
    kept.loops = event.loops;
    kept.atNs = event.nanoseconds;
    kept.compileNs = event.compileNanoseconds;
    memcpy(kept.reason, event.reason.data(), std::min(event.reason.size(), sizeof kept.reason - 1));
    places_[at].complete.store(true, std::memory_order_release);
  }
  if (next_)
    next_->onTierEvent(event);
}

std::vector<LoggedEvent> EventLog::events() const {
  std::vector<LoggedEvent> out;
  const std::size_t used = places_ ? std::min(used_.load(std::memory_order_relaxed), kRoom) : 0;
  for (std::size_t i = 0; i < used; ++i)
    if (places_[i].complete.load(std::memory_order_acquire))
      out.push_back(places_[i].event);
  return out;
}

std::uint64_t EventLog::dropped() const {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  return used > kRoom || !places_ ? used - (places_ ? kRoom : 0) : 0;
}

} // namespace kiln::report
