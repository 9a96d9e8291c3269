#include "profile/Profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "Sample.h"

namespace kiln {
namespace {

constexpr std::uint64_t kMost = UINT64_MAX;

ProgramProfile merged(std::vector<ProgramProfile> profiles) {
  auto result = mergeProfiles(std::move(profiles));
  EXPECT_TRUE(result) << result.error().message;
  return result ? *result : ProgramProfile{};
}

ProgramProfile one(FunctionProfile function) {
  function.name = "f";
  function.hash = 42;
  return {{std::move(function)}};
}

/// A random profile of functions, places and values that coincide with those of others. Each list has few enough values
/// that nothing has to be dropped, unless `manyValues`.
ProgramProfile random(unsigned seed, bool manyValues) {
  std::mt19937_64 bits(seed);
  auto below = [&](std::uint64_t limit) { return bits() % limit; };
  auto count = [&] { return below(8) == 0 ? kMost - below(100) : below(1000); };
  ProgramProfile profile;
  for (std::uint64_t each = 0; each < 4; ++each) {
    FunctionProfile function;
    function.name = std::string(1, static_cast<char>('f' + below(2)));
    function.hash = below(2);
    function.entries = count();
    for (std::uint32_t place = 0; place < 3; ++place) {
      if (below(3) == 0)
        continue;
      function.branches.push_back({place, count(), count()});
      function.switches.push_back({10 + place, count(), {count(), count()}});
      function.loops.push_back({place, count()});
      CallProfile call{20 + place, {}, count()};
      MemoryProfile memory{30 + place, {}, count()};
      for (int value = 0; value < 4; ++value) {
        std::uint64_t which = below(manyValues ? 9 : 4);
        call.targets.push_back({std::string(1, static_cast<char>('a' + which)), which & 1, count()});
        memory.sizes.push_back({which, count()});
      }
      function.calls.push_back(std::move(call));
      function.memory.push_back(std::move(memory));
      ArgumentProfile argument{place, static_cast<ArgumentState>(below(3)), 0, 0};
      if (argument.state == ArgumentState::Constant) {
        argument.value = below(2);
        argument.count = 1 + below(5);
      }
      function.arguments.push_back(argument);
    }
    profile.functions.push_back(std::move(function));
  }
  return profile;
}

/// Without the values of lists: what merging keeps exactly in any grouping. Their totals stay, in `other`.
ProgramProfile withoutValues(ProgramProfile profile) {
  for (FunctionProfile& function : profile.functions) {
    for (CallProfile& call : function.calls) {
      for (const TargetCount& target : call.targets)
        call.other = saturatingAdd(call.other, target.count);
      call.targets.clear();
    }
    for (MemoryProfile& site : function.memory) {
      for (const SizeCount& size : site.sizes)
        site.other = saturatingAdd(site.other, size.count);
      site.sizes.clear();
    }
  }
  return profile;
}

TEST(ProfileTiers, AddUpButForTheEntriesThatEachHasAll) {
  ProgramProfile low = one({.entries = 50, .branches = {{1, 10, 2}}, .loops = {{3, 7}}});
  ProgramProfile high = one({.entries = 50, .branches = {{1, 30, 5}, {2, 1, 0}}});
  high.functions.push_back({.hash = 7, .name = "only there", .entries = 4});
  addTier(low, std::move(high));
  ASSERT_TRUE(normalize(low));
  ASSERT_EQ(low.functions.size(), 2u);
  EXPECT_EQ(low.functions[0], one({.entries = 50, .branches = {{1, 40, 7}, {2, 1, 0}}, .loops = {{3, 7}}}).functions[0]);
  EXPECT_EQ(low.functions[1].entries, 4u);
}

TEST(ProfileMerge, IsCommutativeAndTheEmptyProfileIsNeutral) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    ProgramProfile a = random(3 * seed, true), b = random(3 * seed + 1, true), c = random(3 * seed + 2, true);
    EXPECT_EQ(merged({a, b, c}), merged({c, b, a})) << seed;
    EXPECT_EQ(merged({a, b, c}), merged({b, {}, a, c})) << seed;
    ProgramProfile normal = a;
    ASSERT_TRUE(normalize(normal));
    EXPECT_EQ(canonicalDefect(normal), "") << seed;
    EXPECT_EQ(merged({normal, {}}), normal) << seed;
  }
}

TEST(ProfileMerge, IsAssociativeWhileNoValueIsDropped) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    ProgramProfile a = random(3 * seed, false), b = random(3 * seed + 1, false), c = random(3 * seed + 2, false);
    EXPECT_EQ(merged({merged({a, b}), c}), merged({a, merged({b, c})})) << seed;
  }
}

