#include "function/FunctionTable.h"

#include <cpuid.h>

#include <cstring>
#include <new>

#include "support/CancelState.h"

extern "C" {
// Entry.S
void kiln_first_call_entry();
void kiln_budget_entry();
void kiln_guard_entry();

// What Entry.S calls and reads.
std::uintptr_t kiln_first_call(void* head, std::uintptr_t thunkReturn);
void kiln_budget_spent(kiln::Counters* counters);
void kiln_guard_spent(kiln::GuardCell* cell);
void kiln_probe_spent(void* probe);
extern std::uint8_t kiln_use_xsave;
}

namespace kiln {
namespace {

/// Data at the head of the thunks, in front of the code that reads it.
struct Head {
  FirstCallHandler handler;
  void* context;
  std::uintptr_t firstThunk;
};

std::atomic<BudgetHandler> gBudgetHandler{nullptr};
std::atomic<GuardHandler> gGuardHandler{nullptr};
std::atomic<ProbeHandler> gProbeHandler{nullptr};

} // namespace

std::uintptr_t budgetEntry() { return reinterpret_cast<std::uintptr_t>(&kiln_budget_entry); }
std::uintptr_t guardEntry() { return reinterpret_cast<std::uintptr_t>(&kiln_guard_entry); }
void setGuardHandler(GuardHandler handler) { gGuardHandler.store(handler, std::memory_order_release); }
void setProbeHandler(ProbeHandler handler) { gProbeHandler.store(handler, std::memory_order_release); }
void setBudgetHandler(BudgetHandler handler) { gBudgetHandler.store(handler, std::memory_order_release); }

Result<std::unique_ptr<FunctionTable>> FunctionTable::create(AddressRange& range, CodeSpace& space,
                                                             std::size_t count, FirstCallHandler handler,
                                                             void* context, NameOf nameOf) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  kiln_use_xsave = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) != 0;
  std::unique_ptr<FunctionTable> table(new FunctionTable(count, std::move(nameOf)));
  auto tables = range.takeWritable(count * (sizeof(Counters) + sizeof(std::uintptr_t)) + sizeof(Head));
  if (!tables)
    return std::unexpected(tables.error());
  std::byte* at = tables->data();
  table->counters_ = new (at) Counters[count];
  at += count * sizeof(Counters);
  table->slots_ = new (at) std::atomic<std::uintptr_t>[count];
  at += count * sizeof(std::uintptr_t);
  auto stubs = space.allocate(CodeArena::Code, 8 * count, 64);
  auto thunks = space.allocate(CodeArena::Code, kThunkHead + 8 * count, 64);
  if (!stubs || !thunks)
    return std::unexpected(!stubs ? stubs.error() : thunks.error());
  table->stubs_ = *stubs;
  table->thunks_ = *thunks;
  auto* head = new (at) Head{handler, context, table->thunk(0)};
  table->writeStubs();
  table->writeThunks(head);
  return table;
}

FunctionTable::FunctionTable(std::size_t count, NameOf nameOf)
    : count_(count), nameOf_(std::move(nameOf)), groups_((count + kGroup - 1) / kGroup) {}

FunctionTable::~FunctionTable() {
  for (std::atomic<Group*>& group : groups_)
    delete group.load(std::memory_order_relaxed);
}

FunctionTable::Group& FunctionTable::makeGroup(std::size_t index) {
  auto made = std::make_unique<Group>();
  for (std::size_t i = 0; i < kGroup && index * kGroup + i < count_; ++i) {
    FunctionRecord& record = (*made)[i];
    record.id = static_cast<std::uint32_t>(index * kGroup + i);
    if (nameOf_)
      record.name = nameOf_(record.id);
    record.counters = &counters_[record.id];
  }
  // Another thread may have been faster: its group is the one that counts.
  Group* present = nullptr;
  if (groups_[index].compare_exchange_strong(present, made.get(), std::memory_order_acq_rel, std::memory_order_acquire))
    present = made.release();
  return *present;
}

void FunctionTable::writeStubs() {
  // jmp *slot(%rip): slots and stubs have the same stride, so every stub has the same bytes.
  auto distance = reinterpret_cast<std::intptr_t>(slots_) - (reinterpret_cast<std::intptr_t>(stubs_.rx) + 6);
  auto rel = static_cast<std::int32_t>(distance);
  std::uint8_t code[8] = {0xff, 0x25, 0, 0, 0, 0, 0x66, 0x90};
  memcpy(code + 2, &rel, 4);
  for (std::size_t i = 0; i < count_; ++i)
    memcpy(stubs_.rw + 8 * i, code, 8);
}

void FunctionTable::writeThunks(void* headData) {
  // Head: movabs $head, %r11; jmp *0(%rip); .quad entry. Thunk i: call head; its return address tells i.
  std::uint8_t head[kThunkHead] = {0x49, 0xbb};
  memcpy(head + 2, &headData, 8);
  const std::uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};
  memcpy(head + 10, jump, 6);
  auto entry = reinterpret_cast<std::uintptr_t>(&kiln_first_call_entry);
  memcpy(head + 16, &entry, 8);
  memcpy(thunks_.rw, head, kThunkHead);
  for (std::size_t i = 0; i < count_; ++i) {
    std::uint8_t code[8] = {0xe8, 0, 0, 0, 0, 0xcc, 0xcc, 0xcc};
    auto rel = -static_cast<std::int32_t>(kThunkHead + 8 * i + 5);
    memcpy(code + 1, &rel, 4);
    memcpy(thunks_.rw + kThunkHead + 8 * i, code, 8);
    slots_[i].store(thunk(static_cast<std::uint32_t>(i)), std::memory_order_relaxed);
  }
}

} // namespace kiln

// The runtime is no place to be cancelled in, and a thread of the program may be asynchronously cancellable. These two
// frames, where a cancellation that waited comes through, hold nothing that has to be destroyed.

std::uintptr_t kiln_first_call(void* headData, std::uintptr_t thunkReturn) {
  auto* head = static_cast<kiln::Head*>(headData);
  const kiln::CancelState cancel;
  std::uintptr_t target =
      head->handler(head->context, static_cast<std::uint32_t>((thunkReturn - 5 - head->firstThunk) / 8));
  cancel.restore();
  return target;
}

void kiln_budget_spent(kiln::Counters* counters) {
  const kiln::CancelState cancel;
  if (auto handler = kiln::gBudgetHandler.load(std::memory_order_acquire))
    handler(counters);
  cancel.restore();
}

void kiln_probe_spent(void* probe) {
  if (auto handler = kiln::gProbeHandler.load(std::memory_order_acquire))
    handler(probe);
}

void kiln_guard_spent(kiln::GuardCell* cell) {
  if (auto handler = kiln::gGuardHandler.load(std::memory_order_acquire))
    handler(cell);
}
