// Arguments that always had one value become constants behind a guard, with the generic code beside it.
#include <algorithm>
#include <functional>
#include <regex>

#include "Host.h"

namespace kiln {
namespace {

using test::Host;

/// remainder: a division. sum: calls it in a loop. walk: calls itself with the same modulus. apply: calls through a
/// pointer. decide: a machine whose program is a table.
constexpr std::string_view kProgram = R"(
@keepGoing = global i32 1
define i32 @remainder(i32 %x, i32 noundef %m) {
  %r = urem i32 %x, %m
  ret i32 %r
}
define i32 @sum(i32 %n, i32 noundef %m) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i32 [ 0, %entry ], [ %more, %loop ]
  %a = call i32 @remainder(i32 %i, i32 %m)
  %more = add i32 %s, %a
  %next = add i32 %i, 1
  %on = icmp slt i32 %next, %n
  br i1 %on, label %loop, label %done
done:
  ret i32 %more
}
define i32 @walk(i32 %depth, i32 noundef %m) {
entry:
  %end = icmp slt i32 %depth, 2
  br i1 %end, label %leaf, label %inner
leaf:
  %l = urem i32 77, %m
  ret i32 %l
inner:
  %d1 = sub i32 %depth, 1
  %d2 = sub i32 %depth, 2
  %a = call i32 @walk(i32 %d1, i32 %m)
  %b = call i32 @walk(i32 %d2, i32 %m)
  %c = add i32 %a, %b
  %r = urem i32 %c, %m
  %s = add i32 %r, 1
  ret i32 %s
}
define internal i32 @twice(i32 %x) {
  %y = shl i32 %x, 1
  ret i32 %y
}
define internal i32 @thrice(i32 %x) {
  %y = mul i32 %x, 3
  ret i32 %y
}
define i32 @apply(ptr noundef %f, i32 %x) {
  %r = call i32 %f(i32 %x)
  ret i32 %r
}
define i32 @applyOne(i32 %which, i32 %x) {
  %first = icmp eq i32 %which, 0
  %f = select i1 %first, ptr @twice, ptr @thrice
  %r = call i32 @apply(ptr %f, i32 %x)
  ret i32 %r
}
%entry = type { i8, i8, i16 }
; op 0: add the number, 1: multiply by it, 2: go to it if the value is odd, 3: stop
@first = internal constant [6 x %entry] [%entry { i8 0, i8 0, i16 5 }, %entry { i8 1, i8 0, i16 3 }, %entry { i8 2, i8 0, i16 4 },
  %entry { i8 0, i8 0, i16 100 }, %entry { i8 0, i8 0, i16 7 }, %entry { i8 3, i8 0, i16 0 }]
@second = internal constant [2 x %entry] [%entry { i8 1, i8 0, i16 9 }, %entry { i8 3, i8 0, i16 0 }]
define i32 @decide(ptr noundef %table, i32 %x) {
entry:
  br label %loop
loop:
  %at = phi i32 [ 0, %entry ], [ %on, %add ], [ %on, %multiply ], [ %to, %test ]
  %v = phi i32 [ %x, %entry ], [ %sum, %add ], [ %product, %multiply ], [ %v, %test ]
  %on = add i32 %at, 1
  %wide = zext i32 %at to i64
  %e = getelementptr inbounds %entry, ptr %table, i64 %wide
  %op = load i8, ptr %e
  %np = getelementptr inbounds %entry, ptr %e, i64 0, i32 2
  %n16 = load i16, ptr %np
  %n = zext i16 %n16 to i32
  switch i8 %op, label %stop [ i8 0, label %add
                               i8 1, label %multiply
                               i8 2, label %odd ]
add:
  %sum = add i32 %v, %n
  br label %loop
multiply:
  %product = mul i32 %v, %n
  br label %loop
odd:
  %bit = and i32 %v, 1
  %isOdd = icmp ne i32 %bit, 0
  br i1 %isOdd, label %jump, label %test
jump:
  br label %test
test:
  %to = phi i32 [ %on, %odd ], [ %n, %jump ]
  br label %loop
stop:
  ret i32 %v
}
define i32 @decideOne(i32 %which, i32 %x) {
  %isFirst = icmp eq i32 %which, 0
  %t = select i1 %isFirst, ptr @first, ptr @second
  %r = call i32 @decide(ptr %t, i32 %x)
  ret i32 %r
})";

/// Compiles in the thread that calls, so that what is recorded is the same in each run.
Options climbing() {
  Options options = test::withLadder("interpreter,O3@1000000");
  options.compileThreads = 0;
  return options;
}

