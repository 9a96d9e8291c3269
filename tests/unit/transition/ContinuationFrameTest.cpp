// What a continuation has to do with the frame it comes from: variables in memory, exceptions, the function itself, variable
// arguments, the stack pointer; and the code for which there is none. As in ContinuationTest.cpp, states are written by hand
// and results compared with the same loop in C++.
#include <cstdarg>
#include <stdexcept>

#include "transition/Continued.h"

namespace kiln {
namespace {

using test::Continued;
using test::Prepared;

// Allocas.

constexpr const char* kHistogram = R"(
define i32 @histogram(ptr %data, i64 %n) {
entry:
  %counts = alloca [16 x i32], align 16
  %third = getelementptr [16 x i32], ptr %counts, i64 0, i64 3
  call void @llvm.memset.p0.i64(ptr %counts, i8 0, i64 64, i1 false)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %at = getelementptr i8, ptr %data, i64 %i
  %byte = load i8, ptr %at
  %low = and i8 %byte, 15
  %index = zext i8 %low to i64
  %place = getelementptr [16 x i32], ptr %counts, i64 0, i64 %index
  %old = load i32, ptr %place
  %new = add i32 %old, 1
  store i32 %new, ptr %place
  %i.next = add i64 %i, 1
  %end = icmp eq i64 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  %threes = load i32, ptr %third
  %zero = load i32, ptr %counts
  %high = shl i32 %zero, 16
  %both = add i32 %threes, %high
  ret i32 %both
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
)";

TEST(ContinuationFrame, AnAllocaThatDidNotEscapeBecomesOneOfItsOwn) {
  Prepared program(kHistogram);
  std::uint8_t data[100];
  for (int i = 0; i < 100; ++i)
    data[i] = static_cast<std::uint8_t>(i * 7 / 3);
  alignas(16) std::uint32_t counts[16] = {};
  for (int i = 0; i < 60; ++i)
    ++counts[data[i] & 15];
  std::uint32_t before[16];
  memcpy(before, counts, sizeof counts);
  Continued loop(program, "histogram", "loop");
  std::uint32_t result = loop.set("data", &data[0]).set("n", std::uint64_t{100}).set("counts", &counts[0])
                             .set("third", &counts[3]).set("i", std::uint64_t{60}).call<std::uint32_t>();
  EXPECT_EQ(memcmp(counts, before, sizeof counts), 0) << "the old frame's memory was written";
  EXPECT_NE(loop.ir.find("alloca"), std::string::npos) << loop.ir;
  for (int i = 60; i < 100; ++i)
    ++counts[data[i] & 15];
  EXPECT_EQ(result, counts[3] + (counts[0] << 16));
  EXPECT_EQ(program.native<std::uint32_t(std::uint8_t*, std::uint64_t)>("histogram")(data, 100), result);
}

TEST(ContinuationFrame, LifetimeMarkersOfACopyGo) {
  Prepared program(R"(
define i32 @f(i32 %n) {
entry:
  %buffer = alloca [4 x i32]
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
  %carried = phi i32 [ 1, %entry ], [ %value, %loop ]
  call void @llvm.lifetime.start.p0(i64 16, ptr %buffer)
  %low = and i32 %i, 3
  %place = getelementptr [4 x i32], ptr %buffer, i32 0, i32 %low
  %x = add i32 %carried, %i
  store volatile i32 %x, ptr %place
  %value = load volatile i32, ptr %place
  call void @llvm.lifetime.end.p0(i64 16, ptr %buffer)
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  ret i32 %value
}
define i32 @g(i32 %n) {
entry:
  %buffer = alloca [4 x i32]
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
  %carried = phi i32 [ 1, %entry ], [ %value, %loop ]
  call void @llvm.lifetime.start.p0(i64 16, ptr %buffer)
  %low = and i32 %i, 3
  %place = getelementptr [4 x i32], ptr %buffer, i32 0, i32 %low
  %x = add i32 %carried, %i
  store i32 %x, ptr %place
  %value = load i32, ptr %place
  call void @llvm.lifetime.end.p0(i64 16, ptr %buffer)
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  ret i32 %value
}
declare void @llvm.lifetime.start.p0(i64, ptr)
declare void @llvm.lifetime.end.p0(i64, ptr)
)");
  std::uint32_t memory[4] = {};
  for (const char* name : {"f", "g"}) {
    Continued loop(program, name, "loop");
    EXPECT_EQ(loop.set("n", 10u).set("buffer", &memory[0]).set("i", 4u).set("carried", 7u).call<std::uint32_t>(),
              7u + 4 + 5 + 6 + 7 + 8 + 9);
    // A volatile access counts as escaping; the other is copied.
    EXPECT_EQ(loop.ir.find("lifetime") == std::string::npos, *name == 'g') << loop.ir;
  }
}

constexpr const char* kMovingPointer = R"(
define i32 @f() {
entry:
  %buffer = alloca [8 x i32]
  %last = getelementptr [8 x i32], ptr %buffer, i64 0, i64 7
  br label %loop
loop:
  %p = phi ptr [ %buffer, %entry ], [ %p.next, %loop ]
  %x = phi i32 [ 1, %entry ], [ %x.next, %loop ]
  %left = phi i32 [ 7, %entry ], [ %left.next, %loop ]
  store i32 %x, ptr %p
  %x.next = mul i32 %x, 3
  %p.next = getelementptr i32, ptr %p, i64 1
  %left.next = sub i32 %left, 1
  %end = icmp slt i32 %left.next, 0
  br i1 %end, label %done, label %loop
done:
  %value = load i32, ptr %last
  %first = load i32, ptr %buffer
  %sum = add i32 %value, %first
  ret i32 %sum
}
)";

TEST(ContinuationFrame, AnAllocaWithALivePointerIntoItStays) {
  Prepared program(kMovingPointer);
  std::uint32_t buffer[8] = {1, 3, 9};
  Continued loop(program, "f", "loop");
  std::uint32_t result = loop.set("buffer", &buffer[0]).set("last", &buffer[7]).set("p", &buffer[3]).set("x", 27u)
                             .set("left", 4u).call<std::uint32_t>();
  EXPECT_EQ(result, 2187u + 1);
  EXPECT_EQ(buffer[7], 2187u); // it worked in the old frame's memory
}

std::uint32_t* gEscaped;
void escapedTouch() { *gEscaped += 1000; }

TEST(ContinuationFrame, AnEscapedAllocaKeepsItsAddress) {
  Prepared program(R"(
define i32 @f(i32 %n) {
entry:
  %variable = alloca i32
  store i32 0, ptr %variable
  call void @keep(ptr %variable)
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
  %old = load i32, ptr %variable
  %new = add i32 %old, %i
  store i32 %new, ptr %variable
  call void @touch()
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  %result = load i32, ptr %variable
  ret i32 %result
}
declare void @keep(ptr)
declare void @touch()
)",
                   {{"touch", reinterpret_cast<const void*>(&escapedTouch)},
                    {"keep", reinterpret_cast<const void*>(+[](std::uint32_t* p) { gEscaped = p; })}});
  std::uint32_t variable = 5000 + 0 + 1 + 2 + 3 + 4;
  gEscaped = &variable;
  Continued loop(program, "f", "loop");
  EXPECT_EQ(loop.set("n", 10u).set("variable", &variable).set("i", 5u).call<std::uint32_t>(), 10045u);
  EXPECT_EQ(variable, 10045u);
  EXPECT_EQ(program.native<std::uint32_t(std::uint32_t)>("f")(10), 10045u);
}

