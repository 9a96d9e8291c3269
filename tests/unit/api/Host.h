// What the tests of the public API share: loading IR text, and small programs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "kiln/Engine.h"

namespace kiln::test {

inline ProgramInput text(std::string_view ir, std::string name = "test.ll") { return ProgramInput::memory(std::move(name), ir); }

/// An engine and a program of it. Fails the test when either cannot be made.
struct Host {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Program> program;

  explicit Host(const ProgramInput& input, Options options = {}) {
    auto made = Engine::create(std::move(options));
    if (!made) {
      ADD_FAILURE() << made.error().message;
      return;
    }
    engine = std::move(*made);
    auto loaded = engine->load(input);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      return;
    }
    program = std::move(*loaded);
  }
  explicit Host(std::string_view ir, Options options = {}) : Host(text(ir), std::move(options)) {}

  template <typename Signature> Function<Signature> function(std::string_view name) {
    auto found = program->function<Signature>(name);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  std::optional<Tier> tierOf(std::string_view name) {
    auto tier = program->tierOf(name);
    EXPECT_TRUE(tier) << tier.error().message;
    return *tier;
  }
};

inline Options withLadder(std::string_view ladder) {
  Options options;
  options.ladder = *Ladder::parse(ladder);
  return options;
}

/// The error of loading `input`, or one with the code Ok.
inline Error loadError(const ProgramInput& input, Options options = {}) {
  auto engine = Engine::create(std::move(options));
  if (!engine)
    return engine.error();
  auto program = (*engine)->load(input);
  return program ? Error{} : program.error();
}
inline Error loadError(std::string_view ir, Options options = {}) { return loadError(text(ir), std::move(options)); }

inline testing::AssertionResult names(const Error& error, std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts)
    if (error.message.find(part) == std::string::npos)
      return testing::AssertionFailure() << "'" << part << "' is not in: " << error.message;
  return testing::AssertionSuccess();
}

/// int fib(int): calls itself.
inline constexpr std::string_view kFib = R"(
define i32 @fib(i32 %n) {
entry:
  %small = icmp slt i32 %n, 2
  br i1 %small, label %done, label %more
more:
  %n1 = sub i32 %n, 1
  %a = call i32 @fib(i32 %n1)
  %n2 = sub i32 %n, 2
  %b = call i32 @fib(i32 %n2)
  %sum = add i32 %a, %b
  ret i32 %sum
done:
  ret i32 %n
}
define i32 @twice(i32 %x) noinline {
  %y = mul i32 %x, 2
  ret i32 %y
}
)";

/// Sums that no compiler folds: an array walk (vectorisable) and a chain of divisions (a loop without a known count).
inline constexpr std::string_view kLoops = R"(
define i32 @sum(ptr %data, i64 %count) {
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %total = phi i32 [ 0, %entry ], [ %more, %loop ]
  %at = getelementptr inbounds i32, ptr %data, i64 %i
  %value = load i32, ptr %at, align 4
  %scaled = mul i32 %value, 3
  %more = add i32 %total, %scaled
  %next = add nuw i64 %i, 1
  %end = icmp eq i64 %next, %count
  br i1 %end, label %done, label %loop
done:
  %result = phi i32 [ 0, %entry ], [ %more, %loop ]
  ret i32 %result
}
define i32 @collatz(i64 %start) {
entry:
  br label %loop
loop:
  %n = phi i64 [ %start, %entry ], [ %next, %again ]
  %steps = phi i32 [ 0, %entry ], [ %more, %again ]
  %end = icmp ule i64 %n, 1
  br i1 %end, label %done, label %again
again:
  %bit = and i64 %n, 1
  %odd = icmp eq i64 %bit, 1
  %half = lshr i64 %n, 1
  %triple = mul i64 %n, 3
  %up = add i64 %triple, 1
  %next = select i1 %odd, i64 %up, i64 %half
  %more = add i32 %steps, 1
  br label %loop
done:
  ret i32 %steps
}
)";

} // namespace kiln::test