std::string ir(Host& host, std::string_view function) {
  auto text = host.program->dump(function, Tier::O3, Program::Dump::Ir);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : std::string();
}

/// The body of the function whose name ends so.
std::string body(const std::string& text, const std::string& name) {
  std::smatch found;
  return std::regex_search(text, found, std::regex("define [^\n]*" + name + "\"?\\([^]*?\n\\}")) ? found[0].str() : "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Specialise, AGuardConstantCodeAndTheGenericCodeBeside) {
  Host host(kProgram, climbing());
  auto remainder = host.function<int(int, int)>("remainder");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(remainder(i, 7), i % 7);
  const std::string text = ir(host, "remainder");
  const std::string special = body(text, "kiln.v.[0-9]+.O3.remainder"), generic = body(text, "remainder.generic");
  EXPECT_TRUE(has(special, "icmp eq i32 %m, 7")) << text;
  EXPECT_TRUE(has(special, "urem i32 %x, 7")) << text;
  EXPECT_TRUE(has(generic, "urem i32 %x, %m")) << text;
  EXPECT_TRUE(has(special, "@kiln.guards")) << text;
}

TEST(Specialise, OtherValuesGetTheGenericCode) {
  Host host(kProgram, climbing());
  auto remainder = host.function<int(int, int)>("remainder");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(remainder(i, 7), i % 7);
  ASSERT_TRUE(host.program->promote("remainder", Tier::O3));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(remainder(i, 7), i % 7);
    ASSERT_EQ(remainder(i, 9), i % 9);
  }
}

TEST(Specialise, FewCallsOrSeveralValuesAreNotEnough) {
  Host few(kProgram, climbing()), several(kProgram, climbing());
  auto one = few.function<int(int, int)>("remainder"), other = several.function<int(int, int)>("remainder");
  for (int i = 0; i < 3; ++i)
    one(i, 7);
  for (int i = 0; i < 100; ++i)
    other(i, i == 50 ? 8 : 7);
  EXPECT_FALSE(has(ir(few, "remainder"), "generic"));
  EXPECT_FALSE(has(ir(several, "remainder"), "generic"));
}

TEST(Specialise, CallsThatALoopMakes) {
  Host host(kProgram, climbing());
  auto sum = host.function<int(int, int)>("sum");
  auto expected = [](int n, int m) {
    int s = 0;
    for (int i = 0; i < n; ++i)
      s += i % m;
    return s;
  };
  for (int i = 1; i < 100; ++i)
    ASSERT_EQ(sum(i, 13), expected(i, 13));
  // One guard, in front of the loop, in which the division is one by 13.
  const std::string special = body(ir(host, "sum"), "kiln.v.[0-9]+.O3.sum");
  EXPECT_TRUE(has(special, "icmp eq i32 %m, 13")) << special;
  EXPECT_FALSE(has(special, "urem i32 %i, %m")) << special;
  ASSERT_TRUE(host.program->promote("sum", Tier::O3));
  for (int i = 1; i < 50; ++i) {
    ASSERT_EQ(sum(i, 13), expected(i, 13));
    ASSERT_EQ(sum(i, 5), expected(i, 5));
  }
}

TEST(Specialise, RecursionPassesNoGuard) {
  Host host(kProgram, climbing());
  auto walk = host.function<int(int, int)>("walk");
  std::function<int(int, int)> expected = [&](int depth, int m) -> int {
    return depth < 2 ? 77 % m : (expected(depth - 1, m) + expected(depth - 2, m)) % m + 1;
  };
  for (int i = 0; i < 12; ++i)
    ASSERT_EQ(walk(i, 11), expected(i, 11));
  const std::string text = ir(host, "walk"), special = body(text, "walk.special");
  EXPECT_TRUE(has(special, "@walk.special")) << text; // it calls itself
  EXPECT_FALSE(has(special, "icmp eq i32 %m, 11")) << text;
  EXPECT_FALSE(has(special, "kiln.slot")) << text;
  ASSERT_TRUE(host.program->promote("walk", Tier::O3));
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(walk(i, 11), expected(i, 11));
    ASSERT_EQ(walk(i, 6), expected(i, 6));
  }
}

TEST(Specialise, AFunctionPointerIsCalledAndInlined) {
  Host host(kProgram, climbing());
  auto apply = host.function<int(int, int)>("applyOne");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(apply(0, i), 2 * i);
  const std::string special = body(ir(host, "apply"), "kiln.v.[0-9]+.O3.apply");
  EXPECT_TRUE(std::regex_search(special, std::regex("icmp eq ptr %f, @\"?.*kiln.f"))) << special; // its stub, by name
  EXPECT_TRUE(has(special, "shl i32 %x, 1")) << special;
  EXPECT_FALSE(has(special, "inttoptr")) << special;
  ASSERT_TRUE(host.program->promote("apply", Tier::O3));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(apply(0, i), 2 * i);
    ASSERT_EQ(apply(1, i), 3 * i);
  }
}

