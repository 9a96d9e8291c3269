// What the profile says never happens is left out of the last tier's code; when it happens, the interpreter goes on.
// Each test counts the exits, so that it can only pass if they happened.
#include <atomic>
#include <thread>

#include "Host.h"
#include "RareStep.h"

namespace kiln {
namespace {

using test::Host;

/// The rare ways call `note`, and so are worth an exit. Values of many types are alive across them.
const std::string kText = std::string(test::kRareStep) + R"(
@table = global [2 x ptr] [ptr @plus, ptr @minus]
declare i32 @puts(ptr)
define i32 @noted() {
  %n = load i32, ptr @notes
  ret i32 %n
}
@cell = global i64 5
define i64 @plain(i64 %x) {
  store i64 5, ptr @cell
  %r = call i64 @step(i64 %x, ptr @cell)
  ret i64 %r
}
define i64 @walk(i64 %n, i64 %bad) {
entry:
  %local = alloca [4 x i64]
  store i64 1, ptr %local
  %second = getelementptr [4 x i64], ptr %local, i64 0, i64 1
  store i64 2, ptr %second
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %s = phi i64 [ 0, %entry ], [ %t, %on ]
  %q = load i64, ptr %local
  %q1 = add i64 %q, %i
  store i64 %q1, ptr %local
  %hit = icmp eq i64 %i, %bad
  br i1 %hit, label %rare, label %on
rare:
  call void @note()
  %w = load i64, ptr %second
  %w1 = mul i64 %w, 7
  store i64 %w1, ptr %second
  br label %on
on:
  %v = load i64, ptr %second
  %s1 = add i64 %s, %q
  %t = add i64 %s1, %v
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret i64 %t
}
define i64 @plus(i64 %a) {
  %r = add i64 %a, 1000
  ret i64 %r
}
define i64 @minus(i64 %a) {
  %r = sub i64 %a, 1000
  ret i64 %r
}
define i64 @through(i64 %which, i64 %a) {
  %at = getelementptr [2 x ptr], ptr @table, i64 0, i64 %which
  %f = load ptr, ptr %at
  %r = call i64 %f(i64 %a)
  %s = mul i64 %r, 3
  ret i64 %s
}
define i64 @choose(i64 %x) {
entry:
  switch i64 %x, label %other [ i64 0, label %zero i64 1, label %one ]
zero:
  br label %done
one:
  br label %done
other:
  call void @note()
  br label %done
done:
  %r = phi i64 [ 100, %zero ], [ 200, %one ], [ 300, %other ]
  %s = add i64 %r, %x
  %t = load volatile i64, ptr @cell
  %u = add i64 %s, %t
  ret i64 %u
}
define double @wide(i64 %x, double %d) {
entry:
  %big0 = sext i64 %x to i128
  %big = mul i128 %big0, 1000000000000000000
  %ext = fpext double %d to x86_fp80
  %ext3 = fmul x86_fp80 %ext, 0xK4000C000000000000000
  %v0 = insertelement <4 x i32> <i32 1, i32 2, i32 3, i32 4>, i32 9, i64 2
  %xs = trunc i64 %x to i32
  %v = insertelement <4 x i32> %v0, i32 %xs, i64 0
  %f = fptrunc double %d to float
  %odd = trunc i64 %x to i5
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on
below:
  call void @note()
  br label %on
on:
  %scale = phi i64 [ 2, %below ], [ 1, %entry ]
  %hi = lshr i128 %big, 60
  %hi64 = trunc i128 %hi to i64
  %a = sitofp i64 %hi64 to double
  %b = fptrunc x86_fp80 %ext3 to double
  %e0 = extractelement <4 x i32> %v, i64 0
  %e2 = extractelement <4 x i32> %v, i64 2
  %e = add i32 %e0, %e2
  %c = sitofp i32 %e to double
  %g = fpext float %f to double
  %o = zext i5 %odd to i64
  %o2 = mul i64 %o, %scale
  %h = sitofp i64 %o2 to double
  %s1 = fadd double %a, %b
  %s2 = fadd double %s1, %c
  %s3 = fadd double %s2, %g
  %s4 = fadd double %s3, %h
  %t = load volatile i64, ptr @cell
  ret double %s4
}
)";
const std::string_view kProgram = kText;

/// Compiles in the thread that calls.
Options climbing(std::uint64_t limit = 1'000'000) {
  Options options = test::withLadder("interpreter,O3@2000:1000000000");
  options.compileThreads = 0;
  options.exitLimit = limit;
  return options;
}

std::uint64_t exits(Host& host, std::size_t reason = 0) {
  return host.program->statistics().exits.reasons.at(reason).exits;
}

template <typename Work> void warm(Host& host, std::string_view name, Work&& work) {
  for (int i = 0; i < 3000; ++i)
    work();
  ASSERT_EQ(host.tierOf(name), Tier::O3);
  ASSERT_EQ(exits(host), 0u);
}

TEST(Exits, ABranchThatWasNeverTaken) {
  Host host(kProgram, climbing());
  auto plain = host.function<std::int64_t(std::int64_t)>("plain");
  auto noted = host.function<int()>("noted");
  warm(host, "plain", [&] { ASSERT_EQ(plain(3), 13); });
  EXPECT_EQ(plain(-4), -40 + 5 - 4);
  EXPECT_EQ(noted(), 1);
  EXPECT_EQ(exits(host), 1u);
  EXPECT_EQ(plain(3), 13);
  EXPECT_EQ(exits(host), 1u);
}

TEST(Exits, NoneWithoutSpeculation) {
  Options options = climbing();
  options.speculate = false;
  Host host(kProgram, options);
  auto plain = host.function<std::int64_t(std::int64_t)>("plain");
  warm(host, "plain", [&] { ASSERT_EQ(plain(3), 13); });
  EXPECT_EQ(plain(-4), -39);
  EXPECT_EQ(host.program->statistics().exits.sites, 0u);
}

TEST(Exits, InALoopWithVariables) {
  Host host(kProgram, climbing());
  auto walk = host.function<std::int64_t(std::int64_t, std::int64_t)>("walk");
  auto expected = [](std::int64_t n, std::int64_t bad) {
    std::int64_t first = 1, second = 2, sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t q = first;
      first += i;
      if (i == bad)
        second *= 7;
      sum += q + second;
    }
    return sum;
  };
  warm(host, "walk", [&] { ASSERT_EQ(walk(10, 50), expected(10, 50)); });
  for (std::int64_t bad = 0; bad < 10; ++bad)
    EXPECT_EQ(walk(10, bad), expected(10, bad));
  EXPECT_EQ(exits(host), 10u);
}

