#include "support/RuntimeMarks.h"

#include <unistd.h>

#include <array>
#include <atomic>

namespace kiln {
namespace {

/// A mark that finds no place is missing: its thread or stack is then met as one that cannot be judged, and nothing is
/// freed. So the sizes bound what works best, not what is safe.
constexpr std::size_t kThreads = 1024;
constexpr std::size_t kStacks = 1024;

std::array<std::atomic<pid_t>, kThreads> gThreads;

struct StackMark {
  std::atomic<std::uintptr_t> base{0};
  std::atomic<std::size_t> bytes{0};
};
std::array<StackMark, kStacks> gStacks;

} // namespace

RuntimeThread::RuntimeThread() : place_(-1) {
  for (std::size_t i = 0; i < kThreads; ++i) {
    pid_t none = 0;
    if (gThreads[i].compare_exchange_strong(none, gettid(), std::memory_order_acq_rel)) {
      place_ = static_cast<int>(i);
      return;
    }
  }
}

RuntimeThread::~RuntimeThread() {
  if (place_ >= 0)
    gThreads[static_cast<std::size_t>(place_)].store(0, std::memory_order_release);
}

bool isRuntimeThread(pid_t thread) {
  for (const auto& each : gThreads)
    if (each.load(std::memory_order_acquire) == thread)
      return true;
  return false;
}

void forgetRuntimeThreads() {
  for (auto& each : gThreads)
    each.store(0, std::memory_order_release);
}

void markRuntimeStack(const void* base, std::size_t bytes) {
  for (StackMark& mark : gStacks) {
    std::uintptr_t none = 0;
    if (mark.base.compare_exchange_strong(none, reinterpret_cast<std::uintptr_t>(base), std::memory_order_acq_rel)) {
      mark.bytes.store(bytes, std::memory_order_release);
      return;
    }
  }
}

void unmarkRuntimeStack(const void* base) {
  for (StackMark& mark : gStacks)
    if (mark.base.load(std::memory_order_acquire) == reinterpret_cast<std::uintptr_t>(base)) {
      mark.bytes.store(0, std::memory_order_release);
      mark.base.store(0, std::memory_order_release);
      return;
    }
}

bool isRuntimeStack(std::uintptr_t address) {
  for (const StackMark& mark : gStacks) {
    std::uintptr_t base = mark.base.load(std::memory_order_acquire);
    if (base && address - base < mark.bytes.load(std::memory_order_acquire))
      return true;
  }
  return false;
}

} // namespace kiln
