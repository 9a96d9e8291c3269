// Superseded code of real programs: freed when nobody is inside, made anew when it is asked for again, and what the
// code limit does to a program.
#include "Host.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

namespace kiln {
namespace {

using test::Host;

Options eager(std::string_view ladder = "O0,O3@1000000") {
  Options options = test::withLadder(ladder);
  options.retireAt = 1;
  return options;
}

CodeSpaceStatistics space(Host& host) {
  return host.program->statistics().codeSpace;
}

/// What a function leaves on the stack looks like addresses that are in use, as long as the frames lie there that took its
/// place. So whatever handles code is done in a thread that ends, on a stack without remains of another thread.
[[gnu::noinline]] void scrubStack() {
  volatile char remains[64 << 10];
  for (volatile char& each : remains)
    each = 0;
}
template <typename Work> auto apart(Work&& work) {
  decltype(work()) result{};
  std::thread([&] {
    scrubStack();
    result = work();
  }).join();
  return result;
}
Result<void> promote(Host& host, const char* name, Tier tier) {
  return apart([&] { return host.program->promote(name, tier); });
}
Result<void> demote(Host& host, const char* name, Tier tier) {
  return apart([&] { return host.program->demote(name, tier); });
}
std::size_t retire(Host& host) {
  return apart([&] { return host.program->retire(); });
}

/// Rounds until nothing superseded is left.
void freeAll(Host& host) {
  for (int i = 0; i < 200 && space(host).supersededBytes + space(host).waitingBytes != 0; ++i)
    retire(host);
  EXPECT_EQ(space(host).supersededBytes + space(host).waitingBytes, 0u);
}

TEST(RetireCode, PromotedAndFreed) {
  Host host(test::kFib, eager());
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(10), 55);
  std::uint64_t before = space(host).code;
  ASSERT_TRUE(promote(host, "fib", Tier::O3));
  EXPECT_EQ(fib(10), 55);
  freeAll(host);
  CodeSpaceStatistics after = space(host);
  EXPECT_EQ(after.versionsFreed, 1u);
  EXPECT_GT(after.freedBytes, 0u);
  EXPECT_GT(before, 0u);
  FunctionStatistics function = host.program->hotFunctions(1).at(0);
  ASSERT_EQ(function.versions.size(), 2u);
  EXPECT_TRUE(function.versions[0].retired);
  EXPECT_FALSE(function.versions[1].retired);
  EXPECT_EQ(fib(15), 610);
}

TEST(RetireCode, DemotionToWhatWasFreedCompilesAnew) {
  Host host(test::kFib, eager());
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(10), 55);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(promote(host, "fib", i % 2 ? Tier::O2 : Tier::O3));
    freeAll(host);
    EXPECT_EQ(fib(12), 144);
    ASSERT_TRUE(demote(host, "fib", Tier::O0));
    EXPECT_EQ(host.tierOf("fib"), Tier::O0);
    freeAll(host);
    EXPECT_EQ(fib(12), 144);
  }
  EXPECT_EQ(host.program->statistics().compiles, 11u);
  EXPECT_EQ(space(host).versionsFreed, 10u);
}

TEST(RetireCode, BaselineIsFreedAndMadeAnew) {
  Host host(test::kFib, eager("interpreter,baseline@1000000,O2@2000000"));
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(10), 55);
  ASSERT_TRUE(promote(host, "fib", Tier::Baseline));
  EXPECT_EQ(fib(12), 144);
  CodeSpaceStatistics with = space(host);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(promote(host, "fib", Tier::O2));
    freeAll(host);
    EXPECT_EQ(fib(12), 144);
    ASSERT_TRUE(demote(host, "fib", Tier::Baseline));
    EXPECT_EQ(host.tierOf("fib"), Tier::Baseline);
    freeAll(host);
    EXPECT_EQ(fib(12), 144);
  }
  Statistics all = host.program->statistics();
  EXPECT_EQ(all.codeSpace.versionsFreed, 10u);
  EXPECT_EQ(all.baseline.functions, 6u);
  EXPECT_EQ(all.codeSpace.code, with.code);
  EXPECT_EQ(all.codeSpace.constants, with.constants);
  EXPECT_EQ(all.codeSpace.data, with.data);
}

