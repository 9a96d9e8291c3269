// Slots, stubs and first-call thunks of a program's functions.
//
//   slot   8 bytes, writable: the address that calls go to now. Generated code calls through it.
//   stub   8 bytes of code: a jump through the slot. It is the function's address as the program sees it.
//   thunk  8 bytes of code: what an unpublished slot leads to. It enters the runtime with the function's id,
//          which compiles the function, and then jumps to the result with every argument register as it was.
//
// Publishing a version is one release store to the slot. No code is patched.
// Records are made in groups when one of a group is first asked for: most functions of a large program are never called.
// Thread-safety: create() on the loading thread; slots are atomics; record() may be called by any thread, and waits for
// no lock. In signal handlers only recordOf() of functions that count, whose records exist.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "code/AddressRange.h"
#include "code/CodeSpace.h"
#include "function/FunctionRecord.h"

namespace kiln {

struct GuardCell;

/// Called by a thunk on the program's own stack, with the program's registers saved. Returns where to go on.
using FirstCallHandler = std::uintptr_t (*)(void* context, std::uint32_t function);
/// Called when a budget of the function whose counters these are fell below zero.
using BudgetHandler = void (*)(Counters* counters);

class FunctionTable {
public:
  /// Gives records their names; called by any thread.
  using NameOf = std::function<std::string_view(std::uint32_t)>;

  static Result<std::unique_ptr<FunctionTable>> create(AddressRange& range, CodeSpace& space, std::size_t count,
                                                       FirstCallHandler handler, void* context, NameOf nameOf = {});
  ~FunctionTable();
  FunctionTable(const FunctionTable&) = delete;
  FunctionTable& operator=(const FunctionTable&) = delete;

  std::size_t size() const { return count_; }
  FunctionRecord& record(std::uint32_t id) {
    Group* group = groups_[id / kGroup].load(std::memory_order_acquire);
    return (group ? *group : makeGroup(id / kGroup))[id % kGroup];
  }
  FunctionRecord& recordOf(const Counters* counters) { return record(static_cast<std::uint32_t>(counters - counters_)); }
  /// As record(), or null if no function of its group was asked for.
  FunctionRecord* existing(std::uint32_t id) {
    Group* group = groups_[id / kGroup].load(std::memory_order_acquire);
    return group ? &(*group)[id % kGroup] : nullptr;
  }
  Counters* counters(std::uint32_t id) { return &counters_[id]; }
  std::uintptr_t stub(std::uint32_t id) const { return reinterpret_cast<std::uintptr_t>(stubs_.rx) + 8 * id; }
  std::uintptr_t thunk(std::uint32_t id) const {
    return reinterpret_cast<std::uintptr_t>(thunks_.rx) + kThunkHead + 8 * id;
  }
  std::atomic<std::uintptr_t>& slot(std::uint32_t id) { return slots_[id]; }
  bool isStub(std::uintptr_t address) const {
    auto start = reinterpret_cast<std::uintptr_t>(stubs_.rx);
    return address >= start && address < start + stubs_.size;
  }
  std::uint32_t idOfStub(std::uintptr_t address) const {
    return static_cast<std::uint32_t>((address - reinterpret_cast<std::uintptr_t>(stubs_.rx)) / 8);
  }

private:
  static constexpr std::size_t kThunkHead = 32;
  static constexpr std::size_t kGroup = 16;
  using Group = std::array<FunctionRecord, kGroup>;

  FunctionTable(std::size_t count, NameOf nameOf);
  Group& makeGroup(std::size_t index);
  void writeStubs();
  void writeThunks(void* head);

  const std::size_t count_;
  const NameOf nameOf_;
  std::vector<std::atomic<Group*>> groups_;
  std::atomic<std::uintptr_t>* slots_ = nullptr;
  Counters* counters_ = nullptr;
  CodeSpan stubs_, thunks_;
};

/// The address that counting code calls when a budget is spent, with the counters' address as its argument. It keeps
/// every register (LLVM's preserve_allcc and stricter), then calls `handler`.
std::uintptr_t budgetEntry();
/// One per process: who handles spent budgets. The owner is found from the counters' address.
void setBudgetHandler(BudgetHandler handler);
/// The same for guards that count (transition/Assumption.h): what they call when their cell is spent.
std::uintptr_t guardEntry();
using GuardHandler = void (*)(GuardCell* cell);
void setGuardHandler(GuardHandler handler);
/// The same for probes (report/CallProbe.h), which call kiln_probe_entry.
using ProbeHandler = void (*)(void* probe);
void setProbeHandler(ProbeHandler handler);

} // namespace kiln
