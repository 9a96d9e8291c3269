// The cache through the API: what one engine compiled, the next one finds; what differs, it does not.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "Host.h"
#include "kiln/Cache.h"

namespace kiln {
namespace {

using test::Host;

constexpr std::string_view kProgram = R"(
@total = thread_local global i64 0
@table = internal constant [4 x i64] [i64 3, i64 1, i64 4, i64 1]
declare extern_weak i64 @helper(i64)
declare ptr @llvm.threadlocal.address.p0(ptr)
declare double @fmod(double, double)
define internal i64 @step(i64 %x) noinline {
  %slot = and i64 %x, 3
  %at = getelementptr [4 x i64], ptr @table, i64 0, i64 %slot
  %v = load i64, ptr %at
  %there = icmp ne ptr @helper, null
  br i1 %there, label %ask, label %done
ask:
  %h = call i64 @helper(i64 %v)
  br label %done
done:
  %r = phi i64 [ %v, %0 ], [ %h, %ask ]
  ret i64 %r
}
define i64 @sum(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %s = phi i64 [ 0, %entry ], [ %more, %loop ]
  %v = call i64 @step(i64 %i)
  %more = add i64 %s, %v
  %place = call ptr @llvm.threadlocal.address.p0(ptr @total)
  %old = load i64, ptr %place
  %new = add i64 %old, 1
  store i64 %new, ptr %place
  %next = add i64 %i, 1
  %on = icmp slt i64 %next, %n
  br i1 %on, label %loop, label %done
done:
  ret i64 %more
}
define double @rest(double %a, double %b) {
  %r = call double @fmod(double %a, double %b)
  ret double %r
})";

std::int64_t expectedSum(std::int64_t n) {
  constexpr std::int64_t table[] = {3, 1, 4, 1};
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i)
    sum += table[i & 3];
  return sum;
}

class CacheTest : public testing::Test {
protected:
  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 ("kiln-api-cache-" + std::to_string(getpid()) + "-" +
                                  testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { std::filesystem::remove_all(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Compiles only what is promoted, in the thread that asks.
  Options options(std::string_view ladder = "baseline,O3@1000000000") {
    Options options = test::withLadder(ladder);
    options.compileThreads = 0;
    options.cache.folder = folder.string();
    options.cache.endMilliseconds = 60000; // what was compiled shall be there, however busy the machine is
    return options;
  }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder))
      count += each.path().filename().string().find("-f") != std::string::npos;
    return count;
  }
};

void promoteAndCall(Host& host) {
  for (const char* name : {"sum", "step", "rest"}) {
    auto done = host.program->promote(name, Tier::O3);
    ASSERT_TRUE(done) << done.error().message;
  }
  EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(1000), expectedSum(1000));
  EXPECT_EQ(host.function<double(double, double)>("rest")(7.5, 2.0), 1.5);
}

/// The statistics after the three were promoted and called.
CacheStatistics run(const ProgramInput& input, const Options& options) {
  Host host(input, options);
  promoteAndCall(host);
  return host.program->statistics().cache;
}

TEST_F(CacheTest, IsOffUnlessAFolderIsNamed) {
  Options off = options();
  off.cache = {};
  EXPECT_FALSE(run(test::text(kProgram), off).on);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(CacheTest, TheNextEngineFindsWhatTheFirstCompiled) {
  auto first = run(test::text(kProgram), options());
  EXPECT_TRUE(first.on);
  EXPECT_EQ(first.hits, 0u);
  EXPECT_EQ(first.misses, 3u);
  EXPECT_EQ(entries(), 3u); // the program's end waited for them
  Host second(kProgram, options());
  promoteAndCall(second);
  Statistics statistics = second.program->statistics();
  EXPECT_EQ(statistics.cache.hits, 3u);
  EXPECT_EQ(statistics.cache.misses, 0u);
  EXPECT_EQ(statistics.cache.damaged, 0u);
  EXPECT_GT(statistics.cache.savedNs, 0u);
  std::size_t cached = 0;
  for (const FunctionStatistics& function : statistics.functions)
    for (const VersionStatistics& version : function.versions)
      if (version.cached) {
        ++cached;
        EXPECT_EQ(version.tier, Tier::O3);
        EXPECT_EQ(version.passesNs + version.codegenNs, 0u) << function.name;
        EXPECT_GT(version.codeBytes, 0u) << function.name;
      }
  EXPECT_EQ(cached, 3u);
}

Options keepingAll(Options options) {
  options.ladder = *Ladder::parse("baseline,O3@1000000000");
  options.compileThreads = 1; // without them runs are to be repeatable
  options.cache.leastMicroseconds = 0;
  return options;
}

void callAll(Host& host, std::int64_t expected) {
  EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(1000), expected);
  EXPECT_EQ(host.function<double(double, double)>("rest")(7.5, 2.0), 1.5);
}

