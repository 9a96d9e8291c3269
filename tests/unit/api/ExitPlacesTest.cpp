// Exits in every surrounding that code can have: each test names the function and the place that the interpreter went
// on in front of, and the code that was left there, and passes only if it was that and nothing else.
#include <algorithm>
#include <csignal>
#include <mutex>
#include <regex>

#include "Host.h"
#include "RareStep.h"

namespace kiln {
namespace {

using test::Host;

/// The instruction that a test guards is marked with `GUARD`.
const std::string kText = std::string(test::kRareStep) + R"(
@cell = global i64 5
define i64 @middle(i64 %x, ptr %where) {
entry:
  %y = add i64 %x, 1
  %s = call i64 @step(i64 %y, ptr %where)
  %t = xor i64 %s, 5
  ret i64 %t
}
define i64 @outer(i64 %x) {
entry:
  store i64 5, ptr @cell
  %m = call i64 @middle(i64 %x, ptr @cell)
  %n = load i64, ptr @cell
  %r = add i64 %m, %n
  ret i64 %r
}

define void @fill(ptr sret({ i64, i64, i64 }) %out, ptr byval({ i64, i64, i64 }) %in, i64 %x) noinline {
entry:
  %a = load i64, ptr %in
  store i64 %a, ptr %out
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  %to = getelementptr i64, ptr %in, i64 1
  store i64 %x, ptr %to
  br label %on
on:
  %f = phi i64 [ 10, %below ], [ 1, %entry ]
  %in1 = getelementptr i64, ptr %in, i64 1
  %b = load i64, ptr %in1
  %bf = mul i64 %b, %f
  %out1 = getelementptr i64, ptr %out, i64 1
  store i64 %bf, ptr %out1
  %in2 = getelementptr i64, ptr %in, i64 2
  %c = load i64, ptr %in2
  %out2 = getelementptr i64, ptr %out, i64 2
  store i64 %c, ptr %out2
  ret void
}
define i64 @structs(i64 %x) {
entry:
  %given = alloca { i64, i64, i64 }
  %made = alloca { i64, i64, i64 }
  store i64 3, ptr %given
  %g1 = getelementptr i64, ptr %given, i64 1
  store i64 20, ptr %g1
  %g2 = getelementptr i64, ptr %given, i64 2
  store i64 100, ptr %g2
  call void @fill(ptr sret({ i64, i64, i64 }) %made, ptr byval({ i64, i64, i64 }) %given, i64 %x)
  %m0 = load i64, ptr %made
  %made1 = getelementptr i64, ptr %made, i64 1
  %m1 = load i64, ptr %made1
  %made2 = getelementptr i64, ptr %made, i64 2
  %m2 = load i64, ptr %made2
  %own = load i64, ptr %g1
  %far = mul i64 %own, 1000000
  %s1 = add i64 %m0, %m1
  %s2 = add i64 %s1, %m2
  %s3 = add i64 %s2, %far
  ret i64 %s3
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
  br i1 %hit, label %rare, label %on ; GUARD
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

define i64 @idle(i64 %n, i64 %bad) {
entry:
  %local = alloca [20 x i64]
  call void @llvm.memset.p0.i64(ptr %local, i8 1, i64 160, i1 false)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %s = phi i64 [ 0, %entry ], [ %t, %on ]
  %unused = load i64, ptr %local
  %hit = icmp eq i64 %i, %bad
  br i1 %hit, label %rare, label %on ; GUARD
rare:
  call void @note()
  br label %on
on:
  %f = phi i64 [ 7, %rare ], [ 1, %loop ]
  %p = mul i64 %i, %f
  %t = add i64 %s, %p
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret i64 %t
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

@kept = global ptr null
define void @addKept(i64 %v) noinline {
  %p = load ptr, ptr @kept
  %o = load i64, ptr %p
  %n = add i64 %o, %v
  store i64 %n, ptr %p
  ret void
}
define i64 @spill(i64 %n, i64 %bad) {
entry:
  %local = alloca i64
  store i64 1, ptr %local
  store ptr %local, ptr @kept
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %s = phi i64 [ 0, %entry ], [ %t, %on ]
  call void @addKept(i64 %i)
  %q = load i64, ptr %local
  %hit = icmp eq i64 %i, %bad
  br i1 %hit, label %rare, label %on ; GUARD
rare:
  call void @note()
  store i64 1000, ptr %local
  br label %on
on:
  %v = load i64, ptr %local
  %s1 = add i64 %s, %q
  %t = add i64 %s1, %v
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret i64 %t
}

@lowest = global i64 -1
@highest = global i64 0
define void @depth() noinline {
  %here = alloca i64
  store volatile i64 0, ptr %here
  %at = ptrtoint ptr %here to i64
  %low = load i64, ptr @lowest
  %lower = call i64 @llvm.umin.i64(i64 %low, i64 %at)
  store i64 %lower, ptr @lowest
  %high = load i64, ptr @highest
  %higher = call i64 @llvm.umax.i64(i64 %high, i64 %at)
  store i64 %higher, ptr @highest
  ret void
}
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)
define i64 @often(i64 %n, i64 %from) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %s = phi i64 [ 0, %entry ], [ %t, %on ]
  %late = icmp sge i64 %i, %from
  %low = and i64 %i, 4095
  %zero = icmp eq i64 %low, 0
  %hit = and i1 %late, %zero
  br i1 %hit, label %rare, label %on ; GUARD
rare:
  call void @depth()
  br label %on
on:
  %f = phi i64 [ 7, %rare ], [ 1, %loop ]
  %p = mul i64 %i, %f
  %t = add i64 %s, %p
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret i64 %t
}

@value = global i64 3
@result = global i64 0
declare ptr @signal(i32, ptr)
declare i32 @raise(i32)
define void @onSignal(i32 %s) {
entry:
  %x = load i64, ptr @value
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  store i64 7, ptr @cell
  br label %on
on:
  %f = phi i64 [ 10, %below ], [ 1, %entry ]
  %c = load i64, ptr @cell
  %a = mul i64 %x, %f
  %b = add i64 %a, %c
  store i64 %b, ptr @result
  ret void
}
define i64 @raised(i64 %x) {
entry:
  store i64 5, ptr @cell
  store i64 %x, ptr @value
  %o = call ptr @signal(i32 10, ptr @onSignal)
  %r = call i32 @raise(i32 10)
  %v = load i64, ptr @result
  ret i64 %v
}

@_ZTIl = external constant ptr
declare ptr @__cxa_allocate_exception(i64)
declare void @__cxa_throw(ptr, ptr, ptr)
declare ptr @__cxa_begin_catch(ptr)
declare void @__cxa_end_catch()
declare i32 @__gxx_personality_v0(...)
define void @thrower(i64 %v) noinline {
  %e = call ptr @__cxa_allocate_exception(i64 8)
  store i64 %v, ptr %e
  call void @__cxa_throw(ptr %e, ptr @_ZTIl, ptr null)
  unreachable
}
define i64 @catches(i64 %x) personality ptr @__gxx_personality_v0 {
entry:
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  invoke void @thrower(i64 %x) to label %never unwind label %pad
never:
  unreachable
pad:
  %lp = landingpad { ptr, i32 } catch ptr null
  %obj = extractvalue { ptr, i32 } %lp, 0
  %c = call ptr @__cxa_begin_catch(ptr %obj)
  %v = load i64, ptr %c
  call void @__cxa_end_catch()
  br label %on
on:
  %r = phi i64 [ %v, %pad ], [ 1, %entry ]
  %w = load volatile i64, ptr @cell
  %s = add i64 %r, %w
  ret i64 %s
}
define i64 @throwsOut(i64 %x) noinline {
entry:
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  br label %on
on:
  %f = phi i64 [ 10, %below ], [ 1, %entry ]
  %far = icmp slt i64 %x, -100
  br i1 %far, label %out, label %back
out:
  call void @thrower(i64 %x)
  unreachable
back:
  %w = load volatile i64, ptr @cell
  %a = mul i64 %x, %f
  %r = add i64 %a, %w
  ret i64 %r
}
define i64 @above(i64 %x) personality ptr @__gxx_personality_v0 {
entry:
  %r = invoke i64 @throwsOut(i64 %x) to label %fine unwind label %pad
fine:
  ret i64 %r
pad:
  %lp = landingpad { ptr, i32 } catch ptr null
  %obj = extractvalue { ptr, i32 } %lp, 0
  %c = call ptr @__cxa_begin_catch(ptr %obj)
  %v = load i64, ptr %c
  call void @__cxa_end_catch()
  %w = add i64 %v, 1000
  ret i64 %w
}
define void @cleans(i64 %x, i64 %odd) noinline personality ptr @__gxx_personality_v0 {
entry:
  invoke void @thrower(i64 %x) to label %never unwind label %pad
never:
  unreachable
pad:
  %lp = landingpad { ptr, i32 } cleanup
  %rare = icmp slt i64 %odd, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  store i64 77, ptr @cell
  br label %on
on:
  %f = phi i64 [ 10, %below ], [ 1, %pad ]
  %c = load i64, ptr @cell
  %g = mul i64 %c, %f
  store i64 %g, ptr @cell
  resume { ptr, i32 } %lp
}
define i64 @around(i64 %x, i64 %odd) personality ptr @__gxx_personality_v0 {
entry:
  store i64 5, ptr @cell
  invoke void @cleans(i64 %x, i64 %odd) to label %never unwind label %pad
never:
  unreachable
pad:
  %lp = landingpad { ptr, i32 } catch ptr null
  %obj = extractvalue { ptr, i32 } %lp, 0
  %c = call ptr @__cxa_begin_catch(ptr %obj)
  %v = load i64, ptr %c
  call void @__cxa_end_catch()
  %w = load i64, ptr @cell
  %r = add i64 %v, %w
  ret i64 %r
}
define i64 @handles(i64 %x, i64 %odd) personality ptr @__gxx_personality_v0 {
entry:
  invoke void @thrower(i64 %x) to label %never unwind label %pad
never:
  unreachable
pad:
  %lp = landingpad { ptr, i32 } catch ptr null
  %obj = extractvalue { ptr, i32 } %lp, 0
  %c = call ptr @__cxa_begin_catch(ptr %obj)
  %rare = icmp slt i64 %odd, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  store i64 1, ptr %c
  br label %on
on:
  %v = load i64, ptr %c
  call void @__cxa_end_catch()
  %w = load volatile i64, ptr @cell
  %r = add i64 %v, %w
  ret i64 %r
}
)";
const std::string_view kProgram = kText;

/// Which code was left, in front of what: "root: branch function:place", or "root loop N: ..." of a continuation.
class ExitLog final : public Observer {
public:
  void onTierEvent(const TierEvent& event) override {
    if (event.kind != TierEvent::Kind::Exited)
      return;
    std::string line(event.function);
    if (event.loop)
      line += " loop " + std::to_string(*event.loop);
    std::lock_guard lock(mutex_);
    lines_.push_back(line + ": " + std::string(event.reason.substr(0, event.reason.find(" with "))));
  }
  /// Since it was last asked.
  std::vector<std::string> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// The number of the marked instruction in the prepared function: arguments first, then all instructions in order but
/// those without use.
std::string guardOf(std::string_view function) {
  std::size_t at = kProgram.find(" @" + std::string(function) + "(");
  const std::size_t end = kProgram.find("\n}", at), body = kProgram.find("{\n", at) + 2;
  auto number = std::ranges::count(kProgram.substr(at, body - at), '%');
  for (at = body; at < end; at = kProgram.find('\n', at) + 1) {
    std::string_view line = kProgram.substr(at, kProgram.find('\n', at) - at);
    if (line.contains("; GUARD"))
      return std::string(function) + ":" + std::to_string(number);
    number += !line.ends_with(':') && !line.contains("%unused");
  }
  ADD_FAILURE() << "no guard in " << function;
  return "";
}

/// A program of which every exit is told. Code is compiled in the thread that calls.
struct Watched {
  ExitLog log;
  Host host;

