// Continuations are entered in the middle of a loop with states written by hand, and must end as the whole function does:
// expected values come from the same loop in C++, compiled by the compiler of this test.
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

TEST(Continuation, OfAnInnerLoopKeepsTheNestForTheOptimiser) {
  // The inner loop can be vectorised, if LLVM sees that it is one: in the round under way and in those to come.
  Prepared program(R"(
define void @scale(ptr noalias %to, ptr noalias %from, i64 %n) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %source = getelementptr inbounds float, ptr %from, i64 %j
  %x = load float, ptr %source
  %target = getelementptr inbounds float, ptr %to, i64 %j
  %old = load float, ptr %target
  %new = fadd float %x, %old
  store float %new, ptr %target
  %j.next = add nuw nsw i64 %j, 1
  %inner.end = icmp eq i64 %j.next, %n
  br i1 %inner.end, label %latch, label %inner
latch:
  %i.next = add nuw nsw i64 %i, 1
  %outer.end = icmp eq i64 %i.next, %n
  br i1 %outer.end, label %done, label %outer
done:
  ret void
}
)");
  Continued loop(program, "scale", "inner");
  EXPECT_NE(loop.ir.find("inner.round"), std::string::npos) << loop.ir;
  std::string optimised = program.optimised("scale", loop.loop);
  std::size_t found = 0;
  for (std::size_t at = 0; (at = optimised.find("\nvector.body", at)) != std::string::npos; ++at)
    ++found;
  EXPECT_EQ(found, 2u) << optimised;
  float from[50], to[50], expected[50];
  for (int i = 0; i < 50; ++i) {
    from[i] = static_cast<float>(i);
    to[i] = expected[i] = 0.5f;
  }
  for (int i = 0; i < 3 * 50 + 17; ++i) // three rounds and 17 steps of the fourth are done
    to[i % 50] += from[i % 50];
  for (int i = 0; i < 50 * 50; ++i)
    expected[i % 50] += from[i % 50];
  loop.set("to", &to[0]).set("from", &from[0]).set("n", std::uint64_t{50}).set("i", std::uint64_t{3}).set("j", std::uint64_t{17})
      .call<void>();
  EXPECT_EQ(memcmp(to, expected, sizeof to), 0);
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

} // namespace
} // namespace kiln
