// Functions that change tier: by calls, by loops, by request; what observers and statistics say about it.
#include "Host.h"

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

namespace kiln {
namespace {

using test::Host;

using Lines = std::vector<std::string>;

/// Remembers every event as one line, and its reason apart.
class Log final : public Observer {
public:
  void onTierEvent(const TierEvent& event) override {
    static constexpr const char* kKinds[] = {"requested", "published", "demoted", "failed", "dropped", "exit", "loop", "replaced"};
    std::string line = std::string(event.function) + " " + kKinds[static_cast<int>(event.kind)] + " " +
                       (event.from ? std::string(tierName(*event.from)) : "-") + ">" + std::string(tierName(event.to));
    std::lock_guard lock(mutex_);
    lines_.push_back(line);
    reasons_.emplace_back(event.reason);
    program_ = event.program;
  }
  /// The function's events in order, of one kind or all. Between kinds the order is open: a request is told by the
  /// program's thread, its end by a compile thread.
  Lines of(std::string_view function, std::string_view kind = "") {
    std::lock_guard lock(mutex_);
    Lines own;
    std::string start = std::string(function) + " " + std::string(kind);
    for (const std::string& line : lines_)
      if (line.starts_with(start))
        own.push_back(line.substr(function.size() + 1));
    return own;
  }
  std::string reasonOf(std::string_view end) {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < lines_.size(); ++i)
      if (lines_[i].ends_with(end))
        return reasons_[i];
    return "(no such event)";
  }
  std::string program() { return program_; }

private:
  std::mutex mutex_;
  Lines lines_, reasons_;
  std::string program_;
};

void callTwice(Host& host, int times) {
  auto twice = host.function<int(int)>("twice");
  for (int i = 0; i < times; ++i)
    ASSERT_EQ(twice(i), 2 * i);
}

/// The ladder that these tests count against.
Options climbing() { return test::withLadder("O0,O2@100,O3@1000"); }

TEST(Climb, ByCallsThroughALadder) {
  Host host(test::kFib, climbing());
  EXPECT_EQ(host.tierOf("twice"), std::nullopt);
  callTwice(host, 1);
  EXPECT_EQ(host.tierOf("twice"), Tier::O0);
  callTwice(host, 99);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O0); // 100 calls spend the budget, the next one asks
  callTwice(host, 1);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O2);
  callTwice(host, 1000);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O3);
  callTwice(host, 10);
}

TEST(Climb, CallsInsideTheProgramCount) {
  Host host(test::kFib, climbing());
  EXPECT_EQ(host.function<int(int)>("fib")(22), 17711); // 28,656 calls
  host.program->waitForCompiles();
  host.function<int(int)>("fib")(20);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("fib"), Tier::O3);
  EXPECT_EQ(host.function<int(int)>("fib")(22), 17711);
}

TEST(Climb, LoopsCount) {
  Host host(test::kLoops, climbing());
  std::vector<int> data(30000);
  std::iota(data.begin(), data.end(), 0);
  auto sum = host.function<int(const int*, std::size_t)>("sum");
  auto expected = static_cast<int>(3u * (29999u * 15000u)); // modulo 2^32, as i32 wraps
  // The first call counts 29,999 back-edges, past the 10,000 of O2. There the loop is vectorised and runs, and counts,
  // fewer; the 100,000 of O3 are reached far below the 1,000 calls that O3 is entered after.
  EXPECT_EQ(sum(data.data(), data.size()), expected);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("sum"), Tier::O2);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(sum(data.data(), data.size()), expected);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("sum"), Tier::O3);
  EXPECT_EQ(sum(data.data(), data.size()), expected);
}

TEST(Climb, LoopsWithoutAKnownCountCountExactly) {
  Host host(test::kLoops, test::withLadder("O0,O2@1000000"));
  auto collatz = host.function<int(long)>("collatz");
  EXPECT_EQ(collatz(27), 111); // steps of 27, OEIS A006577
  EXPECT_EQ(collatz(97), 118);
  FunctionStatistics found;
  for (const FunctionStatistics& each : host.program->statistics().functions)
    if (each.name == "collatz")
      found = each;
  EXPECT_EQ(found.calls, 2u);
  EXPECT_EQ(found.loops, 111u + 118u);
}

TEST(Climb, SmallLoopsOfBaselineCountInBatchesAndExactly) {
  // Two ways back and two ways out; with thousands of rounds a batch ends in between.
  const std::string ir = std::string(test::kLoops) + R"(
define i64 @scan(i64 %n, i64 %stop) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %odd ], [ %next, %even ]
  %s = phi i64 [ 0, %entry ], [ %s1, %odd ], [ %s, %even ]
  %next = add i64 %i, 1
  %found = icmp eq i64 %i, %stop
  br i1 %found, label %early, label %body
