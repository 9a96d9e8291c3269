#include "profile/ValueCounts.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "profile/Profile.h"

namespace kiln {
namespace {

using Exact = std::map<std::uint64_t, std::uint64_t>;

ValueCounts record(const std::vector<std::uint64_t>& events) {
  ValueCounts counts{};
  for (std::uint64_t event : events)
    counts.record(event);
  return counts;
}

/// The three promises of the header.
void expectBounds(const ValueCounts& counts, const std::vector<std::uint64_t>& events) {
  Exact exact;
  for (std::uint64_t event : events)
    ++exact[event];
  std::uint64_t sum = counts.other;
  std::map<std::uint64_t, std::uint64_t> listed;
  for (unsigned i = 0; i < kTopValues; ++i) {
    sum += counts.count[i];
    if (!counts.count[i])
      continue;
    EXPECT_TRUE(listed.emplace(counts.value[i], counts.count[i]).second) << counts.value[i] << " is listed twice";
    EXPECT_LE(counts.count[i], exact[counts.value[i]]);
    EXPECT_GE(counts.count[i] + counts.other / 5, exact[counts.value[i]]);
  }
  EXPECT_EQ(sum, events.size());
  for (auto [value, count] : exact)
    EXPECT_TRUE(count * 5 <= events.size() || listed.contains(value)) << value << ": " << count;
}

TEST(ValueCounts, FewValuesAreCountedExactly) {
  // 0 is a value like any other, though unused counters hold it.
  ValueCounts counts = record({7, 0, 7, 9, 7, 0, 1});
  EXPECT_EQ(memoryProfile(3, counts), (MemoryProfile{3, {{7, 3}, {0, 2}, {1, 1}, {9, 1}}, 0}));
  EXPECT_EQ(memoryProfile(3, record({0, 0})), (MemoryProfile{3, {{0, 2}}, 0}));
  EXPECT_EQ(memoryProfile(3, ValueCounts{}), (MemoryProfile{3, {}, 0}));
}

TEST(ValueCounts, TargetsGetTheirNames) {
  // Two addresses of one function (its stub and its code, say) are one target; an unknown address keeps its count.
  ValueCounts counts = record({0x10, 0x20, 0x20, 0x30, 0x11, 0x11});
  auto name = [](std::uint64_t address) {
    if (address >> 4 == 3)
      return TargetCount{};
    return address >> 4 == 1 ? TargetCount{"one", 11, 0} : TargetCount{"two", 0, 99};
  };
  EXPECT_EQ(callProfile(5, counts, name), (CallProfile{5, {{"one", 11, 3}, {"two", 0, 2}, {"", 0, 1}}, 0}));
  EXPECT_EQ(callProfile(5, ValueCounts{}, name), (CallProfile{5, {}, 0}));
}

TEST(ValueCounts, TheMostFrequentMovesToTheFront) {
  ValueCounts counts = record({1, 2, 3, 4});
  for (int i = 0; i < 10; ++i)
    counts.record(4);
  EXPECT_EQ(counts.value[0], 4u);
  EXPECT_EQ(counts.count[0], 11u);
}

TEST(ValueCounts, BoundsHold) {
  std::mt19937_64 bits(1);
  for (unsigned round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> events;
    std::uint64_t values = 1 + round % 12, length = 1 + bits() % 3000, frequent = bits() % 100;
    for (std::uint64_t i = 0; i < length; ++i)
      events.push_back(bits() % 100 < frequent ? bits() % 2 : bits() % values);
    expectBounds(record(events), events);
  }
}

TEST(ValueCounts, BoundsHoldForOrdersMadeToMislead) {
  std::vector<std::uint64_t> turns, phases, drowned;
  for (std::uint64_t i = 0; i < 1000; ++i)
    turns.push_back(i % 5);
  for (std::uint64_t i = 0; i < 1000; ++i)
    phases.push_back(i / 200);
  // A frequent value that a new one follows each time, after others that only were early.
  for (std::uint64_t i = 0; i < 300; ++i)
    drowned.push_back(i % 3);
  for (std::uint64_t i = 0; i < 350; ++i)
    drowned.insert(drowned.end(), {99, 1000 + i});
  for (const auto& events : {turns, phases, drowned})
    expectBounds(record(events), events);
}

TEST(ValueCounts, ManyRareValuesAreNotCalledFrequent) {
  std::vector<std::uint64_t> events(1000);
  std::iota(events.begin(), events.end(), 1);
  ValueCounts counts = record(events);
  for (std::uint64_t count : counts.count)
    EXPECT_LE(count, 1u);
}

TEST(ValueCounts, ThreadsMayRecordAtOnce) {
  ValueCounts counts{};
  std::vector<std::thread> threads;
  constexpr unsigned kEvents = 20000;
  for (unsigned thread = 0; thread < 4; ++thread)
    threads.emplace_back([&counts, thread] {
      for (unsigned i = 0; i < kEvents; ++i)
        counts.record(i % 3 == 0 ? thread : i % 7);
    });
  for (std::thread& thread : threads)
    thread.join();
  // Lossy, but of the right form: at most four values, none twice.
  ProgramProfile profile{{FunctionProfile{.name = "f", .memory = {memoryProfile(0, counts)}}}};
  EXPECT_EQ(canonicalDefect(profile), "");
}

} // namespace
} // namespace kiln
