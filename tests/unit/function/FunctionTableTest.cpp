#include "function/FunctionTable.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <array>
#include <atomic>
#include <cstdarg>
#include <string>
#include <thread>
#include <vector>

#include "support/Table.h"

namespace kiln {
namespace {

/// What a first call asked for, and where it is sent.
struct FirstCalls {
  std::vector<std::uint32_t> ids;
  std::uintptr_t target = 0;
};

/// Overwrites every vector register that arguments travel in: what a compile would do.
void clobberVectors() {
  asm volatile("pcmpeqd %%xmm0, %%xmm0\n pcmpeqd %%xmm1, %%xmm1\n pcmpeqd %%xmm2, %%xmm2\n pcmpeqd %%xmm3, %%xmm3\n"
               "pcmpeqd %%xmm4, %%xmm4\n pcmpeqd %%xmm5, %%xmm5\n pcmpeqd %%xmm6, %%xmm6\n pcmpeqd %%xmm7, %%xmm7\n"
               ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  if (__builtin_cpu_supports("avx"))
    asm volatile("vzeroall" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

std::uintptr_t onFirstCall(void* context, std::uint32_t id) {
  auto& seen = *static_cast<FirstCalls*>(context);
  seen.ids.push_back(id);
  clobberVectors();
  return seen.target;
}

template <typename F> std::uintptr_t addressOf(F* function) { return reinterpret_cast<std::uintptr_t>(function); }
template <typename F> F* at(std::uintptr_t address) { return reinterpret_cast<F*>(address); }

int one() { return 1; }
int two() { return 2; }

TEST(FunctionTable, StubsJumpThroughTheirSlots) {
  test::TestTable table(3);
  table.functions->slot(1).store(addressOf(one));
  table.functions->slot(2).store(addressOf(two));
  auto* first = at<int()>(table.functions->stub(1));
  auto* second = at<int()>(table.functions->stub(2));
  EXPECT_EQ(first(), 1);
  EXPECT_EQ(second(), 2);
  table.functions->slot(1).store(addressOf(two)); // publishing is one store
  EXPECT_EQ(first(), 2);
}

TEST(FunctionTable, StubsNameTheirFunctions) {
  test::TestTable table(5);
  for (std::uint32_t id = 0; id < 5; ++id) {
    EXPECT_TRUE(table.functions->isStub(table.functions->stub(id)));
    EXPECT_EQ(table.functions->idOfStub(table.functions->stub(id)), id);
    EXPECT_EQ(&table.functions->recordOf(table.record(id).counters), &table.record(id));
  }
  EXPECT_FALSE(table.functions->isStub(table.functions->thunk(0)));
}

TEST(FunctionTable, ACountThatWasLostToAnUnboundedBudgetIsNone) {
  test::TestTable table(1);
  FunctionRecord& record = table.record(0);
  record.arm(100, 100);
  record.counters->calls.store(40);
  record.counters->loops.store(90);
  EXPECT_EQ(record.calls(), 60u);
  record.arm(kUnbounded, kUnbounded);
  // A thread that counts without atomics had read the old budgets.
  record.counters->calls.store(39);
  record.counters->loops.store(89);
  EXPECT_EQ(record.calls(), 60u);
  EXPECT_EQ(record.loops(), 10u);
}

TEST(FunctionTable, RecordsAreMadeWhenAskedForAndStay) {
  AddressRange range = *AddressRange::reserve(std::size_t{16} << 20);
  constexpr std::size_t kArena = std::size_t{1} << 20;
  auto space = *CodeSpace::create(range, {kArena, kArena, kArena}, 0);
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i)
    names.push_back("g" + std::to_string(i));
  auto table = *FunctionTable::create(range, *space, names.size(), test::unexpectedFirstCall, nullptr,
                                      [&](std::uint32_t id) -> std::string_view { return names[id]; });
  EXPECT_EQ(table->existing(99), nullptr);
  // All threads that ask at once get the same record.
  std::array<FunctionRecord*, 4> seen{};
  std::vector<std::thread> threads;
  for (auto& place : seen)
    threads.emplace_back([&] { place = &table->record(99); });
  for (std::thread& thread : threads)
    thread.join();
  for (FunctionRecord* each : seen)
    EXPECT_EQ(each, seen[0]);
  EXPECT_EQ(table->existing(99), seen[0]);
  EXPECT_EQ(table->existing(0), nullptr);
  EXPECT_EQ(seen[0]->id, 99u);
  EXPECT_EQ(seen[0]->name, "g99");
  EXPECT_EQ(&table->recordOf(table->counters(3)), &table->record(3));
}

TEST(FunctionTable, AFirstCallArrivesWithItsId) {
  FirstCalls seen{{}, addressOf(two)};
  test::TestTable table(300, onFirstCall, &seen);
  for (std::uint32_t id : {0u, 1u, 17u, 299u})
    EXPECT_EQ(at<int()>(table.functions->stub(id))(), 2);
  EXPECT_EQ(seen.ids, (std::vector<std::uint32_t>{0, 1, 17, 299}));
}

using Mixed = double(long, long, long, long, long, long, double, double, double, double, double, double, double, double, long,
                     double);

double mixed(long a, long b, long c, long d, long e, long f, double p, double q, double r, double s, double t, double u,
             double v, double w, long onStack, double alsoOnStack) {
  // Different weights, so that two arguments that changed places are seen.
  return static_cast<double>(a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * onStack) + 17 * p + 19 * q + 23 * r +
         29 * s + 31 * t + 37 * u + 41 * v + 43 * w + 47 * alsoOnStack;
}

TEST(FunctionTable, AFirstCallKeepsEveryArgument) {
  FirstCalls seen{{}, addressOf(mixed)};
  test::TestTable table(2, onFirstCall, &seen);
  double expected = mixed(1, 2, 3, 4, 5, 6, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 7, 8.5);
  EXPECT_EQ(at<Mixed>(table.functions->stub(1))(1, 2, 3, 4, 5, 6, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 7, 8.5), expected);
  EXPECT_EQ(seen.ids.size(), 1u);
}

double sumOf(int count, ...) {
  va_list list;
  va_start(list, count);
  double sum = 0;
  for (int i = 0; i < count; ++i)
    sum += va_arg(list, double);
  va_end(list);
  return sum;
}

TEST(FunctionTable, AFirstCallOfAVariadicFunctionKeepsTheVectorCount) {
  FirstCalls seen{{}, addressOf(sumOf)};
  test::TestTable table(1, onFirstCall, &seen);
  EXPECT_EQ(at<double(int, ...)>(table.functions->stub(0))(3, 1.25, 2.5, 4.0), 7.75);
}

using Wide = double(__m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d);

__attribute__((target("avx"), noinline)) double wide(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
                                                     __m256d g, __m256d h) {
  double sum = 0, weight = 1;
  for (const __m256d& each : {a, b, c, d, e, f, g, h})
    for (int lane = 0; lane < 4; ++lane)
      sum += each[lane] * (weight += 1);
  return sum;
}

__attribute__((target("avx"), noinline)) double callWide(Wide* function) {
  auto make = [](double x) __attribute__((target("avx"))) { return __m256d{x, x + 0.25, x + 0.5, x + 0.75}; };
  return function(make(1), make(2), make(3), make(4), make(5), make(6), make(7), make(8));
}

TEST(FunctionTable, AFirstCallKeepsTheUpperHalvesOfVectors) {
  if (!__builtin_cpu_supports("avx"))
    GTEST_SKIP() << "no AVX here";
  FirstCalls seen{{}, addressOf(wide)};
  test::TestTable table(1, onFirstCall, &seen);
  EXPECT_EQ(callWide(at<Wide>(table.functions->stub(0))), callWide(wide));
  EXPECT_EQ(seen.ids.size(), 1u);
}

Counters* gSpent = nullptr;

TEST(FunctionTable, TheBudgetEntryKeepsEveryRegister) {
  test::TestTable table(1);
  setBudgetHandler([](Counters* counters) {
    gSpent = counters;
    clobberVectors();
  });
  gSpent = nullptr;
  std::uint64_t after[10] = {};
  register std::uint64_t* out asm("r12") = after;
  register std::uintptr_t entry asm("r13") = budgetEntry();
  Counters* counters = table.record(0).counters;
  // Past the red zone; with a stack that is not aligned for a call, as a cold block may have it.
  asm volatile("subq $264, %%rsp\n"
               "movq $11, %%rax\n movq $12, %%rcx\n movq $13, %%rdx\n movq $14, %%rsi\n"
               "movq $15, %%r8\n movq $16, %%r9\n movq $17, %%r10\n movq $18, %%r11\n"
               "movq %%r11, %%xmm0\n movq %%r10, %%xmm15\n"
               "call *%%r13\n"
               "movq %%rax, 0(%%r12)\n movq %%rcx, 8(%%r12)\n movq %%rdx, 16(%%r12)\n movq %%rsi, 24(%%r12)\n"
               "movq %%r8, 32(%%r12)\n movq %%r9, 40(%%r12)\n movq %%r10, 48(%%r12)\n movq %%r11, 56(%%r12)\n"
               "movq %%xmm0, 64(%%r12)\n movq %%xmm15, 72(%%r12)\n"
               "addq $264, %%rsp\n"
               : "+D"(counters)
               : "r"(out), "r"(entry)
               : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm15", "memory", "cc");
  setBudgetHandler(nullptr);
  EXPECT_EQ(gSpent, table.record(0).counters);
  EXPECT_EQ(counters, table.record(0).counters);
  for (std::uint64_t i = 0; i < 8; ++i)
    EXPECT_EQ(after[i], 11 + i) << "register " << i;
  EXPECT_EQ(after[8], 18u);
  EXPECT_EQ(after[9], 17u);
}

TEST(FunctionRecord, ArmKeepsWhatWasCounted) {
  test::TestTable table(1);
  FunctionRecord& record = table.record(0);
  record.arm(10, 100);
  EXPECT_EQ(record.calls(), 0u);
  table.countCall(0, 4);
  table.countLoops(0, 30);
  record.arm(1000, 1000);
  table.countCall(0, 3);
  EXPECT_EQ(record.calls(), 7u);
  EXPECT_EQ(record.loops(), 30u);
}

TEST(FunctionRecord, AThreadThatReadsOsrEntriesSeesThemWhole) {
  FunctionRecord record;
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop.load(std::memory_order_relaxed))
      for (std::uint32_t loop = 0; loop < 64; ++loop)
        if (const OsrEntry* entry = record.osrEntry(loop, Tier::O3))
          ASSERT_EQ(entry->address, 0x1000u + loop);
  });
  for (std::uint32_t loop = 0; loop < 64; ++loop) {
    std::lock_guard lock(record.mutex);
    record.addOsrEntry(loop, Tier::O3, 0x1000 + loop);
  }
  stop = true;
  reader.join();
  EXPECT_EQ(record.osrEntry(64, Tier::O3), nullptr);
}

TEST(FunctionRecord, BudgetsAreSpentBelowZero) {
  test::TestTable table(1);
  table.record(0).arm(2, 2);
  EXPECT_FALSE(table.countCall(0));
  EXPECT_FALSE(table.countCall(0));
  EXPECT_TRUE(table.countCall(0));
  EXPECT_EQ(table.record(0).calls(), 3u);
}

TEST(FunctionRecord, TellsCallsThatWereRecordedFromOthers) {
  Counters counters{};
  FunctionRecord record;
  record.counters = &counters;
  record.arm(1000, 1000);
  auto call = [&](std::int64_t times) { counters.calls.fetch_sub(times, std::memory_order_relaxed); };
  call(30);
  EXPECT_EQ(record.callsRecorded(), 30u);
  record.setRecording(true); // as it was
  record.setRecording(false);
  call(50);
  record.setRecording(false);
  EXPECT_EQ(record.callsRecorded(), 30u);
  record.arm(1000, 1000);
  record.setRecording(true);
  call(20);
  EXPECT_EQ(record.callsRecorded(), 50u);
  record.setRecording(false);
  call(7);
  EXPECT_EQ(record.callsRecorded(), 50u);
  EXPECT_EQ(record.calls(), 107u);
}

} // namespace
} // namespace kiln