TEST(RetireCode, WhatFreedCodeHasCountedIsKept) {
  constexpr std::string_view kIr = R"(
define i32 @f(i32 %x) {
  %c = icmp slt i32 %x, 0
  br i1 %c, label %a, label %b
a:
  ret i32 7
b:
  ret i32 8
}
)";
  Options options = eager("baseline,O2@1000000");
  options.profiling = Profiling::On; // from the start
  Host host(kIr, options);
  auto f = host.function<int(int)>("f");
  for (int i = 0; i < 3; ++i) {
    for (int call = 0; call < 10; ++call)
      EXPECT_EQ(f(call < 4 ? -1 : call), call < 4 ? 7 : 8);
    ASSERT_TRUE(promote(host, "f", Tier::O2));
    freeAll(host); // nothing of baseline's is left but the counts
    EXPECT_EQ(space(host).versionsFreed, 2u * i + 1);
    if (i == 2)
      break;
    ASSERT_TRUE(demote(host, "f", Tier::Baseline));
    freeAll(host);
  }
  std::string path = testing::TempDir() + "kiln-retire-" + std::to_string(getpid()) + ".json";
  ASSERT_TRUE(host.program->writeProfile(path, ProfileFormat::Json));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::remove(path.c_str());
  std::string profile = text.str();
  EXPECT_NE(profile.find("\"taken\":12,"), profile.npos) << profile;
  EXPECT_NE(profile.find("\"not_taken\":18}"), profile.npos) << profile;
}

TEST(RetireCode, SwitchedOffKeepsAll) {
  Options options = eager();
  options.retireAt = 0;
  Host host(test::kFib, options);
  EXPECT_EQ(host.function<int(int)>("fib")(10), 55);
  ASSERT_TRUE(promote(host, "fib", Tier::O3));
  EXPECT_EQ(retire(host), 0u);
  EXPECT_EQ(space(host).versionsFreed, 0u);
  EXPECT_EQ(space(host).retirementOff, "switched off");
}

#ifndef KILN_SANITIZED // a thread that computes must answer a signal, which a sanitizer may hold back

/// `hold(wait)` calls a function of the host and goes on with what it had.
constexpr std::string_view kHold = R"(
declare void @wait(ptr)
define i32 @hold(ptr %where, i32 %x) {
  %y = mul i32 %x, 3
  call void @wait(ptr %where)
  %z = add i32 %y, 1
  ret i32 %z
}
define i32 @deep(ptr %where, i32 %levels) {
  %last = icmp eq i32 %levels, 0
  br i1 %last, label %bottom, label %more
bottom:
  call void @wait(ptr %where)
  ret i32 0
more:
  %next = sub i32 %levels, 1
  %r = call i32 @deep(ptr %where, i32 %next)
  %s = add i32 %r, 1
  ret i32 %s
}
)";