body:
  %bit = and i64 %i, 1
  %isodd = icmp ne i64 %bit, 0
  br i1 %isodd, label %odd, label %even
odd:
  %s1 = add i64 %s, %i
  br label %head
even:
  %more = icmp slt i64 %next, %n
  br i1 %more, label %head, label %done
early:
  ret i64 -1
done:
  ret i64 %s
})";
  for (unsigned registers : {0u, 4u}) {
    Options options = test::withLadder("baseline,O2@1000000");
    options.baselineRegisters = registers;
    Host host(ir, options);
    auto scan = host.function<long(long, long)>("scan");
    EXPECT_EQ(scan(5, 100), 1 + 3);           // rounds 0 to 4: four ways back
    EXPECT_EQ(scan(100001, 200000), 2500000000); // 0 to 100,000
    EXPECT_EQ(scan(100001, 7), -1);           // out in round 7
    auto hot = host.program->hotFunctions(1);
    ASSERT_EQ(hot.size(), 1u);
    EXPECT_EQ(hot[0].loops, 4u + 100000u + 7u);
    auto collatz = host.function<int(long)>("collatz");
    EXPECT_EQ(collatz(27), 111);
    for (const FunctionStatistics& each : host.program->statistics().functions)
      if (each.name == "collatz")
        EXPECT_EQ(each.loops, 111u);
  }
}

TEST(Climb, CountedLoopsCountTheirTrips) {
  Host host(test::kLoops, test::withLadder("O0,O2@1000000"));
  const std::vector<int> data(10, 1);
  EXPECT_EQ(host.function<int(const int*, std::size_t)>("sum")(data.data(), 10), 30);
  auto hot = host.program->hotFunctions(1);
  ASSERT_EQ(hot.size(), 1u);
  EXPECT_EQ(hot[0].loops, 9u);
}

TEST(Climb, AFixedTierStays) {
  for (Tier tier : kAllTiers) {
    Options options = climbing();
    options.ladder = Ladder::fixed(tier);
    Host host(test::kFib, options);
    callTwice(host, 3000);
    host.program->waitForCompiles();
    if (!host.program->statistics().refusals.empty())
      continue; // a compiler that is to come takes nothing yet
    EXPECT_EQ(host.tierOf("twice"), tier);
    auto hot = host.program->hotFunctions(5);
    ASSERT_EQ(hot.size(), 1u);
    // Compiled code has no counting in it then; the interpreter counts its calls always.
    EXPECT_EQ(hot[0].calls, tier == Tier::Interpreter ? 3000u : 0u);
    EXPECT_EQ(hot[0].versions.size(), 1u);
  }
}

TEST(Climb, WithoutThreadsTheCallerCompiles) {
  Options options = climbing();
  options.compileThreads = 0;
  Host host(test::kFib, options);
  callTwice(host, 101);
  EXPECT_EQ(host.tierOf("twice"), Tier::O2); // no waiting
  callTwice(host, 1000);
  EXPECT_EQ(host.tierOf("twice"), Tier::O3);
}

TEST(Climb, CountingCanBeOffOrOn) {
  Options off = test::withLadder("O0,O2@10");
  off.counting = Counting::Off;
  Host silent(test::kFib, off);
  callTwice(silent, 1000);
  silent.program->waitForCompiles();
  EXPECT_EQ(silent.tierOf("twice"), Tier::O0);

  Options on;
  on.ladder = Ladder::fixed(Tier::O3);
  on.counting = Counting::On;
  Host loud(test::kFib, on);
  callTwice(loud, 1000);
  EXPECT_EQ(loud.program->hotFunctions(1).at(0).calls, 1000u);
}

/// Whether the baseline compiler declined something: it is to come.
bool baselineRefused(Host& host) {
  for (const Statistics::RefusalCount& refusal : host.program->statistics().refusals)
    if (refusal.tier == Tier::Baseline)
      return true;
  return false;
}