TEST(ProfileMerge, KeepsTotalsInAnyGrouping) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    ProgramProfile a = random(3 * seed, true), b = random(3 * seed + 1, true), c = random(3 * seed + 2, true);
    EXPECT_EQ(withoutValues(merged({merged({a, b}), c})), withoutValues(merged({a, merged({b, c})}))) << seed;
    EXPECT_EQ(withoutValues(merged({a, b, c})), withoutValues(merged({merged({a, b}), c}))) << seed;
  }
}

TEST(ProfileMerge, AddsUpAndStopsAtTheLargestNumber) {
  FunctionProfile a;
  a.entries = kMost - 1;
  a.branches = {{1, 10, kMost}};
  a.switches = {{2, 1, {2, kMost - 2}}};
  a.loops = {{0, 5}};
  a.memory = {{3, {{8, kMost - 3}}, kMost}};
  FunctionProfile b;
  b.entries = 1;
  b.branches = {{1, 20, 1}, {4, 7, 8}};
  b.switches = {{2, 3, {4, 5}}};
  b.loops = {{0, 6}, {9, 1}};
  b.memory = {{3, {{8, 4}, {16, 1}}, 2}};
  ProgramProfile all = merged({one(a), one(b)});
  const FunctionProfile* f = all.find("f", 42);
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->entries, kMost);
  EXPECT_EQ(f->branches, (std::vector<BranchProfile>{{1, 30, kMost}, {4, 7, 8}}));
  EXPECT_EQ(f->switches, (std::vector<SwitchProfile>{{2, 4, {6, kMost}}}));
  EXPECT_EQ(f->loops, (std::vector<LoopProfile>{{0, 11}, {9, 1}}));
  EXPECT_EQ(f->memory, (std::vector<MemoryProfile>{{3, {{8, kMost}, {16, 1}}, kMost}}));
  EXPECT_EQ(all.find("f", 41), nullptr);
  EXPECT_EQ(all.find("e", 42), nullptr);
}

TEST(ProfileMerge, KeepsTheFourMostFrequentAndTiesAreTheSmallest) {
  FunctionProfile a, b;
  a.memory = {{3, {{50, 5}, {40, 5}, {30, 5}, {20, 9}}, 1}};
  b.memory = {{3, {{10, 5}, {60, 4}, {50, 1}}, 2}};
  EXPECT_EQ(merged({one(a), one(b)}).functions[0].memory,
            (std::vector<MemoryProfile>{{3, {{20, 9}, {50, 6}, {10, 5}, {30, 5}}, 12}}));
  FunctionProfile c, d;
  c.calls = {{3, {{"x", 0, 5}, {"y", 0, 5}, {"z", 1, 5}, {"z", 2, 5}}, 0}};
  d.calls = {{3, {{"z", 0, 5}, {"w", 0, 6}}, 0}};
  EXPECT_EQ(merged({one(c), one(d)}).functions[0].calls,
            (std::vector<CallProfile>{{3, {{"w", 0, 6}, {"x", 0, 5}, {"y", 0, 5}, {"z", 0, 5}}, 10}}));
}

TEST(ProfileMerge, ArgumentsMeet) {
  using enum ArgumentState;
  struct Case {
    ArgumentProfile a, b, met;
  };
  const Case cases[] = {
      {{0, Unseen, 0, 0}, {0, Unseen, 0, 0}, {0, Unseen, 0, 0}},
      {{0, Unseen, 0, 0}, {0, Constant, 5, 2}, {0, Constant, 5, 2}},
      {{0, Unseen, 0, 0}, {0, Varied, 0, 0}, {0, Varied, 0, 0}},
      {{0, Constant, 5, 1}, {0, Constant, 5, 2}, {0, Constant, 5, 3}},
      {{0, Constant, 5, kMost}, {0, Constant, 5, 2}, {0, Constant, 5, kMost}},
      {{0, Constant, 5, 1}, {0, Constant, 6, 2}, {0, Varied, 0, 0}},
      {{0, Constant, 5, 1}, {0, Varied, 0, 0}, {0, Varied, 0, 0}},
      {{0, Varied, 0, 0}, {0, Varied, 0, 0}, {0, Varied, 0, 0}},
  };
  for (const Case& test : cases) {
    ArgumentProfile there = test.a, back = test.b;
    meet(there, test.b);
    meet(back, test.a);
    EXPECT_EQ(there, test.met);
    EXPECT_EQ(back, test.met);
  }
}

TEST(ProfileMerge, FunctionsAreTheSameByHashAndName) {
  FunctionProfile f{.hash = 1, .name = "f", .entries = 1}, g{.hash = 1, .name = "g", .entries = 2},
      changed{.hash = 2, .name = "f", .entries = 4};
  ProgramProfile all = merged({{{g, changed}}, {{f, f}}});
  ASSERT_EQ(all.functions.size(), 3u);
  EXPECT_EQ(all.find("f", 1)->entries, 2u);
  EXPECT_EQ(all.find("f", 2)->entries, 4u);
  EXPECT_EQ(all.find("g", 1)->entries, 2u);
}