struct Gate {
  std::atomic<bool> inside{false}, open{false};
  bool spin = false;
};
void waitAtGate(Gate* gate) {
  gate->inside = true;
  while (!gate->open)
    if (!gate->spin)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

struct Inside {
  bool spin;
  std::string_view ladder;
};
class RetireInside : public testing::TestWithParam<Inside> {};
INSTANTIATE_TEST_SUITE_P(All, RetireInside,
                         testing::Values(Inside{false, "O0,O3@1000000"}, Inside{true, "O0,O3@1000000"},
                                         Inside{false, "baseline,O3@1000000"}, Inside{true, "baseline,O3@1000000"}));

TEST_P(RetireInside, NotUnderAThreadThatIsInside) {
  const auto [spin, ladder] = GetParam();
  Host host(test::text(kHold).host("wait", waitAtGate), eager(ladder));
  auto hold = host.function<int(Gate*, int)>("hold");
  auto deep = host.function<int(Gate*, int)>("deep");
  Gate gate;
  gate.spin = spin;
  int held = 0, levels = 0;
  std::thread a([&] { held = hold(&gate, 5); });
  while (!gate.inside)
    std::this_thread::yield();
  gate.inside = false;
  std::thread b([&] { levels = deep(&gate, 5000); });
  while (!gate.inside)
    std::this_thread::yield();
  for (const char* name : {"hold", "deep"})
    ASSERT_TRUE(promote(host, name, Tier::O3));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(retire(host), 0u);
  EXPECT_GT(space(host).waitingBytes, 0u);
  gate.open = true;
  a.join();
  b.join();
  EXPECT_EQ(held, 16);
  EXPECT_EQ(levels, 5000);
  freeAll(host);
  EXPECT_EQ(space(host).versionsFreed, 2u);
}

TEST(RetireCode, NotUnderAnActivationThatLeftAtALoop) {
  // The continuation's result goes back through the frame, and the code, that it left.
  constexpr std::string_view kRounds = R"(
declare i32 @step(ptr, i32)
define i32 @rounds(ptr %gate, i32 %n) {
entry:
  %other = mul i32 %n, 1000
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %sum = phi i32 [ 0, %entry ], [ %more, %loop ]
  %value = call i32 @step(ptr %gate, i32 %i)
  %more = add i32 %sum, %value
  %next = add i32 %i, 1
  %end = icmp eq i32 %next, %n
  br i1 %end, label %done, label %loop
done:
  %result = add i32 %more, %other
  ret i32 %result
}
)";
  auto step = +[](Gate* gate, int i) {
    if (i == 7)
      waitAtGate(gate);
    return i * i;
  };
  Options options = eager("baseline,O3@1000000");
  options.osrAt = 2;
  Host host(test::text(kRounds).host("step", step), options);
  auto rounds = host.function<int(Gate*, int)>("rounds");
  Gate gate;
  int result = 0;
  std::thread thread([&] { result = rounds(&gate, 10); });
  while (!gate.inside)
    std::this_thread::yield();
  EXPECT_EQ(host.program->hotFunctions(1).at(0).osrTransfers, 1u);
  ASSERT_TRUE(promote(host, "rounds", Tier::O3));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(retire(host), 0u);
  EXPECT_EQ(space(host).versionsRetired, 1u);
  gate.open = true;
  thread.join();
  EXPECT_EQ(result, 285 + 10000);
  freeAll(host);
  EXPECT_EQ(space(host).versionsFreed, 1u);
}