// Calls.

std::uint32_t mayThrow(std::uint32_t i) {
  if (i % 4 == 3)
    throw static_cast<int>(i);
  if (i == 50)
    throw std::runtime_error("out of the loop");
  return i * 2;
}

constexpr const char* kThrowing = R"(
define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %again ]
  %sum = phi i32 [ 0, %entry ], [ %sum.next, %again ]
  %got = invoke i32 @mayThrow(i32 %i) to label %fine unwind label %pad
fine:
  br label %again
pad:
  %caught = landingpad { ptr, i32 } catch ptr @_ZTIi
  %selector = extractvalue { ptr, i32 } %caught, 1
  %wanted = call i32 @llvm.eh.typeid.for(ptr @_ZTIi)
  %mine = icmp eq i32 %selector, %wanted
  br i1 %mine, label %handle, label %pass
handle:
  %exception = extractvalue { ptr, i32 } %caught, 0
  %object = call ptr @__cxa_begin_catch(ptr %exception)
  %thrown = load i32, ptr %object
  call void @__cxa_end_catch()
  br label %again
pass:
  resume { ptr, i32 } %caught
again:
  %value = phi i32 [ %got, %fine ], [ %thrown, %handle ]
  %sum.next = add i32 %sum, %value
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  ret i32 %sum.next
}
declare i32 @mayThrow(i32)
declare i32 @__gxx_personality_v0(...)
declare i32 @llvm.eh.typeid.for(ptr)
declare ptr @__cxa_begin_catch(ptr)
declare void @__cxa_end_catch()
@_ZTIi = external constant ptr
)";