TEST(ProfileMerge, TheSameHashWithAnotherShapeIsAnError) {
  FunctionProfile twoCases, threeCases, branch, call;
  twoCases.switches = {{5, 0, {1, 2}}};
  threeCases.switches = {{5, 0, {1, 2, 3}}};
  branch.branches = {{5, 1, 1}};
  call.calls = {{5, {}, 1}};
  const std::pair<FunctionProfile, FunctionProfile> pairs[] = {
      {twoCases, threeCases}, {twoCases, branch}, {branch, call}, {call, twoCases}};
  for (const auto& [a, b] : pairs) {
    auto result = mergeProfiles({one(a), one(b)});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::BadProfile);
    EXPECT_NE(result.error().message.find("function 'f'"), std::string::npos) << result.error().message;
  }
  // Not reached there: no contradiction.
  EXPECT_EQ(merged({one(twoCases), one({})}).functions[0].switches, twoCases.switches);
}

TEST(Profile, CountsAreScaledTogether) {
  FunctionProfile function{.entries = 10, .branches = {{1, 6, 1}}, .switches = {{2, 3, {0, 7}}}, .loops = {{1, 100}}};
  function.calls = {{.number = 3, .targets = {{"a", 0, 9}}, .other = 4}};
  function.memory = {{.number = 4, .sizes = {{16, 5}}, .other = 2}};
  function.arguments = {{0, ArgumentState::Constant, 7, 10}, {1, ArgumentState::Varied, 0, 0}};
  scaleCounts(function, 5, 2);
  EXPECT_EQ(function.entries, 25u);
  EXPECT_EQ(function.branches, (std::vector<BranchProfile>{{1, 15, 2}}));
  EXPECT_EQ(function.switches, (std::vector<SwitchProfile>{{2, 7, {0, 17}}}));
  EXPECT_EQ(function.loops[0].backEdges, 250u);
  EXPECT_EQ(function.calls[0].targets[0].count, 22u);
  EXPECT_EQ(function.calls[0].other, 10u);
  EXPECT_EQ(function.memory[0].sizes[0], (SizeCount{16, 12}));
  EXPECT_EQ(function.arguments[0].value, 7u); // no count
  EXPECT_EQ(function.arguments[0].count, 25u);
  FunctionProfile extremes{.entries = UINT64_MAX, .branches = {{1, 1, 0}}};
  scaleCounts(extremes, UINT64_MAX, 1);
  EXPECT_EQ(extremes.entries, UINT64_MAX);
  scaleCounts(extremes, 1, UINT64_MAX);
  EXPECT_EQ(extremes.branches[0].taken, 1u); // it was seen
  EXPECT_EQ(extremes.branches[0].notTaken, 0u);
}

TEST(Profile, SummariesHaveEntriesAndWaysOfBranches) {
  CountSummary summary;
  addCounts(summary, {.entries = 10, .branches = {{1, 6, 4}}, .switches = {{2, 3, {0, 7}}}, .loops = {{1, 1000}}});
  EXPECT_EQ(summary.sum(), 30u);
  EXPECT_EQ(summary.places(), 6u);
  EXPECT_EQ(summary.highestEntries(), 10u);
}

TEST(Profile, DefectsOfTheCanonicalFormAreNamed) {
  EXPECT_EQ(canonicalDefect(test::sample()), "");
  auto defect = [](auto change) {
    ProgramProfile profile = test::sample();
    for (FunctionProfile& function : profile.functions)
      if (function.name == "full" && function.hash != 1)
        change(function);
    return canonicalDefect(profile);
  };
  EXPECT_EQ(defect([](FunctionProfile& f) { std::swap(f.branches[0], f.branches[1]); }),
            "function 'full': branches: numbers do not rise at 0");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.loops[1].block = 0; }),
            "function 'full': loops: numbers do not rise at 0");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.branches[0].number = 3; }),
            "function 'full': one value number is in two lists");
  EXPECT_EQ(defect([](FunctionProfile& f) { std::swap(f.memory[0].sizes[0], f.memory[0].sizes[1]); }),
            "function 'full': memory_sizes: 20: the most frequent values do not come first");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.memory[0].sizes[2] = {16, 2}; }),
            "function 'full': memory_sizes: 20: a value is listed twice");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.memory[0].sizes[2].count = 0; }),
            "function 'full': memory_sizes: 20: a value was never seen");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.calls[0].targets.push_back({"z", 0, 1}); }),
            "function 'full': indirect_calls: 12: more than 4 values");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.arguments[0].count = 1; }),
            "function 'full': arguments: 0: value and count do not fit the state");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.arguments[1].count = 0; }),
            "function 'full': arguments: 1: value and count do not fit the state");
  EXPECT_EQ(defect([](FunctionProfile& f) { f.hash = 0; }),
            "function 'full': functions are not in order of name and hash");
}

} // namespace
} // namespace kiln