  static Options with(Options options, Observer& observer) {
    options.compileThreads = 0;
    options.observer = &observer;
    return options;
  }
  explicit Watched(std::uint64_t limit = 1'000'000, std::string_view ladder = "interpreter,O3@2000:1000000000")
      : host(kProgram, with(limited(ladder, limit), log)) {}
  static Options limited(std::string_view ladder, std::uint64_t limit) {
    Options options = test::withLadder(ladder);
    options.exitLimit = limit;
    return options;
  }

  template <typename Signature> Function<Signature> function(std::string_view name) {
    return host.function<Signature>(name);
  }
  /// Calls until the function is compiled by what was seen, which was no reason to leave anything.
  template <typename Work> void warm(std::string_view name, Work&& work) {
    for (int i = 0; i < 3000; ++i)
      work();
    ASSERT_EQ(host.tierOf(name), Tier::O3);
    ASSERT_EQ(log.take(), std::vector<std::string>());
  }
  ExitStatistics exits() { return host.program->statistics().exits; }
  FunctionStatistics statistics(std::string_view name) {
    for (FunctionStatistics& each : host.program->statistics().functions)
      if (each.name == name)
        return std::move(each);
    return {};
  }
  std::int64_t& variable(std::string_view name) {
    return *static_cast<std::int64_t*>(*host.program->variableAddress(name));
  }
  /// The code of the function in the unit that the last tier compiles for it.
  std::string body(std::string_view name) {
    auto text = host.program->dump(name, Tier::O3, Program::Dump::Ir);
    EXPECT_TRUE(text) << text.error().message;
    std::smatch found;
    const std::regex pattern("define [^\n]*kiln.v.[0-9]+.O3." + std::string(name) + "\"?\\([^]*?\n\\}");
    return text && std::regex_search(*text, found, pattern) ? found[0].str() : "";
  }
};

using Lines = std::vector<std::string>;

std::int64_t walked(std::int64_t n, std::int64_t bad) {
  std::int64_t first = 1, second = 2, sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t q = first;
    first += i;
    if (i == bad)
      second *= 7;
    sum += q + second;
  }
  return sum;
}

std::int64_t oftenTaken(std::int64_t n, std::int64_t from) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i)
    sum += i >= from && i % 4096 == 0 ? 7 * i : i;
  return sum;
}

