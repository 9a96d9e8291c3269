// A function table in an address range of its own, for tests that need records.
#pragma once

#include <memory>
#include <string>

#include "function/FunctionTable.h"

namespace kiln::test {

/// Handlers of a table are plain functions; this one must not be reached.
inline std::uintptr_t unexpectedFirstCall(void*, std::uint32_t) { __builtin_trap(); }

struct TestTable {
  AddressRange range;
  std::unique_ptr<CodeSpace> space;
  std::unique_ptr<FunctionTable> functions;

  explicit TestTable(std::size_t count, FirstCallHandler handler = unexpectedFirstCall, void* context = nullptr)
      : range(*AddressRange::reserve(std::size_t{16} << 20)) {
    constexpr std::size_t kArena = std::size_t{1} << 20;
    space = *CodeSpace::create(range, {kArena, kArena, kArena}, 0);
    functions = *FunctionTable::create(range, *space, count, handler, context);
    for (std::uint32_t id = 0; id < count; ++id)
      record(id).name = "f" + std::to_string(id);
  }
  FunctionRecord& record(std::uint32_t id) { return functions->record(id); }

  /// Counts as generated code does: a load, a subtraction and a store that may lose what another thread did between.
  /// True when the budget is spent.
  bool countCall(std::uint32_t id, std::int64_t calls = 1) { return count(record(id).counters->calls, calls); }
  bool countLoops(std::uint32_t id, std::int64_t loops) { return count(record(id).counters->loops, loops); }

private:
  static bool count(std::atomic<std::int64_t>& budget, std::int64_t amount) {
    std::int64_t left = budget.load(std::memory_order_relaxed) - amount;
    budget.store(left, std::memory_order_relaxed);
    return left < 0;
  }
};

} // namespace kiln::test