TEST(RetireCode, UnderLoad) {
  // Calls from several threads while an operator moves the functions up and down, with room for few versions.
  Options options = eager("interpreter,O0@1000000000,O3@10000000000");
  options.codeLimit = 24 << 10;
  Host host(test::kFib, options);
  auto fib = host.function<int(int)>("fib");
  auto twice = host.function<int(int)>("twice");
  EXPECT_EQ(fib(5), 5);
  EXPECT_EQ(twice(5), 10);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      while (!stop) {
        wrong += fib(12) != 144;
        wrong += twice(21) != 42;
        if (t == 0)
          std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
  int refused = 0;
  // On a busy machine a thread may take long to answer, and a round frees nothing: go on until enough was freed.
  int changes = 0;
  for (int i = 0; i < 100 || (i < 5000 && space(host).versionsFreed <= 20); ++i, changes += 2)
    for (const char* name : {"fib", "twice"}) {
      Tier tier = kAllTiers[1 + static_cast<std::size_t>(i) % (kTierCount - 1)];
      Result<void> done = i % 3 == 2 ? demote(host, name, Tier::O0) : promote(host, name, tier);
      if (!done) {
        EXPECT_EQ(done.error().code, ErrorCode::CodeSpaceFull) << done.error().message;
        ++refused;
        retire(host);
      }
    }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_LT(refused, changes);
  freeAll(host);
  Statistics all = host.program->statistics();
  EXPECT_GT(all.codeSpace.versionsFreed, 20u);
  EXPECT_LE(all.codeSpaceUsed, options.codeLimit);
  EXPECT_EQ(fib(20), 6765);
}

#endif

#ifndef KILN_SANITIZED

TEST(RetireCode, FunctionsThatClimbUnderLoad) {
  // They climb by their counts, from baseline in the threads that call and from there in compile threads, with room for a few
  // of them, while an operator moves them back.
  std::string ir;
  constexpr int kFunctions = 40;
  for (int i = 0; i < kFunctions; ++i)
    ir += "define i32 @f" + std::to_string(i) + "(i32 %x) noinline {\n  %y = mul i32 %x, " + std::to_string(i + 3) +
          "\n  %z = xor i32 %y, " + std::to_string(i * 77) + "\n  ret i32 %z\n}\n";
  for (unsigned compileThreads : {0u, 2u}) {
    Options options = eager("interpreter,baseline@2,O2@6");
    options.codeLimit = 20 << 10;
    options.compileThreads = compileThreads;
    Host host(ir, options);
    std::vector<Function<int(int)>> functions;
    for (int i = 0; i < kFunctions; ++i)
      functions.push_back(host.function<int(int)>("f" + std::to_string(i)));
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&, t] {
        for (int x = t; !stop; ++x) {
          for (int i = 0; i < kFunctions; ++i)
            wrong += functions[static_cast<std::size_t>(i)](x) != ((x * (i + 3)) ^ (i * 77));
          if (t == 0)
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
      });
    for (int round = 0; round < 10 || (round < 1000 && space(host).versionsFreed <= 100); ++round)
      for (int i = 0; i < kFunctions; ++i) {
        std::string name = "f" + std::to_string(i);
        // Down, and without a hold: its counts take it up again.
        if (auto done = promote(host, name.c_str(), (round + i) % 2 ? Tier::Baseline : Tier::Interpreter); !done) {
          EXPECT_EQ(done.error().code, ErrorCode::CodeSpaceFull) << done.error().message;
          retire(host);
        }
      }
    stop = true;
    for (std::thread& thread : threads)
      thread.join();
    EXPECT_EQ(wrong.load(), 0u);
    Statistics all = host.program->statistics();
    EXPECT_GT(all.codeSpace.versionsFreed, 100u);
    EXPECT_GT(all.baseline.functions, std::uint64_t{kFunctions});
    EXPECT_LE(all.codeSpaceUsed, options.codeLimit);
  }
}

#endif

TEST(RetireLimit, ThePromotionsStopAndFirstCallsGoOn) {
  // Many functions; code for a few of them. All run, whoever came first.
  std::string ir;
  constexpr int kFunctions = 200;
  for (int i = 0; i < kFunctions; ++i)
    ir += "define i32 @f" + std::to_string(i) + "(i32 %x) noinline {\n  %y = mul i32 %x, " + std::to_string(i + 3) +
          "\n  %z = xor i32 %y, " + std::to_string(i * 77) + "\n  ret i32 %z\n}\n";
  struct Case {
    std::string_view ladder;
    std::size_t each; ///< bytes for each function
    unsigned compileThreads;
    std::size_t retireAt = 1;
  };
  for (auto [ladder, each, compileThreads, retireAt] :
       {Case{"interpreter,O2@5", 16, 0}, Case{"interpreter,O2@5", 16, 1}, Case{"interpreter,baseline@5", 16, 0},
        Case{"interpreter,baseline@5", 16, 1}, Case{"interpreter,baseline@5,O2@10", 16, 1},
        Case{"baseline,O2@5", 240, 1, 0}}) {
    SCOPED_TRACE(ladder);
    Options options = eager(ladder);
    options.retireAt = retireAt;
    options.codeLimit = kFunctions * each + (16 << 10);
    options.compileThreads = compileThreads;
    Host host(ir, options);
    for (int i = 0; i < kFunctions; ++i) {
      auto f = host.function<int(int)>("f" + std::to_string(i));
      for (int call = 0; call < 40; ++call)
        ASSERT_EQ(f(call), (call * (i + 3)) ^ (i * 77));
      host.program->waitForCompiles();
    }
    Statistics all = host.program->statistics();
    EXPECT_TRUE(all.codeSpace.limitReached);
    EXPECT_GT(all.codeSpace.promotionsRefused, 10u);
    EXPECT_GT(all.compiles, std::uint64_t{kFunctions} + 10); // some were promoted
    EXPECT_EQ(all.functions.size(), std::size_t{kFunctions});
    EXPECT_LE(all.codeSpaceUsed, all.codeSpaceLimit);
  }
}