TEST(ContinuationFrame, ExceptionsAreCaughtInItAndPassThroughIt) {
  Prepared program(kThrowing, {{"mayThrow", reinterpret_cast<const void*>(&mayThrow)}});
  auto sum = [](std::uint32_t from, std::uint32_t to) {
    std::uint32_t total = 0;
    for (std::uint32_t i = from; i < to; ++i)
      total += i % 4 == 3 ? i : i * 2;
    return total;
  };
  EXPECT_EQ(Continued(program, "f", "loop").set("n", 40u).set("i", 10u).set("sum", sum(0, 10)).call<std::uint32_t>(),
            sum(0, 40));
  Continued leaving(program, "f", "loop");
  leaving.set("n", 100u).set("i", 10u).set("sum", 0u);
  EXPECT_THROW(leaving.call<std::uint32_t>(), std::runtime_error);
}

TEST(ContinuationFrame, CallsOfTheFunctionItselfMeanTheWholeFunction) {
  Prepared program(R"(
@self = global ptr null
define i64 @f(i64 %n) {
entry:
  %small = icmp ult i64 %n, 2
  br i1 %small, label %done, label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %i.next, %loop ]
  %sum = phi i64 [ 0, %entry ], [ %sum.next, %loop ]
  %n2 = lshr i64 %n, 1
  %part = call i64 @f(i64 %n2)
  %sum.a = add i64 %sum, %part
  %sum.next = add i64 %sum.a, %i
  store ptr @f, ptr @self
  %i.next = add i64 %i, 1
  %end = icmp eq i64 %i.next, 4
  br i1 %end, label %done, label %loop
done:
  %r = phi i64 [ 1, %entry ], [ %sum.next, %loop ]
  ret i64 %r
}
)");
  auto f = [](auto& self, std::uint64_t n) -> std::uint64_t { return n < 2 ? 1 : 3 * self(self, n / 2) + 6; };
  EXPECT_EQ(Continued(program, "f", "loop").set("n", std::uint64_t{9}).set("i", std::uint64_t{2}).set("sum", f(f, 4) + 1)
                .call<std::uint64_t>(), f(f, 9));
  EXPECT_EQ(*static_cast<void**>(*program.core->variableAddress("self")), *program.core->functionAddress("f"));
}

TEST(ContinuationFrame, VariableArgumentsThatWereStartedGoOn) {
  Prepared program(R"(
define i32 @f(i32 %n, ...) {
entry:
  %list = alloca [24 x i8], align 16
  call void @llvm.va_start.p0(ptr %list)
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
  %sum = phi i32 [ 0, %entry ], [ %sum.next, %loop ]
  %x = va_arg ptr %list, i32
  %sum.next = add i32 %sum, %x
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  call void @llvm.va_end.p0(ptr %list)
  ret i32 %sum.next
}
declare void @llvm.va_start.p0(ptr)
declare void @llvm.va_end.p0(ptr)
)");
  struct Call {
    static int run(Continued& loop, int n, ...) {
      va_list list;
      va_start(list, n);
      int sum = va_arg(list, int) + va_arg(list, int);
      int result = loop.set("n", n).set("list", reinterpret_cast<void*>(list)).set("i", 2).set("sum", sum).call<int>();
      va_end(list);
      return result;
    }
  };
  Continued loop(program, "f", "loop");
  EXPECT_EQ(Call::run(loop, 8, 1, 20, 300, 4000, 50000, 600000, 7000000, 80000000), 87654321);
}