TEST_F(CacheTest, TheNextProgramStartsFromKeptBaselineCodeAndReadsNoModule) {
  {
    Host first(kProgram, keepingAll(options()));
    callAll(first, expectedSum(1000));
    CacheStatistics cache = first.program->statistics().cache;
    EXPECT_EQ(cache.baselineMade, 3u);
    EXPECT_EQ(cache.baselineFound, 0u);
    EXPECT_FALSE(cache.startFound);
  }
  Host second(kProgram, keepingAll(options()));
  callAll(second, expectedSum(1000));
  Statistics statistics = second.program->statistics();
  EXPECT_EQ(statistics.cache.baselineMade, 0u);
  EXPECT_EQ(statistics.cache.baselineFound, 3u);
  EXPECT_TRUE(statistics.cache.startFound);
  EXPECT_EQ(statistics.baseline.functions, 0u);
  // What is asked of the IR is there all the same.
  auto promoted = second.program->promote("sum", Tier::O3);
  EXPECT_TRUE(promoted) << promoted.error().message;
  callAll(second, expectedSum(1000));
}

TEST_F(CacheTest, AKeptStartIsNotUsedWhereANameIsGoneOrNew) {
  constexpr std::string_view needs = R"(
declare i64 @needed(i64)
define i64 @ask(i64 %x) {
  %r = call i64 @needed(i64 %x)
  ret i64 %r
})";
  auto needed = +[](std::int64_t x) { return x * 10; };
  auto with = test::text(needs);
  with.hostFunctions.push_back({"needed", reinterpret_cast<const void*>(needed)});
  for (bool found : {false, true}) {
    Host host(with, keepingAll(options()));
    EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("ask")(4), 40);
    EXPECT_EQ(host.program->statistics().cache.startFound, found);
  }
  auto engine = Engine::create(keepingAll(options()));
  auto without = (*engine)->load(test::text(needs));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::UnresolvedSymbol);

  // A weak name that nothing defined, and then the host does.
  { Host first(kProgram, keepingAll(options())); callAll(first, expectedSum(1000)); }
  auto helped = test::text(kProgram);
  helped.hostFunctions.push_back({"helper", reinterpret_cast<const void*>(needed)});
  Host host(helped, keepingAll(options()));
  EXPECT_FALSE(host.program->statistics().cache.startFound);
  callAll(host, 10 * expectedSum(1000));
}

TEST_F(CacheTest, CodeIsThereBeforeTheFirstCall) {
  run(test::text(kProgram), options());
  Options threads = options();
  threads.compileThreads = 1;
  Host host(kProgram, threads);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (host.program->statistics().cache.installed < 3 && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(host.program->statistics().cache.installed, 3u);
  EXPECT_EQ(host.tierOf("sum"), Tier::O3);
  EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(1000), expectedSum(1000));
  for (const FunctionStatistics& function : host.program->statistics().functions)
    EXPECT_EQ(function.versions.size(), 1u) << function.name; // no other was ever made
}

TEST_F(CacheTest, ALoopMovesIntoItsContinuation) {
  const Options climbing = options("baseline,O3@100:1000");
  auto transfers = [&](std::uint64_t& hits) {
    Host host(kProgram, climbing);
    EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(100000), expectedSum(100000));
    Statistics statistics = host.program->statistics();
    hits = statistics.cache.hits;
    for (const FunctionStatistics& function : statistics.functions)
      if (function.name == "sum")
        return function.osrTransfers;
    return std::uint64_t{0};
  };
  std::uint64_t hits = 0;
  EXPECT_GE(transfers(hits), 1u);
  EXPECT_EQ(hits, 0u);
  EXPECT_GE(transfers(hits), 1u);
  EXPECT_GE(hits, 1u);
}

TEST_F(CacheTest, WhatCodeDependsOnIsInTheKey) {
  run(test::text(kProgram), options());
  std::string changed(kProgram);
  changed.replace(changed.find("i64 4,"), 6, "i64 5,");
  {
    Host host(changed, options());
    ASSERT_TRUE(host.program->promote("sum", Tier::O3));
    EXPECT_EQ(host.program->statistics().cache.hits, 0u);
    EXPECT_NE(host.function<std::int64_t(std::int64_t)>("sum")(1000), expectedSum(1000));
  }
  Options unprofiled = options();
  unprofiled.pgo = false;
  EXPECT_EQ(run(test::text(kProgram), unprofiled).hits, 0u);
  Options counting = options();
  counting.counting = Counting::On;
  EXPECT_EQ(run(test::text(kProgram), counting).hits, 0u);
  EXPECT_EQ(run(test::text(kProgram), counting).hits, 3u);
}