TEST(RetireLimit, RoomIsMadeForPromotions) {
  // Each function climbs through three tiers; with what they left freed, all reach the top in a space that would not
  // hold them.
  std::string ir;
  constexpr int kFunctions = 60;
  for (int i = 0; i < kFunctions; ++i)
    ir += "define i32 @f" + std::to_string(i) + "(i32 %x) noinline {\n  %y = mul i32 %x, " + std::to_string(i + 3) +
          "\n  %z = xor i32 %y, " + std::to_string(i * 77) + "\n  ret i32 %z\n}\n";
  for (std::string_view ladder : {"interpreter,O1@3,O2@6,O3@9", "interpreter,baseline@3,O2@6,O3@9"}) {
    auto climb = [&](std::size_t limit, std::size_t retireAt) {
      Options options = eager(ladder);
      options.codeLimit = limit;
      options.retireAt = retireAt;
      options.compileThreads = 0;
      Host host(ir, options);
      int top = 0;
      for (int i = 0; i < kFunctions; ++i) {
        auto f = host.function<int(int)>("f" + std::to_string(i));
        for (int call = 0; call < 12; ++call)
          EXPECT_EQ(f(call), (call * (i + 3)) ^ (i * 77));
        top += host.tierOf("f" + std::to_string(i)) == Tier::O3;
      }
      return std::pair{top, host.program->statistics().codeSpaceUsed};
    };
    auto [all, used] = climb(0, 0);
    ASSERT_EQ(all, kFunctions);
    EXPECT_LT(climb(used * 2 / 3, 0).first, kFunctions);
    EXPECT_EQ(climb(used * 2 / 3, 1).first, kFunctions);
  }
}

TEST(RetireStacks, ProgramsThatSwitchThemKeepTheirCode) {
  auto offReason = [](std::string_view ir) {
    Host host(ir, eager("O0,O3@1000000"));
    EXPECT_EQ(host.function<int()>("f")(), 1);
    EXPECT_TRUE(promote(host, "f", Tier::O2));
    retire(host);
    return space(host).retirementOff;
  };
  EXPECT_EQ(offReason("define i32 @f() { ret i32 1 }"), "");
  EXPECT_EQ(offReason("declare i32 @swapcontext(ptr, ptr)\ndefine i32 @f() { ret i32 1 }\n"
                      "define i32 @g(ptr %p) { %r = call i32 @swapcontext(ptr %p, ptr %p) ret i32 %r }"),
            "the program switches stacks");
  EXPECT_EQ(offReason("define i32 @f() { call void asm sideeffect \"xchg %rsp, %rsp\", \"\"() ret i32 1 }"),
            "the program may switch stacks by assembly");
  EXPECT_EQ(offReason("module asm \"switch: movq %rdi, %rsp; ret\"\ndefine i32 @f() { ret i32 1 }"),
            "the program may switch stacks by assembly");
}

TEST(RetireStacks, CodeWithAssemblyOfItsOwnStays) {
  Host host("define i32 @f() { call void asm sideeffect \"nop\", \"\"() ret i32 1 }", eager());
  EXPECT_EQ(host.function<int()>("f")(), 1);
  ASSERT_TRUE(promote(host, "f", Tier::O2));
  EXPECT_EQ(retire(host), 0u);
  EXPECT_EQ(space(host).versionsRetired, 0u);
  EXPECT_EQ(space(host).retirementOff, "");
}

} // namespace
} // namespace kiln