TEST(Exits, AnotherTargetOfAnIndirectCall) {
  Host host(kProgram, climbing());
  auto through = host.function<std::int64_t(std::int64_t, std::int64_t)>("through");
  warm(host, "through", [&] { ASSERT_EQ(through(0, 1), 3003); });
  EXPECT_EQ(through(1, 1), -2997);
  EXPECT_EQ(exits(host, 1), 1u);
}

TEST(Exits, AWayOfASwitch) {
  Host host(kProgram, climbing());
  auto choose = host.function<std::int64_t(std::int64_t)>("choose");
  std::int64_t x = 0;
  warm(host, "choose", [&] {
    ASSERT_EQ(choose(x), 105 + x * 101);
    x ^= 1; // a statement of its own: the macro's is left out when the test holds
  });
  EXPECT_EQ(choose(7), 312);
  EXPECT_EQ(exits(host), 1u);
}

TEST(Exits, ValuesOfAllKinds) {
  Host host(kProgram, climbing());
  auto wide = host.function<double(std::int64_t, double)>("wide");
  Options plain = test::withLadder("interpreter");
  Host slow(kProgram, plain);
  auto expected = slow.function<double(std::int64_t, double)>("wide");
  warm(host, "wide", [&] { ASSERT_EQ(wide(5, 1.5), expected(5, 1.5)); });
  EXPECT_EQ(wide(-12345, 2.25), expected(-12345, 2.25));
  EXPECT_EQ(exits(host), 1u);
}

TEST(Exits, PastTheLimitTheFunctionIsBuiltAnew) {
  Host host(kProgram, climbing(5));
  auto plain = host.function<std::int64_t(std::int64_t)>("plain");
  warm(host, "plain", [&] { ASSERT_EQ(plain(3), 13); });
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(plain(-4), -39);
  auto told = host.program->statistics().exits;
  EXPECT_EQ(told.reasons.at(0).exits, 5u);
  EXPECT_EQ(told.reasons.at(0).dropped, 1u);
  EXPECT_EQ(told.rebuilds, 1u);
  EXPECT_EQ(host.tierOf("plain"), Tier::O3);
}

TEST(Exits, ManyThreads) {
  Options options = climbing(50);
  options.compileThreads = 2;
  Host host(kProgram, options);
  auto walk = host.function<std::int64_t(std::int64_t, std::int64_t)>("walk");
  const std::int64_t usual = walk(10, 50), other = walk(10, 3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i)
        wrong += i > 10000 && i % 5 == 0 ? walk(10, 3) != other : walk(10, 50) != usual;
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

/// A loop of baseline code, under way, is taken down to the interpreter, with its values and its variable.
TEST(Exits, ADemotionTakesARunningLoopDown) {
  constexpr std::string_view kSpin = R"(
@stop = global i32 0
@begun = global i32 0
define i64 @spin(i64 %n) {
entry:
  %local = alloca i64
  store volatile i64 %n, ptr %local
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add i64 %i, 1
  store volatile i32 1, ptr @begun
  %end = load volatile i32, ptr @stop
  %go = icmp eq i32 %end, 0
  br i1 %go, label %loop, label %done
done:
  %v = load volatile i64, ptr %local
  %w = mul i64 %v, 3
  ret i64 %w
}
)";
  Host host(kSpin, test::withLadder("baseline,O3@1000000000:1000000000000"));
  auto spin = host.function<std::int64_t(std::int64_t)>("spin");
  auto cell = [&](std::string_view name) {
    auto found = host.program->variableAddress(name);
    EXPECT_TRUE(found);
    return static_cast<std::atomic<int>*>(*found);
  };
  std::int64_t result = 0;
  std::thread thread([&] { result = spin(14); });
  while (cell("begun")->load() == 0)
    std::this_thread::yield();
  auto transfers = [&] {
    for (const FunctionStatistics& each : host.program->statistics().functions)
      if (each.name == "spin")
        return each.osrTransfers;
    return std::uint64_t{0};
  };
  EXPECT_EQ(transfers(), 0u);
  EXPECT_TRUE(host.program->demote("spin", Tier::Interpreter));
  while (transfers() == 0)
    std::this_thread::yield();
  cell("stop")->store(1);
  thread.join();
  EXPECT_EQ(result, 42);
}

} // namespace
} // namespace kiln
