#include "report/CallProbe.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "function/FunctionTable.h"
#include "support/Clock.h"

extern "C" void kiln_timed_call();

namespace kiln::report {
namespace {

constexpr std::size_t kStubBytes = 32;

[[gnu::noinline]] void nothing() { asm volatile("" ::: "memory"); }

/// Nanoseconds of a call through the pointer, the least of some rounds.
double costOfCall(void (*const volatile& function)(), CallProbe* probe, bool allTimed) {
  constexpr int kRounds = 5, kCalls = 400;
  double least = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t start = nowNanoseconds();
    for (int call = 0; call < kCalls; ++call) {
      if (probe)
        probe->left.store(allTimed ? 1 : -2, std::memory_order_relaxed);
      function();
    }
    least = std::min(least, static_cast<double>(nowNanoseconds() - start) / kCalls);
  }
  return least;
}

} // namespace

CallProbe::CallProbe() : timed(reinterpret_cast<std::uintptr_t>(&kiln_timed_call)) {
  setProbeHandler([](void* probe) {
    if (Owner* owner = static_cast<CallProbe*>(probe)->owner)
      owner->spent();
  });
}

/// movabs $probe, %r11; decq (%r11); jns 1f; testb $63, (%r11); je 1f; jmp *8(%r11); 1: jmp *24(%r11)
Result<std::uintptr_t> StubRoom::makeStub(CallProbe& probe) {
  if (used_ + kStubBytes > span_.size) {
    auto span = space_.allocate(CodeArena::Code, kPageSize, kPageSize, CodeUse::Tools);
    if (!span)
      return std::unexpected(span.error());
    span_ = *span;
    used_ = 0;
  }
  std::uint8_t code[kStubBytes] = {0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x49, 0xff, 0x0b, 0x79, 0x0a, 0x41,
                                   0xf6, 0x03, 0x3f, 0x74, 0x04, 0x41, 0xff, 0x63, 0x08, 0x41, 0xff, 0x63, 0x18, 0xcc, 0xcc, 0xcc};
  CallProbe* address = &probe;
  memcpy(code + 2, &address, sizeof address);
  memcpy(span_.rw + used_, code, kStubBytes);
  const auto stub = reinterpret_cast<std::uintptr_t>(span_.rx + used_);
  used_ += kStubBytes;
  return stub;
}

ProbeCost measureCost(StubRoom& stubs, double ticksPerNs) {
  ProbeCost cost;
  auto probe = std::make_unique<CallProbe>();
  auto stub = stubs.makeStub(*probe);
  if (!stub)
    return cost;
  probe->target.store(reinterpret_cast<std::uintptr_t>(&nothing), std::memory_order_relaxed);
  void (*volatile plain)() = nothing;
  void (*volatile probed)() = reinterpret_cast<void (*)()>(*stub);
  const double without = costOfCall(plain, nullptr, false);
  cost.countedNs = std::max(0.0, costOfCall(probed, probe.get(), false) - without);
  const double timed = costOfCall(probed, probe.get(), true);
  cost.timedNs = std::max(0.0, timed - without);
  std::uint64_t calls = 0, ticks = 0;
  for (const CallProbe::Bucket& bucket : probe->buckets) {
    calls += bucket.calls.load(std::memory_order_relaxed);
    ticks += bucket.ticks.load(std::memory_order_relaxed);
  }
  // An interruption would be taken for the cost of measuring: no more than the cheapest round took.
  cost.ticksMeasured = calls ? std::min(static_cast<double>(ticks) / static_cast<double>(calls), timed * ticksPerNs) : 0;
  // The stub's 32 bytes are not given back: nobody else may get addresses that a processor has fetched other code from.
  return cost;
}

} // namespace kiln::report