std::size_t allocas(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(" = alloca ", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

TEST(ExitPlaces, InlinedTwoLevelsDeep) {
  Watched program;
  auto outer = program.function<std::int64_t(std::int64_t)>("outer");
  program.warm("outer", [&] { ASSERT_EQ(outer(3), ((4 + 5 + 5) ^ 5) + 5); });
  EXPECT_EQ(outer(-5), ((-40 + 5 - 4) ^ 5) - 4);
  EXPECT_EQ(program.log.take(), Lines{"outer: branch " + guardOf("step")});
  EXPECT_EQ(outer(3), 16);
  EXPECT_EQ(program.log.take(), Lines());
}

TEST(ExitPlaces, AResultAndAnArgumentInMemory) {
  Watched program;
  auto structs = program.function<std::int64_t(std::int64_t)>("structs");
  program.warm("fill", [&] { ASSERT_EQ(structs(3), 20'000'123); });
  EXPECT_EQ(structs(-4), 20'000'103 - 40);
  EXPECT_EQ(program.log.take(), Lines{"fill: branch " + guardOf("fill")});
}

TEST(ExitPlaces, AVariableOfALoopStaysInRegisters) {
  Watched program;
  auto walk = program.function<std::int64_t(std::int64_t, std::int64_t)>("walk");
  // No argument is a constant.
  std::int64_t n = 10;
  program.warm("walk", [&] {
    ASSERT_EQ(walk(n, n + 40), walked(n, n + 40));
    n ^= 1;
  });
  const std::string code = program.body("walk");
  EXPECT_EQ(allocas(code), 1u) << code;
  EXPECT_NE(code.find("%kiln.state"), std::string::npos) << code;
  EXPECT_EQ(walk(10, 4), walked(10, 4));
  EXPECT_EQ(program.log.take(), Lines{"walk: branch " + guardOf("walk")});
}

TEST(ExitPlaces, AVariableOfALoopWhoseAddressEscaped) {
  Watched program;
  auto spill = program.function<std::int64_t(std::int64_t, std::int64_t)>("spill");
  auto spilled = [](std::int64_t n, std::int64_t bad) {
    std::int64_t local = 1, sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      local += i;
      sum += local;
      if (i == bad)
        local = 1000;
      sum += local;
    }
    return sum;
  };
  std::int64_t n = 10;
  program.warm("spill", [&] {
    ASSERT_EQ(spill(n, n + 40), spilled(n, n + 40));
    n ^= 1;
  });
  EXPECT_EQ(allocas(program.body("spill")), 2u);
  EXPECT_EQ(spill(10, 4), spilled(10, 4));
  EXPECT_EQ(program.log.take(), Lines{"spill: branch " + guardOf("spill")});
}

constexpr std::string_view kMovingLadder = "interpreter,O3@1000000:3000";

/// The only activation there is: from the interpreter into a continuation, out of it by an exit, and into it again.
TEST(ExitPlaces, InAContinuation) {
  Watched program(1'000'000, kMovingLadder);
  auto walk = program.function<std::int64_t(std::int64_t, std::int64_t)>("walk");
  EXPECT_EQ(walk(100'000, 50'000), walked(100'000, 50'000));
  EXPECT_EQ(program.log.take(), Lines{"walk loop 1: branch " + guardOf("walk")});
  EXPECT_EQ(program.statistics("walk").osrTransfers, 2u);
}

/// Nobody uses what is loaded from the variable, so that the low tiers do not load it, and keep no address of it.
TEST(ExitPlaces, AVariableThatIsNotInTheState) {
  for (std::string_view ladder : {kMovingLadder, std::string_view("baseline,O3@1000000:3000")}) {
    Watched program(1'000'000, ladder);
    auto idle = program.function<std::int64_t(std::int64_t, std::int64_t)>("idle");
    EXPECT_EQ(idle(100'000, 50'000), 99'999 * INT64_C(50'000) + 6 * 50'000);
    EXPECT_EQ(program.log.take(), Lines{"idle loop 1: branch " + guardOf("idle")});
  }
}

/// Each exit here is one whose activation goes on for long, and weighs as several.
constexpr std::uint64_t kLongExits = 3, kWeight = 16;

TEST(ExitPlaces, AContinuationIsBuiltAnewPastTheLimit) {
  Watched program(kLongExits * kWeight, kMovingLadder);
  auto often = program.function<std::int64_t(std::int64_t, std::int64_t)>("often");
  EXPECT_EQ(often(400'000, 100'000), oftenTaken(400'000, 100'000));
  EXPECT_EQ(program.log.take(), Lines(kLongExits, "often loop 1: branch " + guardOf("often")));
  ExitStatistics exits = program.exits();
  EXPECT_EQ(exits.reasons.at(0).exits, kLongExits);
  EXPECT_EQ(exits.reasons.at(0).dropped, 1u);
  EXPECT_EQ(exits.rebuilds, 1u);
  FunctionStatistics told = program.statistics("often");
  EXPECT_EQ(told.osrTransfers, 4u); // the last into the new code, which it did not leave
  EXPECT_EQ(std::ranges::count_if(told.versions, [](const VersionStatistics& each) { return each.loop == 1u; }), 2);
}

/// Each change of code leaves a frame behind; an activation that fails for ever has as many as failures are allowed.
TEST(ExitPlaces, TheStackOfOneActivationIsBounded) {
  Watched program(0, kMovingLadder);
  auto often = program.function<std::int64_t(std::int64_t, std::int64_t)>("often");
  EXPECT_EQ(often(2'000'000, 100'000), oftenTaken(2'000'000, 100'000));
  const std::uint64_t exits = program.exits().reasons.at(0).exits;
  EXPECT_EQ(exits, 64 / kWeight);
  const std::int64_t depth = program.variable("highest") - program.variable("lowest");
  EXPECT_GT(depth, 64);
  EXPECT_LT(depth, static_cast<std::int64_t>(exits * 4096));
}

TEST(ExitPlaces, InASignalHandler) {
  Watched program(2);
  auto onSignal = program.function<void(int)>("onSignal");
  auto raised = program.function<std::int64_t(std::int64_t)>("raised");
  program.warm("onSignal", [&] { onSignal(SIGUSR1); });
  const std::string line = "onSignal: branch " + guardOf("onSignal");
  EXPECT_EQ(raised(-4), -40 + 7);
  EXPECT_EQ(program.log.take(), Lines{line});
  // Nothing is built where malloc may have been interrupted, though the limit is passed.
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(raised(-4), -33);
  EXPECT_EQ(program.log.take(), Lines(4, line));
  EXPECT_EQ(program.exits().rebuilds, 0u);
  EXPECT_EQ(program.exits().reasons.at(0).dropped, 1u);
  // The next failure outside asks.
  onSignal(SIGUSR1);
  EXPECT_EQ(program.log.take(), Lines{line});
  EXPECT_EQ(program.exits().rebuilds, 1u);
  EXPECT_EQ(raised(-4), -33);
  EXPECT_EQ(program.log.take(), Lines());
  EXPECT_EQ(program.host.tierOf("onSignal"), Tier::O3);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(ExitPlaces, AnExceptionThatTheInterpreterCatches) {
  Watched program;
  auto catches = program.function<std::int64_t(std::int64_t)>("catches");
  program.warm("catches", [&] { ASSERT_EQ(catches(3), 6); });
  EXPECT_EQ(catches(-9), -9 + 5);
  EXPECT_EQ(program.log.take(), Lines{"catches: branch " + guardOf("catches")});
}

/// Through the frame of the code that was left, to compiled code above.
TEST(ExitPlaces, AnExceptionThroughTheFrameThatWasLeft) {
  Watched program;
  auto above = program.function<std::int64_t(std::int64_t)>("above");
  program.warm("above", [&] { ASSERT_EQ(above(3), 8); });
  ASSERT_EQ(program.host.tierOf("throwsOut"), Tier::O3);
  const std::string line = "throwsOut: branch " + guardOf("throwsOut");
  EXPECT_EQ(above(-4), -35);
  EXPECT_EQ(program.log.take(), Lines{line});
  EXPECT_EQ(above(-200), 800);
  EXPECT_EQ(program.log.take(), Lines{line});
}

TEST(ExitPlaces, InACleanupWhileAnExceptionIsOnItsWay) {
  Watched program;
  auto around = program.function<std::int64_t(std::int64_t, std::int64_t)>("around");
  program.warm("cleans", [&] { ASSERT_EQ(around(3, 1), 8); });
  EXPECT_EQ(around(3, -1), 773);
  EXPECT_EQ(program.log.take(), Lines{"cleans: branch " + guardOf("cleans")});
  EXPECT_EQ(around(4, 1), 9);
}

TEST(ExitPlaces, InAHandlerThatHoldsTheException) {
  Watched program;
  auto handles = program.function<std::int64_t(std::int64_t, std::int64_t)>("handles");
  program.warm("handles", [&] { ASSERT_EQ(handles(3, 1), 8); });
  EXPECT_EQ(handles(3, -1), 6);
  EXPECT_EQ(program.log.take(), Lines{"handles: branch " + guardOf("handles")});
}

} // namespace
} // namespace kiln