TEST(ContinuationFrame, ASavedStackPointerIsItsOwn) {
  Prepared program(R"(
define i64 @f(i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %total = phi i64 [ 0, %entry ], [ %sum.next, %latch ]
  %saved = call ptr @llvm.stacksave.p0()
  %size = add i64 %i, 16
  %array = alloca i64, i64 %size
  store volatile i64 %i, ptr %array
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %sum = phi i64 [ %total, %outer ], [ %sum.next, %inner ]
  %x = load volatile i64, ptr %array
  %y = add i64 %x, %j
  %sum.next = add i64 %sum, %y
  %j.next = add i64 %j, 1
  %inner.end = icmp eq i64 %j.next, %n
  br i1 %inner.end, label %latch, label %inner
latch:
  call void @llvm.stackrestore.p0(ptr %saved)
  %i.next = add i64 %i, 1
  %outer.end = icmp eq i64 %i.next, %n
  br i1 %outer.end, label %done, label %outer
done:
  ret i64 %sum.next
}
declare ptr @llvm.stacksave.p0()
declare void @llvm.stackrestore.p0(ptr)
)");
  constexpr std::uint64_t n = 2000;
  std::uint64_t all = n * (n * (n - 1) / 2) * 2;
  std::uint64_t array[32] = {3}; // that of i = 3
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < 3; ++i)
    before += n * i + n * (n - 1) / 2;
  EXPECT_EQ(Continued(program, "f", "inner").set("n", n).set("i", std::uint64_t{3}).set("saved", std::uint64_t{0xbad})
                .set("array", &array[0]).set("j", std::uint64_t{0}).set("sum", before).call<std::uint64_t>(), all);
}

// Refusals.

struct RefusalCase {
  const char* name;
  const char* ir;
  const char* reason;
};

class Refused : public testing::TestWithParam<RefusalCase> {};

TEST_P(Refused, WithAReason) {
  Prepared program(GetParam().ir);
  FunctionNumbers numbers(program.function("f"));
  std::uint32_t loop = Prepared::blockNumber(numbers, "loop");
  EXPECT_NE(program.ir("f", loop).find(GetParam().reason), std::string::npos) << program.ir("f", loop);
  FunctionRecord& record = program.record("f");
  EXPECT_EQ(program.core->forceOsr(record, loop, Tier::O0), 0u);
  ASSERT_NE(record.osrEntry(loop, Tier::O3), nullptr); // remembered
  EXPECT_EQ(record.osrEntry(loop, Tier::O3)->address, 0u);
  EXPECT_EQ(program.core->forceOsr(record, loop, Tier::O0), 0u);
  EXPECT_TRUE(record.versions.empty());
  EXPECT_EQ(record.failures.load(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    All, Refused,
    testing::Values(
        RefusalCase{"musttail", R"(
define i32 @f(i32 %n) {
entry:
  br label %loop
loop:
  %more = call i1 @more()
  br i1 %more, label %loop, label %out
out:
  %r = musttail call i32 @f(i32 %n)
  ret i32 %r
}
define i1 @more() {
  ret i1 false
})", "must be a tail call"},
        RefusalCase{"va_start", R"(
define void @f(i32 %n, ...) {
entry:
  %list = alloca [24 x i8], align 16
  br label %loop
loop:
  call void @llvm.va_start.p0(ptr %list)
  br label %loop
}
declare void @llvm.va_start.p0(ptr))", "variable arguments"},
        RefusalCase{"setjmp", R"(
define void @f(ptr %b) {
entry:
  %r = call i32 @_setjmp(ptr %b) returns_twice
  br label %loop
loop:
  br label %loop
}
declare i32 @_setjmp(ptr) returns_twice)", "setjmp"},
        RefusalCase{"frame", R"(
define ptr @f() {
entry:
  br label %loop
loop:
  %a = call ptr @llvm.returnaddress(i32 0)
  %c = icmp eq ptr %a, null
  br i1 %c, label %loop, label %out
out:
  ret ptr %a
}
declare ptr @llvm.returnaddress(i32))", "its own frame"},
        RefusalCase{"stack_pointer", R"(
define void @f(i1 %c) {
entry:
  %s1 = call ptr @llvm.stacksave.p0()
  br label %loop
loop:
  %s = phi ptr [ %s1, %entry ], [ %s2, %loop ]
  call void @llvm.stackrestore.p0(ptr %s)
  %s2 = call ptr @llvm.stacksave.p0()
  br label %loop
}
declare ptr @llvm.stacksave.p0()
declare void @llvm.stackrestore.p0(ptr))", "saved stack pointer"},
        RefusalCase{"pad", R"(
define void @f() personality ptr @__gxx_personality_v0 {
entry:
  invoke void @g() to label %out unwind label %loop
loop:
  %p = landingpad { ptr, i32 } cleanup
  invoke void @g() to label %out unwind label %loop
out:
  ret void
}
define void @g() {
  ret void
}
declare i32 @__gxx_personality_v0(...))", "unwinding only"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ContinuationFrame, OfABlockThatIsNotThereIsRefused) {
  Prepared program(kHistogram);
  EXPECT_NE(program.ir("histogram", 77).find("no such block"), std::string::npos);
}

} // namespace
} // namespace kiln