std::int64_t helper(std::int64_t x) { return 10 * x; }

TEST_F(CacheTest, AWeakNameThatExistsIsAnotherContext) {
  run(test::text(kProgram), options());
  for (std::uint64_t hits : {0u, 1u}) {
    ProgramInput input = test::text(kProgram);
    input.host("helper", helper);
    Host host(input, options());
    ASSERT_TRUE(host.program->promote("sum", Tier::O3));
    EXPECT_EQ(host.program->statistics().cache.hits, hits);
    EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(1000), 10 * expectedSum(1000));
  }
  EXPECT_EQ(run(test::text(kProgram), options()).hits, 3u);
}

TEST_F(CacheTest, ProgramsOfOneEngineDoNotMeet) {
  auto engine = Engine::create(options());
  ASSERT_TRUE(engine);
  std::string changed(kProgram);
  changed.replace(changed.find("i64 4,"), 6, "i64 5,");
  for (int round = 0; round < 2; ++round) {
    auto one = (*engine)->load(test::text(kProgram)), other = (*engine)->load(test::text(changed));
    ASSERT_TRUE(one && other);
    for (auto* program : {one->get(), other->get()})
      ASSERT_TRUE(program->promote("sum", Tier::O3));
    EXPECT_EQ((*one)->statistics().cache.hits, static_cast<std::uint64_t>(round));
    EXPECT_EQ((*other)->statistics().cache.hits, static_cast<std::uint64_t>(round));
    auto sum = (*one)->function<std::int64_t(std::int64_t)>("sum"), more = (*other)->function<std::int64_t(std::int64_t)>("sum");
    EXPECT_EQ((*sum)(1000), expectedSum(1000));
    EXPECT_EQ((*more)(1000), expectedSum(1000) + 250);
  }
}

TEST_F(CacheTest, AChildOfForkGoesOnByItself) {
  run(test::text(kProgram), options());
  Host host(kProgram, options());
  ASSERT_TRUE(host.program->promote("sum", Tier::O3)); // the thread may be at work
  pid_t child = fork();
  if (child == 0) {
    bool right = host.program->promote("step", Tier::O3).has_value() && host.program->promote("rest", Tier::O2).has_value();
    right = right && host.function<std::int64_t(std::int64_t)>("sum")(1000) == expectedSum(1000);
    host.program->saveToCache();
    right = right && host.program->statistics().cache.hits == 2 && host.program->statistics().cache.written >= 1;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(host.program->promote("rest", Tier::O2));
  EXPECT_EQ(host.program->statistics().cache.hits, 2u); // that the child compiled
}

TEST_F(CacheTest, AfterShutdownNothingIsInstalled) {
  Host host(kProgram, options());
  ASSERT_TRUE(host.program->promote("sum", Tier::O3));
  host.engine->shutdown();
  EXPECT_FALSE(host.program->promote("step", Tier::O3));
  EXPECT_EQ(host.function<std::int64_t(std::int64_t)>("sum")(1000), expectedSum(1000));
}

TEST_F(CacheTest, BadOptionsAreErrors) {
  auto codeOf = [](const CacheOptions& cache) {
    Options options;
    options.cache = cache;
    auto engine = Engine::create(options);
    return engine ? ErrorCode::Ok : engine.error().code;
  };
  CacheOptions cache;
  cache.remote = "redis://localhost";
  EXPECT_EQ(codeOf(cache), ErrorCode::BadOption); // no folder before it
  cache.folder = folder.string();
  EXPECT_EQ(codeOf(cache), ErrorCode::BadOption); // no key
  cache.keyFile = (folder / "none").string();
  EXPECT_EQ(codeOf(cache), ErrorCode::FileNotFound);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "key") << "long enough to be a key";
  cache.keyFile = (folder / "key").string();
  EXPECT_EQ(codeOf(cache), ErrorCode::Ok); // the server is not asked yet
  cache.remote = "ftp://localhost";
  EXPECT_EQ(codeOf(cache), ErrorCode::BadOption);
}

TEST_F(CacheTest, ItIsDescribedAndCleared) {
  run(test::text(kProgram, "described.ll"), options());
  auto text = describeCache(folder.string(), 1 << 20);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_NE(text->find("described.ll"), std::string::npos) << *text;
  auto removed = clearCache(folder.string());
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_GE(*removed, 4u);
  EXPECT_EQ(entries(), 0u);
  EXPECT_EQ(run(test::text(kProgram), options()).hits, 0u);
}

} // namespace
} // namespace kiln
