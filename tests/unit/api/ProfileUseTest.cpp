// The last tier is compiled with what the program was seen to do, in this run and in earlier ones.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <thread>

#include "Host.h"

namespace kiln {
namespace {

using test::Host;

/// int sign(int): negative numbers and others take ways that cannot be made one. apply calls through a pointer.
constexpr std::string_view kProgram = R"(
@place = global i32 0
@wide = global i64 0
define i32 @sign(i32 %x) {
entry:
  %negative = icmp slt i32 %x, 0
  br i1 %negative, label %below, label %above
below:
  store volatile i32 1, ptr @place
  br label %done
above:
  store volatile i64 2, ptr @wide
  br label %done
done:
  %r = phi i32 [ -1, %below ], [ 1, %above ]
  ret i32 %r
}
define internal i32 @twice(i32 %x) {
  %y = shl i32 %x, 1
  ret i32 %y
}
define i32 @apply(ptr %f, i32 %x) {
  %r = call i32 %f(i32 %x)
  ret i32 %r
}
define i32 @applyTwice(i32 %x) {
  %r = call i32 @apply(ptr @twice, i32 %x)
  ret i32 %r
}
define i32 @sum(i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i32 [ 0, %entry ], [ %more, %loop ]
  %a = call i32 @sign(i32 %i)
  %b = call i32 @applyTwice(i32 %a)
  %more = add i32 %s, %b
  %next = add i32 %i, 1
  %on = icmp slt i32 %next, %n
  br i1 %on, label %loop, label %done
done:
  ret i32 %more
})";

/// Compiles in the thread that calls, so that what is recorded is the same in each run.
Options climbing(std::string_view ladder) {
  Options options = test::withLadder(ladder);
  options.compileThreads = 0;
  return options;
}

void callSign(Host& host, int negative, int others) {
  auto sign = host.function<int(int)>("sign");
  for (int i = 0; i < negative; ++i)
    ASSERT_EQ(sign(-7), -1);
  for (int i = 0; i < others; ++i)
    ASSERT_EQ(sign(7), 1);
}

std::string ir(Host& host, std::string_view function, Tier tier = Tier::O3) {
  auto text = host.program->dump(function, tier, Program::Dump::Ir);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : std::string();
}

/// The numbers of the first metadata of that name.
std::vector<std::uint64_t> numbers(const std::string& text, const std::string& name) {
  std::smatch found;
  std::vector<std::uint64_t> result;
  if (!std::regex_search(text, found, std::regex("!\"" + name + "\"((, i(32|64) -?[0-9]+)*)\\}")))
    return result;
  const std::string list = found[1];
  static const std::regex number("i(32|64) (-?[0-9]+)");
  for (std::sregex_iterator at(list.begin(), list.end(), number), end; at != end; ++at)
    result.push_back(static_cast<std::uint32_t>(std::stoll((*at)[2])));
  return result;
}
using Numbers = std::vector<std::uint64_t>;

TEST(ProfileUse, WhatWasRecordedIsInTheLastTiersCode) {
  Host host(kProgram, climbing("interpreter,O2@10000,O3@100000"));
  callSign(host, 970, 30);
  std::string top = ir(host, "sign");
  EXPECT_EQ(numbers(top, "branch_weights"), (Numbers{970, 30}));
  EXPECT_NE(top.find("!\"ProfileSummary\""), std::string::npos);
  std::string below = ir(host, "sign", Tier::O2);
  EXPECT_EQ(below.find("i32 970"), std::string::npos);
  EXPECT_EQ(numbers(below, "function_entry_count"), Numbers{});
  EXPECT_EQ(below.find("!\"ProfileSummary\""), std::string::npos);
}

TEST(ProfileUse, InterpreterAndBaselineAddUp) {
  Options options = climbing("interpreter,baseline@100,O3@100000");
  options.profiling = Profiling::On; // baseline from its first call
  Host host(kProgram, options);
  callSign(host, 300, 200);
  EXPECT_EQ(host.tierOf("sign"), Tier::Baseline);
  EXPECT_EQ(numbers(ir(host, "sign"), "branch_weights"), (Numbers{300, 200}));
}

TEST(ProfileUse, CountsAreBroughtToTheScaleOfTheCalls) {
  Host host(kProgram, climbing("interpreter,O0@100,O3@100000"));
  callSign(host, 90, 310); // O0 takes over after about 100, and counts calls only
  ASSERT_EQ(host.tierOf("sign"), Tier::O0);
  Numbers weights = numbers(ir(host, "sign"), "branch_weights");
  ASSERT_EQ(weights.size(), 2u);
  EXPECT_NEAR(static_cast<double>(weights[0] + weights[1]), 400, 4);
  EXPECT_NEAR(static_cast<double>(weights[0]) / static_cast<double>(weights[0] + weights[1]), 90.0 / 101, 0.01);
}

TEST(ProfileUse, CanBeSwitchedOff) {
  Options options = climbing("interpreter,O3@100000");
  options.pgo = false;
  Host host(kProgram, options);
  callSign(host, 970, 30);
  EXPECT_EQ(ir(host, "sign").find("!prof"), std::string::npos);
}

TEST(ProfileUse, WithoutRecordingThereIsNone) {
  Options options = climbing("interpreter,O3@100000");
  options.profiling = Profiling::Off;
  Host host(kProgram, options);
  callSign(host, 970, 30);
  EXPECT_EQ(ir(host, "sign").find("!prof"), std::string::npos);
}

TEST(ProfileUse, FunctionsThatNeverRanHaveNone) {
  Host host(kProgram, climbing("interpreter,O3@100000"));
  callSign(host, 970, 30);
  EXPECT_EQ(ir(host, "apply").find("!prof"), std::string::npos);
}

TEST(ProfileUse, TargetsAreGuessedAndInlined) {
  Host host(kProgram, climbing("interpreter,O3@100000"));
  auto applyTwice = host.function<int(int)>("applyTwice");
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(applyTwice(i), 2 * i);
  std::string top = ir(host, "apply");
  EXPECT_NE(top.find("icmp eq ptr %f, @\"\\01kiln.fn."), std::string::npos) << top;
  EXPECT_NE(top.find("shl i32 %x, 1"), std::string::npos) << top;
}

TEST(ProfileUse, TheCodeIsLinkedAndRuns) {
  Host host(kProgram, climbing("interpreter,baseline@10,O3@500"));
  EXPECT_EQ(host.function<int(int)>("sum")(5000), 10000);
  EXPECT_EQ(host.tierOf("applyTwice"), Tier::O3);
  EXPECT_EQ(host.tierOf("sign"), Tier::O3);
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(host.function<int(int)>("sum")(10), 20);
  EXPECT_EQ(host.tierOf("sum"), Tier::O3);
  for (const FunctionStatistics& function : host.program->statistics().functions)
    EXPECT_EQ(function.failures, 0u) << function.name;
  // Other ways than those recorded.
  EXPECT_EQ(host.function<int(int)>("sign")(-1), -1);
  EXPECT_EQ(host.function<int(int)>("sum")(1), 2);
}

/// A file that goes with the test.
struct File {
  std::string path = testing::TempDir() + "kiln-profile-" + std::to_string(getpid());
  ~File() { std::filesystem::remove(path); }
};

TEST(ProfileUse, EarlierRunsCountToo) {
  File file;
  {
    Host host(kProgram, climbing("interpreter,O3@100000"));
    callSign(host, 600, 300);
    ASSERT_TRUE(host.program->writeProfile(file.path, ProfileFormat::Binary));
  }
  ProgramInput input = test::text(kProgram);
  input.profile = file.path;
  Options fixed = climbing("O3");
  Host alone(input, fixed);
  EXPECT_EQ(numbers(ir(alone, "sign"), "branch_weights"), (Numbers{600, 300}));
  Host both(input, climbing("interpreter,O3@100000"));
  callSign(both, 1, 2);
  EXPECT_EQ(numbers(ir(both, "sign"), "branch_weights"), (Numbers{601, 302}));
  fixed.pgo = false;
  Host off(input, fixed);
  EXPECT_EQ(ir(off, "sign").find("!prof"), std::string::npos);
}

TEST(ProfileUse, EarlierProfilesMustBeSound) {
  ProgramInput input = test::text(kProgram);
  File file;
  input.profile = file.path;
  EXPECT_EQ(test::loadError(input).code, ErrorCode::FileNotFound);
  FILE* out = fopen(file.path.c_str(), "w");
  ASSERT_TRUE(out);
  fputs("{\"schema\": \"something else\"}", out);
  fclose(out);
  Error error = test::loadError(input);
  EXPECT_EQ(error.code, ErrorCode::BadProfile);
  EXPECT_TRUE(test::names(error, {file.path}));
}

TEST(ProfileUse, IsReadWhileTheProgramRuns) {
  Options options = test::withLadder("interpreter,baseline@1000,O3@1000000");
  Host host(kProgram, options);
  auto sum = host.function<int(int)>("sum");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed))
        ASSERT_EQ(sum(100), 200);
    });
  for (int i = 0; i < 30; ++i)
    for (const char* function : {"sum", "apply", "sign"})
      EXPECT_FALSE(ir(host, function).empty());
  ASSERT_TRUE(host.program->promote("sum", Tier::O3));
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(sum(100), 200);
}

} // namespace
} // namespace kiln