TEST(Climb, ThroughBaselineAtOnce) {
  Log log;
  Options options = test::withLadder("interpreter,baseline@10,O2@100");
  options.observer = &log;
  Host host(test::kFib, options);
  callTwice(host, 10);
  EXPECT_EQ(host.tierOf("twice"), Tier::Interpreter);
  EXPECT_TRUE(host.program->statistics().refusals.empty());
  callTwice(host, 1);
  bool refused = baselineRefused(host);
  EXPECT_EQ(host.tierOf("twice"), refused ? Tier::Interpreter : Tier::Baseline); // nobody waited
  EXPECT_EQ(log.of("twice"), (Lines{"published ->interpreter", "requested interpreter>baseline",
                                    refused ? "failed interpreter>baseline" : "published interpreter>baseline"}));
  EXPECT_EQ(host.program->statistics().requests, 0u);
  callTwice(host, 89);
  EXPECT_EQ(host.program->statistics().requests, 0u);
  callTwice(host, 1);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O2);
  if (refused) {
    auto refusals = host.program->statistics().refusals;
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_EQ(refusals[0].functions, 1u); // and not asked again
  }
}

TEST(Promote, ToALowTierTakesNoCompileThread) {
  Host host(test::kFib, climbing());
  ASSERT_TRUE(host.program->promote("twice", Tier::Interpreter, false));
  EXPECT_EQ(host.tierOf("twice"), Tier::Interpreter);
  ASSERT_TRUE(host.program->promote("twice", Tier::Baseline, false));
  EXPECT_EQ(host.tierOf("twice"), baselineRefused(host) ? Tier::O0 : Tier::Baseline);
  EXPECT_EQ(host.program->statistics().requests, 0u);
  callTwice(host, 5);
}

TEST(Promote, WithAndWithoutWaiting) {
  Host host(test::kFib, climbing());
  ASSERT_TRUE(host.program->promote("twice", Tier::O2)); // before the first call
  EXPECT_EQ(host.tierOf("twice"), Tier::O2);
  ASSERT_TRUE(host.program->promote("twice", Tier::O3, false));
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O3);
  callTwice(host, 10);
}

TEST(Promote, ToALowerTierGoesThereToo) {
  Host host(test::kFib, test::withLadder("O0,O3@1000000"));
  ASSERT_TRUE(host.program->promote("twice", Tier::O3));
  ASSERT_TRUE(host.program->promote("twice", Tier::O1));
  EXPECT_EQ(host.tierOf("twice"), Tier::O1);
  ASSERT_TRUE(host.program->promote("twice", Tier::O2, false));
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O2);
}

TEST(Promote, QueuedToALowerTierGoesThereToo) {
  Host host(test::kFib, test::withLadder("O0,O3@1000000"));
  ASSERT_TRUE(host.program->promote("twice", Tier::O3));
  ASSERT_TRUE(host.program->promote("twice", Tier::O1, false));
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O1);
}

TEST(Demote, HoldsUntilPromoted) {
  Host host(test::kFib, climbing());
  ASSERT_TRUE(host.program->promote("twice", Tier::O3));
  ASSERT_TRUE(host.program->demote("twice", Tier::O0));
  EXPECT_EQ(host.tierOf("twice"), Tier::O0);
  callTwice(host, 5000);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O0);
  EXPECT_TRUE(host.program->hotFunctions(1).at(0).held);
  ASSERT_TRUE(host.program->promote("twice", Tier::O2));
  EXPECT_EQ(host.tierOf("twice"), Tier::O2);
  EXPECT_FALSE(host.program->hotFunctions(1).at(0).held);
  callTwice(host, 5000);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("twice"), Tier::O3); // and it climbs on, to the code that is there
  EXPECT_EQ(host.program->statistics().compiles, 3u);
}

TEST(Demote, ReturnsToCodeThatIsThere) {
  Host host(test::kFib, climbing());
  callTwice(host, 1);
  ASSERT_TRUE(host.program->promote("twice", Tier::O2));
  ASSERT_TRUE(host.program->demote("twice", Tier::O0));
  ASSERT_TRUE(host.program->promote("twice", Tier::O2));
  EXPECT_EQ(host.program->statistics().compiles, 2u);
}

TEST(Observer, SeesTheClimbInOrder) {
  Log log;
  Options options = climbing();
  options.observer = &log;
  Host host(test::text(test::kFib, "named.ll"), options);
  callTwice(host, 101);
  host.program->waitForCompiles();
  callTwice(host, 1000);
  host.program->waitForCompiles();
  EXPECT_EQ(log.of("twice", "published"), (Lines{"published ->O0", "published O0>O2", "published O2>O3"}));
  EXPECT_EQ(log.of("twice", "requested"), (Lines{"requested O0>O2", "requested O2>O3"}));
  EXPECT_EQ(log.of("twice").size(), 5u);
  EXPECT_EQ(log.reasonOf("requested O0>O2"), "calls");
  EXPECT_EQ(log.reasonOf("published ->O0"), "first call");
  EXPECT_EQ(log.program(), "named.ll");
  ASSERT_TRUE(host.program->demote("twice", Tier::O0));
  EXPECT_EQ(log.of("twice").back(), "demoted O3>O0");
}

