// Slots, stubs and first-call thunks of a program's functions.
//
//   slot   8 bytes, writable: the address that calls go to now. Generated code calls through it.
//   stub   8 bytes of code: a jump through the slot. It is the function's address as the program sees it.
//   thunk  8 bytes of code: what an unpublished slot leads to. It enters the runtime with the function's id,
//          which compiles the function, and then jumps to the result with every argument register as it was.
//
// Publishing a version is one release store to the slot. No code is patched.
// Thread-safety: create() on the loading thread; slots are atomics; everything else is constant afterwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "code/AddressRange.h"
#include "code/CodeSpace.h"
#include "function/FunctionRecord.h"

namespace kiln {

/// Called by a thunk on the program's own stack, with the program's registers saved. Returns where to go on.
using FirstCallHandler = std::uintptr_t (*)(void* context, std::uint32_t function);
/// Called when a budget of the function whose counters these are fell below zero.
using BudgetHandler = void (*)(Counters* counters);

class FunctionTable {
public:
  static Result<std::unique_ptr<FunctionTable>> create(AddressRange& range, CodeSpace& space, std::size_t count,
                                                       FirstCallHandler handler, void* context);

  std::size_t size() const { return records_.size(); }
  FunctionRecord& record(std::uint32_t id) { return *records_[id]; }
  FunctionRecord& recordOf(const Counters* counters) {
    return *records_[static_cast<std::size_t>(counters - counters_)];
  }
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
  FunctionTable() = default;
  void writeStubs();
  void writeThunks(void* head);

  std::vector<std::unique_ptr<FunctionRecord>> records_;
  std::atomic<std::uintptr_t>* slots_ = nullptr;
  Counters* counters_ = nullptr;
  CodeSpan stubs_, thunks_;
};

/// The address that counting code calls when a budget is spent, with the counters' address as its argument. It keeps
/// every register (LLVM's preserve_allcc and stricter), then calls `handler`.
std::uintptr_t budgetEntry();
/// One per process: who handles spent budgets. The owner is found from the counters' address.
void setBudgetHandler(BudgetHandler handler);

} // namespace kiln