int decided(int which, int x) {
  if (which != 0)
    return x * 9;
  x = (x + 5) * 3;
  return (x % 2 != 0 ? x : x + 100) + 7;
}

TEST(Specialise, AMachineWithATableBecomesCode) {
  Host host(kProgram, climbing());
  auto decide = host.function<int(int, int)>("decideOne");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(decide(0, i), decided(0, i));
  const std::string special = body(ir(host, "decide"), "kiln.v.[0-9]+.O3.decide");
  EXPECT_TRUE(has(special, "icmp eq ptr %table")) << special;
  EXPECT_FALSE(has(special, "switch i8")) << special;
  EXPECT_FALSE(has(special, "load i8")) << special;
  ASSERT_TRUE(host.program->promote("decide", Tier::O3));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(decide(0, i), decided(0, i));
    ASSERT_EQ(decide(1, i), decided(1, i));
  }
}

const ExitStatistics::Reason& arguments(const Statistics& statistics) {
  return *std::ranges::find(statistics.exits.reasons, "argument", &ExitStatistics::Reason::name);
}

TEST(Specialise, FailuresAreCountedAndPastALimitTheFunctionIsBuiltAnew) {
  Options options = climbing();
  options.exitLimit = 50;
  Host host(kProgram, options);
  auto remainder = host.function<int(int, int)>("remainder");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(remainder(i, 7), i % 7);
  ASSERT_TRUE(host.program->promote("remainder", Tier::O3));
  for (int i = 0; i < 49; ++i) {
    ASSERT_EQ(remainder(i, 7), i % 7);
    ASSERT_EQ(remainder(i, 9), i % 9);
  }
  Statistics before = host.program->statistics();
  EXPECT_EQ(arguments(before).failures, 49u);
  EXPECT_EQ(arguments(before).exits, 0u);
  EXPECT_EQ(before.exits.rebuilds, 0u);
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(remainder(i, 9), i % 9);
  Statistics after = host.program->statistics();
  EXPECT_EQ(arguments(after).failures, 50u); // the code that was built anew has no guard
  EXPECT_EQ(arguments(after).dropped, 1u);
  EXPECT_EQ(after.exits.rebuilds, 1u);
  EXPECT_FALSE(has(ir(host, "remainder"), "generic"));
  EXPECT_EQ(host.tierOf("remainder"), Tier::O3);
}

/// The argument is a value of the state there, and the generic loop is beside the one with the constant. An activation
/// in it stays and counts; past the limit the code is made anew for those to come.
TEST(Specialise, AContinuationHasTheGuardToo) {
  auto expected = [](int n, unsigned m) {
    unsigned s = 0;
    for (int i = 0; i < n; ++i)
      s += static_cast<unsigned>(i) % m;
    return static_cast<int>(s);
  };
  Options options = test::withLadder("interpreter,O3@1000000:20000");
  options.compileThreads = 0;
  options.exitLimit = 2;
  Host host(kProgram, options);
  auto sum = host.function<int(int, int)>("sum");
  auto transfers = [&] {
    auto told = host.program->statistics().functions;
    return std::ranges::find(told, "sum", &FunctionStatistics::name)->osrTransfers;
  };
  EXPECT_EQ(sum(50000, 13), expected(50000, 13));
  EXPECT_EQ(transfers(), 1u);
  EXPECT_EQ(arguments(host.program->statistics()).failures, 0u);
  EXPECT_EQ(sum(50000, 9), expected(50000, 9));
  EXPECT_EQ(transfers(), 2u);
  const Statistics told = host.program->statistics();
  EXPECT_GE(arguments(told).failures, 2u);
  EXPECT_EQ(arguments(told).exits, 0u);
  EXPECT_EQ(arguments(told).dropped, 1u);
  EXPECT_EQ(told.exits.rebuilds, 1u);
  EXPECT_EQ(sum(50000, 9), expected(50000, 9));
  EXPECT_EQ(arguments(host.program->statistics()).failures, arguments(told).failures);
}

TEST(Specialise, WithoutSpeculationThereIsNone) {
  Options options = climbing();
  options.speculate = false;
  Host host(kProgram, options);
  auto remainder = host.function<int(int, int)>("remainder");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(remainder(i, 7), i % 7);
  EXPECT_FALSE(has(ir(host, "remainder"), "generic"));
}

} // namespace
} // namespace kiln