TEST(Observer, SeesTheClimbInOrderWithoutThreads) {
  Log log;
  Options options = climbing();
  options.observer = &log;
  options.compileThreads = 0;
  Host host(test::kFib, options);
  callTwice(host, 1200);
  EXPECT_EQ(log.of("twice", "published"), (Lines{"published ->O0", "published O0>O2", "published O2>O3"}));
  EXPECT_EQ(log.of("twice", "requested"), (Lines{"requested O0>O2", "requested O2>O3"}));
}

TEST(ProgramStatistics, SayWhatHappened) {
  Host host(test::kFib, climbing());
  callTwice(host, 101);
  host.program->waitForCompiles();
  Statistics all = host.program->statistics();
  EXPECT_EQ(all.ladder, "O0,O2@100,O3@1000");
  EXPECT_EQ(all.functionsInProgram, 2u);
  ASSERT_EQ(all.functions.size(), 1u); // fib was not called
  EXPECT_EQ(all.functions[0].name, "twice");
  EXPECT_EQ(all.functions[0].calls, 101u);
  ASSERT_EQ(all.functions[0].versions.size(), 2u);
  EXPECT_EQ(all.functions[0].versions[0].tier, Tier::O0);
  EXPECT_EQ(all.functions[0].versions[1].tier, Tier::O2);
  EXPECT_EQ(all.functions[0].versions[1].callsBefore, 101u);
  EXPECT_EQ(all.compiles, 2u);
  EXPECT_EQ(all.requests, 1u);
  EXPECT_EQ(all.queueHighWater, 1u);
  EXPECT_EQ(all.compileThreads, 1u);
  EXPECT_GT(all.codeBytes, 0u);
  EXPECT_GE(all.codeSpaceUsed, all.codeBytes);
  EXPECT_EQ(all.requestsFailed, 0u);
}

TEST(ProgramStatistics, HotFunctionsAreSortedAndCut) {
  Host host(test::kFib, test::withLadder("O0,O2@1000000"));
  callTwice(host, 7);
  host.function<int(int)>("fib")(10); // 177 calls
  auto hot = host.program->hotFunctions(10);
  ASSERT_EQ(hot.size(), 2u);
  EXPECT_EQ(hot[0].name, "fib");
  EXPECT_EQ(hot[0].calls, 177u);
  EXPECT_EQ(hot[1].calls, 7u);
  EXPECT_EQ(host.program->hotFunctions(1).size(), 1u);
  EXPECT_TRUE(host.program->hotFunctions(0).empty());
}

TEST(Threads, CallWhileTheFunctionClimbs) {
  Host host(test::kFib, climbing());
  auto fib = host.function<int(int)>("fib");
  std::atomic<int> wrong{0};
  auto work = [&] {
    for (int i = 0; i < 60; ++i)
      if (fib(16) != 987)
        wrong.fetch_add(1);
  };
  std::thread a(work), b(work);
  a.join();
  b.join();
  EXPECT_EQ(wrong.load(), 0);
  host.program->waitForCompiles();
  work();
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("fib"), Tier::O3);
}

TEST(Threads, MeetInTheFirstCall) {
  for (int round = 0; round < 10; ++round) {
    Host host(test::kFib, climbing());
    auto fib = host.function<int(int)>("fib");
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] { good.fetch_add(fib(10) == 55); });
    for (std::thread& thread : threads)
      thread.join();
    EXPECT_EQ(good.load(), 4);
    std::size_t baseline = 0;
    auto hot = host.program->hotFunctions(1);
    ASSERT_EQ(hot.size(), 1u);
    for (const VersionStatistics& version : hot[0].versions)
      baseline += version.tier == Tier::O0;
    EXPECT_EQ(baseline, 1u); // compiled once
  }
}

TEST(Threads, PromoteAndDemoteWhileOthersCall) {
  Host host(test::kFib, climbing());
  auto fib = host.function<int(int)>("fib");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread caller([&] {
    while (!stop.load())
      if (fib(12) != 144)
        wrong.fetch_add(1);
  });
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(host.program->promote("fib", kAllTiers[static_cast<std::size_t>(i) % kTierCount]));
    EXPECT_TRUE(host.program->demote("fib", kAllTiers[static_cast<std::size_t>(i / 4) % kTierCount]));
  }
  stop.store(true);
  caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

} // namespace
} // namespace kiln
