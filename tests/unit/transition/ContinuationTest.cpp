// Continuations are entered in the middle of a loop with states written by hand, and must end as the whole function does:
// expected values come from the same loop in C++, compiled by the compiler of this test.
#include <cstdarg>
#include <stdexcept>

#include "transition/Continued.h"

namespace kiln {
namespace {

using test::Continued;
using test::Prepared;

constexpr const char* kSum = R"(
define i64 @sum(i64 %n, i64 %step) {
entry:
  %scaled = mul i64 %step, 3
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %total = phi i64 [ 0, %entry ], [ %total.next, %loop ]
  %square = mul i64 %i, %i
  %mixed = xor i64 %square, %scaled
  %total.next = add i64 %total, %mixed
  %i.next = add i64 %i, 1
  %end = icmp uge i64 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  ret i64 %total.next
}
)";

std::uint64_t sum(std::uint64_t n, std::uint64_t step, std::uint64_t i = 0, std::uint64_t total = 0) {
  do
    total += (i * i) ^ (step * 3);
  while (++i < n);
  return total;
}

TEST(Continuation, GoesOnInTheMiddleOfALoop) {
  Prepared program(kSum);
  for (std::uint64_t k : {0, 1, 7, 98, 99}) {
    std::uint64_t total = k ? sum(k, 5) : 0;
    Continued loop(program, "sum", "loop");
    std::uint64_t result = loop.set("n", std::uint64_t{100}).set("scaled", std::uint64_t{15}).set("i", k).set("total", total)
                               .call<std::uint64_t>();
    EXPECT_EQ(result, sum(100, 5)) << "from " << k;
  }
  EXPECT_EQ(program.native<std::uint64_t(std::uint64_t, std::uint64_t)>("sum")(100, 5), sum(100, 5));
}

TEST(Continuation, IsMadeOnceForALoop) {
  Prepared program(kSum);
  FunctionRecord& record = program.record("sum");
  Continued loop(program, "sum", "loop");
  EXPECT_EQ(program.core->forceOsr(record, loop.loop, Tier::O0), program.core->forceOsr(record, loop.loop, Tier::O0));
  FunctionStatistics statistics = program.core->statisticsOf(record);
  ASSERT_EQ(statistics.versions.size(), 1u);
  EXPECT_EQ(statistics.versions[0].loop, loop.loop);
  EXPECT_EQ(statistics.versions[0].tier, Tier::O3);
  EXPECT_EQ(statistics.osrTransfers, 3u);
  EXPECT_FALSE(statistics.tier); // calls still find no code
}

TEST(Continuation, EveryKindOfValue) {
  Prepared program(R"(
define { double, i64 } @mix(i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
  %f = phi float [ 1.0, %entry ], [ %f.next, %loop ]
  %d = phi double [ 2.0, %entry ], [ %d.next, %loop ]
  %l = phi x86_fp80 [ 0xK3FFF8000000000000000, %entry ], [ %l.next, %loop ]
  %w = phi i128 [ 1, %entry ], [ %w.next, %loop ]
  %o = phi i33 [ 5, %entry ], [ %o.next, %loop ]
  %b = phi i1 [ false, %entry ], [ %b.next, %loop ]
  %c = phi i8 [ 1, %entry ], [ %c.next, %loop ]
  %v = phi <4 x i32> [ <i32 1, i32 2, i32 3, i32 4>, %entry ], [ %v.next, %loop ]
  %s = phi { i32, double } [ { i32 3, double 0.5 }, %entry ], [ %s.next, %loop ]
  %f.next = fmul float %f, 1.25
  %d.next = fadd double %d, 0.75
  %l.next = fmul x86_fp80 %l, 0xK3FFF8000000000000400
  %w.shift = mul i128 %w, 12345678901234567891
  %w.next = add i128 %w.shift, 7
  %o.next = mul i33 %o, 3
  %b.next = xor i1 %b, true
  %c.next = mul i8 %c, 5
  %v.next = mul <4 x i32> %v, <i32 3, i32 5, i32 7, i32 9>
  %s.i = extractvalue { i32, double } %s, 0
  %s.d = extractvalue { i32, double } %s, 1
  %s.i2 = mul i32 %s.i, 7
  %s.d2 = fadd double %s.d, 1.5
  %s.a = insertvalue { i32, double } poison, i32 %s.i2, 0
  %s.next = insertvalue { i32, double } %s.a, double %s.d2, 1
  %i.next = add i32 %i, 1
  %end = icmp eq i32 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  %x1 = fpext float %f.next to double
  %x2 = fadd double %x1, %d.next
  %x3 = fptrunc x86_fp80 %l.next to double
  %x4 = fadd double %x2, %x3
  %x5 = fadd double %x4, %s.d2
  %y1 = trunc i128 %w.next to i64
  %y2a = lshr i128 %w.next, 64
  %y2 = trunc i128 %y2a to i64
  %y3 = zext i33 %o.next to i64
  %y4 = zext i1 %b.next to i64
  %y5 = zext i8 %c.next to i64
  %lane = extractelement <4 x i32> %v.next, i32 2
  %y6 = zext i32 %lane to i64
  %y7 = zext i32 %s.i2 to i64
  %z1 = xor i64 %y1, %y2
  %z2 = add i64 %z1, %y3
  %z3 = add i64 %z2, %y4
  %z4 = add i64 %z3, %y5
  %z5 = add i64 %z4, %y6
  %z6 = add i64 %z5, %y7
  %r1 = insertvalue { double, i64 } poison, double %x5, 0
  %r2 = insertvalue { double, i64 } %r1, i64 %z6, 1
  ret { double, i64 } %r2
}
)");
  struct State {
    float f = 1;
    double d = 2;
    long double l = 1;
    unsigned __int128 w = 1;
    std::uint64_t o = 5;
    bool b = false;
    std::uint8_t c = 1;
    std::uint32_t v[4] = {1, 2, 3, 4};
    std::uint32_t si = 3;
    double sd = 0.5;
    void step() {
      f *= 1.25f;
      d += 0.75;
      l *= 0x1.00000000000008p+0L;
      w = w * 12345678901234567891u + 7;
      o = (o * 3) & ((std::uint64_t{1} << 33) - 1);
      b = !b;
      c = static_cast<std::uint8_t>(c * 5);
      const std::uint32_t factors[4] = {3, 5, 7, 9};
      for (int i = 0; i < 4; ++i)
        v[i] *= factors[i];
      si *= 7;
      sd += 1.5;
    }
  } at, end;
  for (int i = 0; i < 20; ++i)
    end.step();
  for (int i = 0; i < 13; ++i)
    at.step();
  struct Result {
    double x;
    std::uint64_t y;
  };
  double x = static_cast<double>(end.f) + end.d + static_cast<double>(end.l) + end.sd;
  std::uint64_t y = static_cast<std::uint64_t>(end.w) ^ static_cast<std::uint64_t>(end.w >> 64);
  y += end.o + end.b + end.c + end.v[2] + end.si;
  Continued loop(program, "mix", "loop");
  Result result = loop.set("n", std::uint32_t{20}).set("i", std::uint32_t{13}).set("f", at.f).set("d", at.d).set("l", at.l)
                      .set("w", at.w).set("o", at.o).set("b", at.b).set("c", at.c).set("v", at.v[0], at.v[1], at.v[2], at.v[3])
                      .set("s", at.si, at.sd).call<Result>();
  EXPECT_EQ(result.x, x);
  EXPECT_EQ(result.y, y);
  Result whole = program.native<Result(std::uint32_t)>("mix")(20);
  EXPECT_EQ(whole.x, x);
  EXPECT_EQ(whole.y, y);
}

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

TEST(Continuation, AnAllocaThatDidNotEscapeBecomesOneOfItsOwn) {
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

TEST(Continuation, LifetimeMarkersOfACopyGo) {
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
  store i32 %x, ptr %p
  %x.next = mul i32 %x, 3
  %p.next = getelementptr i32, ptr %p, i64 1
  %left = phi i32 [ 7, %entry ], [ %left.next, %loop ]
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

TEST(Continuation, AnAllocaWithALivePointerIntoItStays) {
  std::string text = kMovingPointer;
  // Phis stand together in IR text.
  std::string phi = "  %left = phi i32 [ 7, %entry ], [ %left.next, %loop ]\n";
  text.erase(text.find(phi), phi.size());
  text.insert(text.find("  store i32 %x"), phi);
  Prepared program(text);
  std::uint32_t buffer[8] = {1, 3, 9};
  Continued loop(program, "f", "loop");
  std::uint32_t result = loop.set("buffer", &buffer[0]).set("last", &buffer[7]).set("p", &buffer[3]).set("x", 27u)
                             .set("left", 4u).call<std::uint32_t>();
  EXPECT_EQ(result, 2187u + 1);
  EXPECT_EQ(buffer[7], 2187u); // it worked in the old frame's memory
}

std::uint32_t* gEscaped;
void escapedTouch() { *gEscaped += 1000; }

TEST(Continuation, AnEscapedAllocaKeepsItsAddress) {
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

// Nests and irregular loops.

constexpr const char* kNest = R"(
define i64 @nest(i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %sum.outer = phi i64 [ 1, %entry ], [ %sum.middle, %outer.latch ]
  %ii = mul i64 %i, 31
  br label %middle
middle:
  %j = phi i64 [ 0, %outer ], [ %j.next, %middle.latch ]
  %sum.middle.in = phi i64 [ %sum.outer, %outer ], [ %sum.middle, %middle.latch ]
  %jj = mul i64 %j, %ii
  br label %inner
inner:
  %k = phi i64 [ 0, %middle ], [ %k.next, %inner ]
  %sum = phi i64 [ %sum.middle.in, %middle ], [ %sum.next, %inner ]
  %a = add i64 %jj, %k
  %b = xor i64 %sum, %a
  %sum.next = mul i64 %b, 1099511628211
  %k.next = add i64 %k, 1
  %inner.end = icmp eq i64 %k.next, %n
  br i1 %inner.end, label %middle.latch, label %inner
middle.latch:
  %sum.middle = add i64 %sum.next, %i
  %j.next = add i64 %j, 1
  %middle.end = icmp eq i64 %j.next, %n
  br i1 %middle.end, label %outer.latch, label %middle
outer.latch:
  %i.next = add i64 %i, 1
  %outer.end = icmp eq i64 %i.next, %n
  br i1 %outer.end, label %done, label %outer
done:
  %result = sub i64 %sum.middle, %ii
  ret i64 %result
}
)";

/// The nest from the start; `at` is called at each header with the sums there.
template <typename At> std::uint64_t nest(std::uint64_t n, At&& at) {
  std::uint64_t sum = 1, ii = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    at('o', i, 0, 0, sum);
    ii = i * 31;
    for (std::uint64_t j = 0; j < n; ++j) {
      at('m', i, j, 0, sum);
      for (std::uint64_t k = 0; k < n; ++k) {
        at('i', i, j, k, sum);
        sum = (sum ^ (j * ii + k)) * 1099511628211u;
      }
      sum += i;
    }
  }
  return sum - ii;
}

TEST(Continuation, OfEachLoopOfANestFromEveryIteration) {
  Prepared program(kNest);
  constexpr std::uint64_t n = 5;
  std::uint64_t expected = nest(n, [](auto...) {});
  nest(n, [&](char loop, std::uint64_t i, std::uint64_t j, std::uint64_t k, std::uint64_t sum) {
    std::uint64_t result = 0;
    if (loop == 'o')
      result = Continued(program, "nest", "outer").set("n", n).set("i", i).set("sum.outer", sum).call<std::uint64_t>();
    else if (loop == 'm')
      result = Continued(program, "nest", "middle").set("n", n).set("i", i).set("ii", i * 31).set("j", j)
                   .set("sum.middle.in", sum).call<std::uint64_t>();
    else
      result = Continued(program, "nest", "inner").set("n", n).set("i", i).set("ii", i * 31).set("j", j)
                   .set("jj", j * i * 31).set("k", k).set("sum", sum).call<std::uint64_t>();
    EXPECT_EQ(result, expected) << loop << ' ' << i << ' ' << j << ' ' << k;
  });
  EXPECT_EQ(program.native<std::uint64_t(std::uint64_t)>("nest")(n), expected);
}

TEST(Continuation, OfALoopWithSeveralLatchesAndExits) {
  Prepared program(R"(
define i64 @walk(i64 %start) {
entry:
  br label %loop
loop:
  %x = phi i64 [ %start, %entry ], [ %half, %even ], [ %up, %odd ], [ %minus, %third ]
  %steps = phi i64 [ 0, %entry ], [ %s1, %even ], [ %s2, %odd ], [ %s1, %third ]
  %s1 = add i64 %steps, 1
  %s2 = add i64 %steps, 2
  %low = and i64 %x, 1
  %isOdd = icmp eq i64 %low, 1
  br i1 %isOdd, label %odd.test, label %even.test
even.test:
  %end = icmp eq i64 %x, 0
  br i1 %end, label %zero, label %even
even:
  %half = lshr i64 %x, 1
  br label %loop
odd.test:
  %rest = urem i64 %x, 3
  %isThird = icmp eq i64 %rest, 0
  br i1 %isThird, label %third, label %odd.end
third:
  %minus = sub i64 %x, 3
  br label %loop
odd.end:
  %one = icmp eq i64 %x, 1
  br i1 %one, label %done, label %odd
odd:
  %triple = mul i64 %x, 3
  %up = add i64 %triple, 1
  br label %loop
zero:
  ret i64 %s1
done:
  %r = mul i64 %steps, 10
  ret i64 %r
}
)");
  auto walk = [](std::uint64_t x, auto&& at) {
    for (std::uint64_t steps = 0;;) {
      at(x, steps);
      if (x % 2 == 0) {
        if (x == 0)
          return steps + 1;
        x /= 2;
        ++steps;
      } else if (x % 3 == 0) {
        x -= 3;
        ++steps;
      } else {
        if (x == 1)
          return steps * 10;
        x = 3 * x + 1;
        steps += 2;
      }
    }
  };
  for (std::uint64_t start : {7u, 9u, 97u}) {
    std::uint64_t expected = walk(start, [](auto...) {});
    walk(start, [&](std::uint64_t x, std::uint64_t steps) {
      EXPECT_EQ(Continued(program, "walk", "loop").set("x", x).set("steps", steps).call<std::uint64_t>(), expected);
    });
  }
}

TEST(Continuation, OfAnIrreducibleLoop) {
  Prepared program(R"(
define i64 @f(i64 %n, i1 %c) {
entry:
  %k = mul i64 %n, 3
  br i1 %c, label %a, label %b
a:
  %x = phi i64 [ %n, %entry ], [ %y.next, %b ]
  %x.next = add i64 %x, %k
  br label %b
b:
  %y = phi i64 [ 100, %entry ], [ %x.next, %a ]
  %y.next = sub i64 %y, 50
  %end = icmp sgt i64 %y.next, 1000
  br i1 %end, label %out, label %a
out:
  %r = add i64 %y, %k
  ret i64 %r
}
)");
  auto fromB = [](std::int64_t y, std::int64_t k) {
    while (y - 50 <= 1000)
      y = y - 50 + k;
    return y + k;
  };
  EXPECT_EQ(Continued(program, "f", "b").set("k", std::int64_t{90}).set("y", std::int64_t{250})
                .call<std::int64_t>(), fromB(250, 90));
  EXPECT_EQ(Continued(program, "f", "a").set("k", std::int64_t{90}).set("x", std::int64_t{333})
                .call<std::int64_t>(), fromB(333 + 90, 90));
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

TEST(Continuation, ExceptionsAreCaughtInItAndPassThroughIt) {
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

TEST(Continuation, CallsOfTheFunctionItselfMeanTheWholeFunction) {
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

TEST(Continuation, VariableArgumentsThatWereStartedGoOn) {
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

TEST(Continuation, ASavedStackPointerIsItsOwn) {
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
  ASSERT_NE(record.osrEntry(loop), nullptr); // remembered
  EXPECT_EQ(record.osrEntry(loop)->address, 0u);
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

TEST(Continuation, OfABlockThatIsNotThereIsRefused) {
  Prepared program(kSum);
  EXPECT_NE(program.ir("sum", 77).find("no such block"), std::string::npos);
}

} // namespace
} // namespace kiln
