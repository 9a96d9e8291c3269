// Redefining functions while the program runs: who gets which definition, what is refused, what stays.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "Host.h"

namespace kiln {
namespace {

using test::Host;
using test::text;

ProgramInput replaceable(std::string_view ir) {
  ProgramInput input = text(ir);
  input.replaceable = true;
  return input;
}

Program::Replacement mustReplace(Host& host, std::string_view ir) {
  auto done = host.program->replace(text(ir, "new.ll"));
  EXPECT_TRUE(done) << done.error().message;
  return done ? *done : Program::Replacement{};
}

Error refusal(Host& host, std::string_view ir) {
  auto done = host.program->replace(text(ir, "new.ll"));
  return done ? Error{} : done.error();
}

using Names = std::vector<std::string>;

constexpr std::string_view kOld = R"(
@count = global i64 0
define i64 @step(i64 %x) {
  %n = load i64, ptr @count
  %m = add i64 %n, 1
  store i64 %m, ptr @count
  %r = add i64 %x, 1
  ret i64 %r
}
define i64 @twice(i64 %x) {
  %a = call i64 @step(i64 %x)
  %b = call i64 @step(i64 %a)
  ret i64 %b
}
define ptr @address() {
  ret ptr @step
}
define i64 @indirect(ptr %f, i64 %x) {
  %r = call i64 %f(i64 %x)
  ret i64 %r
})";

constexpr std::string_view kNew = R"(
@count = global i64 77
define i64 @step(i64 %x) {
  %n = load i64, ptr @count
  %m = add i64 %n, 100
  store i64 %m, ptr @count
  %r = mul i64 %x, 10
  ret i64 %r
})";

class ReplaceTest : public testing::TestWithParam<const char*> {
protected:
  Options options() {
    Options options = test::withLadder(GetParam());
    options.compileThreads = 0;
    return options;
  }
};

TEST_P(ReplaceTest, CallsTakeTheNewDefinitionAndVariablesStay) {
  Host host(replaceable(kOld), options());
  auto twice = host.function<long(long)>("twice");
  auto step = host.function<long(long)>("step");
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(twice(5), 7);
  auto* count = static_cast<long*>(*host.program->variableAddress("count"));
  EXPECT_EQ(*count, 100);
  auto done = mustReplace(host, kNew);
  EXPECT_EQ(done.replaced, Names{"step"});
  EXPECT_TRUE(done.added.empty());
  EXPECT_EQ(*count, 100) << "the new initial value is not stored";
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(twice(5), 500);
  EXPECT_EQ(step(3), 30) << "a handle from before";
  EXPECT_EQ(*count, 100 + 50 * 200 + 100);
}

TEST_P(ReplaceTest, AddressesStayTheSame) {
  Host host(replaceable(kOld), options());
  auto address = host.function<void*()>("address");
  auto indirect = host.function<long(void*, long)>("indirect");
  void* before = address();
  EXPECT_EQ(before, *host.program->functionAddress("step"));
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(indirect(before, 5), 6);
  mustReplace(host, std::string(kNew) + "define ptr @fresh() {\n  ret ptr @step\n}\n");
  EXPECT_EQ(address(), before);
  EXPECT_EQ(*host.program->functionAddress("step"), before);
  EXPECT_EQ(host.function<void*()>("fresh")(), before) << "as the redefinition sees it";
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(indirect(before, 5), 50);
}

TEST_P(ReplaceTest, AgainAndBack) {
  Host host(replaceable(kOld), options());
  auto twice = host.function<long(long)>("twice");
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(twice(5), 7);
    EXPECT_EQ(mustReplace(host, kNew).replaced, Names{"step"});
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(twice(5), 500);
    EXPECT_EQ(mustReplace(host, kNew).unchanged, Names{"step"});
    auto back = mustReplace(host, kOld);
    EXPECT_EQ(back.replaced, Names{"step"});
    EXPECT_EQ(back.unchanged, (Names{"twice", "address", "indirect"}));
  }
}

constexpr std::string_view kRecursive = R"(
declare void @at(i64)
define i64 @down(i64 %n) {
  call void @at(i64 %n)
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @down(i64 %m)
  %s = add i64 %r, 1
  ret i64 %s
done:
  ret i64 0
}
define i64 @tail(i64 %n, i64 %sum) {
  call void @at(i64 %n)
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %m = sub i64 %n, 1
  %t = add i64 %sum, 1
  %r = tail call i64 @tail(i64 %m, i64 %t)
  ret i64 %r
done:
  ret i64 %sum
})";

Program* gProgram = nullptr;
long gReplaceAt = -1;
const char* gWith = nullptr;
void at(long n) {
  if (n != gReplaceAt)
    return;
  auto done = gProgram->replace(text(gWith, "new.ll"));
  EXPECT_TRUE(done) << done.error().message;
}

/// The function is on the stack, with all its activations, and the next call of itself takes the new definition.
TEST_P(ReplaceTest, RecursionThatRunsTakesTheNewDefinitionAtItsNextCall) {
  ProgramInput input = replaceable(kRecursive);
  input.host("at", at);
  Host host(input, options());
  gProgram = host.program.get();
  gReplaceAt = -1;
  auto down = host.function<long(long)>("down");
  auto tail = host.function<long(long, long)>("tail");
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(down(10), 10);
    EXPECT_EQ(tail(10, 0), 10);
  }
  gReplaceAt = 5;
  gWith = "define i64 @down(i64 %n) {\n  ret i64 1000\n}\n";
  EXPECT_EQ(down(10), 1006) << "six activations of the old definition, then one of the new";
  EXPECT_EQ(down(10), 1000);
  gWith = "define i64 @tail(i64 %n, i64 %sum) {\n  %r = add i64 %sum, 2000\n  ret i64 %r\n}\n";
  EXPECT_EQ(tail(10, 0), 2006);
  EXPECT_EQ(tail(10, 0), 2000);
}

/// A loop that runs ends in the old definition, and its calls take the new one.
TEST_P(ReplaceTest, ALoopThatRunsEndsInTheOldDefinition) {
  ProgramInput input = replaceable(R"(
declare void @at(i64)
define i64 @leaf(i64 %x) {
  ret i64 1
}
define i64 @loop(i64 %n) {
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %j, %next ]
  %sum = phi i64 [ 0, %entry ], [ %more, %next ]
  call void @at(i64 %i)
  %v = call i64 @leaf(i64 %i)
  %more = add i64 %sum, %v
  %j = add i64 %i, 1
  %on = icmp ult i64 %j, %n
  br i1 %on, label %next, label %done
done:
  ret i64 %more
})");
  input.host("at", at);
  Host host(input, options());
  gProgram = host.program.get();
  gReplaceAt = -1;
  auto loop = host.function<long(long)>("loop");
  for (int i = 0; i < 60; ++i)
    EXPECT_EQ(loop(100), 100);
  gReplaceAt = 4000;
  gWith = "define i64 @leaf(i64 %x) {\n  ret i64 3\n}\ndefine i64 @loop(i64 %n) {\n  ret i64 -1\n}\n";
  EXPECT_EQ(loop(10000), 4000 + 3 * 6000);
  EXPECT_EQ(loop(10000), -1);
}

TEST_P(ReplaceTest, WhatWasNeverCalled) {
  Host host(replaceable(kOld), options());
  mustReplace(host, kNew);
  EXPECT_EQ(host.function<long(long)>("twice")(5), 500);
  EXPECT_EQ(*host.program->variableAddress("count") != nullptr, true);
}

TEST_P(ReplaceTest, SteeringByNameIsOfTheNewDefinition) {
  Host host(replaceable(kOld), options());
  host.function<long(long)>("twice")(5);
  mustReplace(host, kNew);
  EXPECT_EQ(host.tierOf("step"), std::nullopt) << "not called yet";
  auto promoted = host.program->promote("step", Tier::O2);
  ASSERT_TRUE(promoted) << promoted.error().message;
  EXPECT_EQ(host.tierOf("step"), Tier::O2);
  EXPECT_EQ(host.function<long(long)>("twice")(5), 500);
  ASSERT_TRUE(host.program->demote("step", Tier::Baseline));
  EXPECT_EQ(host.function<long(long)>("twice")(5), 500);
}

INSTANTIATE_TEST_SUITE_P(Tiers, ReplaceTest,
                         testing::Values("interpreter", "baseline", "O3", "interpreter,baseline@5,O3@20:2000",
                                         "O0,O3@5"));

Options quick() {
  Options options = test::withLadder("baseline,O3@5");
  options.compileThreads = 0;
  return options;
}

TEST(ReplaceRules, AddsWhatIsNewAndLaterOnesFindIt) {
  Host host(replaceable(kOld), quick());
  auto done = mustReplace(host, R"(
@table = global i64 5
declare i64 @step(i64)
define i64 @three(i64 %x) {
  %a = call i64 @step(i64 %x)
  %t = load i64, ptr @table
  %r = add i64 %a, %t
  ret i64 %r
})");
  EXPECT_EQ(done.added, (Names{"three", "table"}));
  auto three = host.function<long(long)>("three");
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(three(1), 7);
  mustReplace(host, R"(
declare i64 @three(i64)
define i64 @step(i64 %x) {
  ret i64 50
}
define i64 @four(i64 %x) {
  %r = call i64 @three(i64 %x)
  ret i64 %r
})");
  EXPECT_EQ(three(1), 55);
  EXPECT_EQ(host.function<long(long)>("four")(1), 55);
  mustReplace(host, "define i64 @three(i64 %x) {\n  ret i64 9\n}\n");
  EXPECT_EQ(host.function<long(long)>("four")(1), 9);
  EXPECT_EQ(three(1), 9);
  *static_cast<long*>(*host.program->variableAddress("table")) = 6;
}

TEST(ReplaceRules, OneFunctionOfMany) {
  Host host(replaceable(kOld), quick());
  auto done = host.program->replace(
      "twice", text("define i64 @twice(i64 %x) {\n  ret i64 2\n}\ndefine i64 @step(i64 %x) {\n  ret i64 0\n}\n"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->replaced, Names{"twice"});
  EXPECT_EQ(host.function<long(long)>("step")(1), 2);
  EXPECT_EQ(host.function<long(long)>("twice")(1), 2);
  EXPECT_EQ(host.program->replace("nothing", text(kNew)).error().code, ErrorCode::UnknownEntry);
}

TEST(ReplaceRules, StateOfTheModuleIsSharedAmongWhatIsReplaced) {
  constexpr std::string_view before = R"(
@own = internal global i64 1
define i64 @get() {
  %v = load i64, ptr @own
  ret i64 %v
}
define void @set(i64 %x) {
  store i64 %x, ptr @own
  ret void
}
define i64 @other() {
  ret i64 1
})";
  Host host(replaceable(before), quick());
  host.function<void(long)>("set")(8);
  std::string after(before);
  after.replace(after.find("store i64 %x"), 12, "%y = add i64 %x, 1\n  store i64 %y");
  auto done = mustReplace(host, after);
  EXPECT_EQ(done.replaced, (Names{"get", "set"}));
  EXPECT_EQ(done.unchanged, Names{"other"});
  EXPECT_EQ(host.function<long()>("get")(), 1) << "a variable of its own, as a new module has";
  host.function<void(long)>("set")(8);
  EXPECT_EQ(host.function<long()>("get")(), 9);
}

TEST(ReplaceRules, NumbersOfTextsMeanNothing) {
  auto module = [](const char* a, const char* b, const char* first, const char* second) {
    return std::string("@.str = private unnamed_addr constant [2 x i8] c\"") + first +
           "\\00\"\n@.str.1 = private unnamed_addr constant [2 x i8] c\"" + second +
           "\\00\"\ndefine ptr @one() {\n  ret ptr " + a + "\n}\ndefine ptr @two() {\n  ret ptr " + b + "\n}\n";
  };
  Host host(replaceable(module("@.str", "@.str.1", "a", "b")), quick());
  EXPECT_EQ(mustReplace(host, module("@.str.1", "@.str", "b", "a")).unchanged, (Names{"one", "two"}));
  EXPECT_EQ(mustReplace(host, module("@.str.1", "@.str", "c", "a")).replaced, (Names{"two"}));
}

struct Misfit {
  const char *name, *before, *after;
  ErrorCode code;
};

class ReplaceRefusal : public testing::TestWithParam<Misfit> {};

TEST_P(ReplaceRefusal, ChangesNothing) {
  const Misfit& misfit = GetParam();
  Host host(replaceable(std::string(misfit.before) + "\ndefine i32 @probe() {\n  ret i32 1\n}\n"), quick());
  Error error = refusal(host, std::string(misfit.after) + "\ndefine i32 @probe() {\n  ret i32 2\n}\n");
  EXPECT_EQ(errorCodeName(error.code), errorCodeName(misfit.code)) << error.message;
  EXPECT_EQ(host.function<int()>("probe")(), 1) << "as a whole";
  // And the program can still be redefined.
  EXPECT_EQ(mustReplace(host, "define i32 @probe() {\n  ret i32 3\n}\n").replaced, Names{"probe"});
  EXPECT_EQ(host.function<int()>("probe")(), 3);
}

constexpr ErrorCode kBad = ErrorCode::BadReplacement;
INSTANTIATE_TEST_SUITE_P(
    Misfits, ReplaceRefusal,
    testing::Values(
        Misfit{"Type", "define i32 @f(i32 %a) { ret i32 0 }", "define i64 @f(i32 %a) { ret i64 0 }", kBad},
        Misfit{"Arguments", "define i32 @f(i32 %a) { ret i32 0 }", "define i32 @f(i32 %a, i32 %b) { ret i32 0 }", kBad},
        Misfit{"Variadic", "define i32 @f(i32 %a) { ret i32 0 }", "define i32 @f(i32 %a, ...) { ret i32 0 }", kBad},
        Misfit{"Convention", "define i32 @f(i32 %a) { ret i32 0 }", "define fastcc i32 @f(i32 %a) { ret i32 0 }", kBad},
        Misfit{"Extension", "define zeroext i8 @f(i8 zeroext %a) { ret i8 0 }",
               "define zeroext i8 @f(i8 signext %a) { ret i8 0 }", kBad},
        Misfit{"ResultExtension", "define zeroext i8 @f() { ret i8 0 }", "define i8 @f() { ret i8 0 }", kBad},
        Misfit{"StructureByValue", "%s = type { i64, i64 }\ndefine void @f(ptr byval(%s) %a) { ret void }",
               "%s = type { i64, i64, i64 }\ndefine void @f(ptr byval(%s) %a) { ret void }", kBad},
        Misfit{"StructureResult", "define void @f(ptr sret(i64) %a) { ret void }",
               "define void @f(ptr %a) { ret void }", kBad},
        Misfit{"Throws", "define i32 @f() nounwind { ret i32 0 }", "define i32 @f() { ret i32 1 }", kBad},
        Misfit{"Memory", "define i32 @f(ptr %p) memory(none) { ret i32 0 }",
               "define i32 @f(ptr %p) memory(read) { ret i32 1 }", kBad},
        Misfit{"Returned", "define ptr @f(ptr returned %p) { ret ptr %p }", "define ptr @f(ptr %p) { ret ptr null }",
               kBad},
        Misfit{"Captures", "define void @f(ptr nocapture %p) { ret void }", "define void @f(ptr %p) { ret void }",
               kBad},
        Misfit{"ResultRange", "define range(i32 0, 10) i32 @f() { ret i32 0 }",
               "define range(i32 0, 11) i32 @f() { ret i32 1 }", kBad},
        Misfit{"Demand", "define void @f(ptr %p) { ret void }", "define void @f(ptr nonnull %p) { ret void }", kBad},
        Misfit{"AlwaysInline", "define i32 @f() alwaysinline { ret i32 0 }",
               "define i32 @f() alwaysinline { ret i32 1 }", kBad},
        Misfit{"VariableType", "@v = global i32 0", "@v = global i64 0\ndefine ptr @g() { ret ptr @v }", kBad},
        Misfit{"ConstantValue", "@v = constant i32 1", "@v = constant i32 2\ndefine ptr @g() { ret ptr @v }", kBad},
        Misfit{"VariableForFunction", "define void @f() { ret void }", "@f = global i32 0", kBad},
        Misfit{"ThreadLocal", "@v = thread_local global i32 0",
               "@v = external thread_local global i32\ndefine ptr @g() { ret ptr @v }", ErrorCode::Unsupported},
        Misfit{"Assembly", "", "module asm \".globl x\"", ErrorCode::Unsupported},
        Misfit{"Startup", "@v = global i32 0",
               "@v = global i32 0\n@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { "
               "i32 65535, ptr @init, ptr null }]\n"
               "define internal void @init() {\n  store i32 1, ptr @v\n  ret void\n}",
               ErrorCode::Unsupported},
        Misfit{"Unresolved", "", "declare void @nobody()\ndefine void @g() {\n  call void @nobody()\n  ret void\n}",
               ErrorCode::UnresolvedSymbol},
        Misfit{"Text", "", "define i32 @f( {", ErrorCode::BadBitcode}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReplaceRules, MoreThanWasPromisedIsWelcome) {
  Host host(replaceable("define range(i32 0, 10) i32 @f(ptr %p) memory(read) { ret i32 0 }"), quick());
  EXPECT_EQ(
      mustReplace(host, "define range(i32 1, 3) i32 @f(ptr nocapture readnone %p) memory(none) nounwind { ret i32 2 }")
          .replaced,
      Names{"f"});
  EXPECT_EQ(host.function<int(void*)>("f")(nullptr), 2);
  // Callers may have been compiled since then: now that is promised.
  EXPECT_EQ(refusal(host, "define range(i32 0, 10) i32 @f(ptr %p) memory(read) { ret i32 0 }").code, kBad);
}

TEST(ReplaceRules, OnlyWhereTheProgramAgreed) {
  Host host(kOld, quick());
  EXPECT_EQ(refusal(host, kNew).code, ErrorCode::BadOption);
  Options counted = quick();
  counted.coverage = true;
  EXPECT_EQ(test::loadError(replaceable(kOld), counted).code, ErrorCode::BadOption);
  Host down(replaceable(kOld), quick());
  down.engine->shutdown();
  EXPECT_EQ(refusal(down, kNew).code, ErrorCode::ShutDown);
}

TEST(ReplaceRules, NothingReplaceableIsInlined) {
  Options options = test::withLadder("O3");
  Host plain(kOld, options), open(replaceable(kOld), options);
  auto calls = [](Host& host) {
    return host.program->dump("twice", Tier::O3, Program::Dump::Ir)->find("call i64") != std::string::npos;
  };
  EXPECT_FALSE(calls(plain));
  EXPECT_TRUE(calls(open));
}

TEST(ReplaceRules, HostFunctionsAreKnownToRedefinitions) {
  static long told = 0;
  ProgramInput input =
      replaceable("declare void @tell(i64)\ndefine void @f() {\n  call void @tell(i64 1)\n  ret void\n}\n");
  input.host("tell", +[](long value) { told = value; });
  Host host(input, quick());
  host.function<void()>("f")();
  EXPECT_EQ(told, 1);
  mustReplace(host, "declare void @tell(i64)\ndefine void @f() {\n  call void @tell(i64 2)\n  ret void\n}\n");
  host.function<void()>("f")();
  EXPECT_EQ(told, 2);
}

/// What one run keeps under a source is the code of that source.
TEST(ReplaceRules, TheCacheKeepsTheTwoApart) {
  const auto folder = std::filesystem::temp_directory_path() / ("kiln-replace-cache-" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  for (int round = 0; round < 3; ++round) {
    Options options = test::withLadder("baseline,O3@5");
    options.cache.folder = folder.string();
    Host host(replaceable(kOld), options);
    auto twice = host.function<long(long)>("twice");
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(twice(5), 7);
    host.program->waitForCompiles();
    ASSERT_EQ(twice(5), 7);
    mustReplace(host, kNew);
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(twice(5), 500);
    host.program->waitForCompiles();
    ASSERT_EQ(twice(5), 500);
  }
  std::filesystem::remove_all(folder);
}

/// A compile of the old definition is under way: what comes of it is not published over the new one.
TEST(ReplaceRules, WhatIsCompiledLateIsNotPublished) {
  for (int round = 0; round < 20; ++round) {
    Options options = test::withLadder("baseline,O3@1000000");
    Host host(replaceable(kOld), options);
    auto twice = host.function<long(long)>("twice");
    EXPECT_EQ(twice(5), 7);
    ASSERT_TRUE(host.program->promote("step", Tier::O3, false));
    mustReplace(host, kNew);
    EXPECT_EQ(twice(5), 500);
    host.program->waitForCompiles();
    EXPECT_EQ(twice(5), 500);
  }
}

/// Threads call while compiles and replacements are under way. Every result is one that some definition gives.
TEST(ReplaceRules, WhileThreadsRun) {
  Options options = test::withLadder("interpreter,baseline@5,O2@50,O3@500");
  options.compileThreads = 2;
  Host host(replaceable("define i64 @f(i64 %x) {\n  ret i64 0\n}\ndefine i64 @g(i64 %x) {\n  %r = call i64 @f(i64 "
                        "%x)\n  ret i64 %r\n}\n"),
            options);
  auto g = host.function<long(long)>("g");
  std::atomic<long> newest{0};
  std::atomic<bool> stop{false};
  std::atomic<long> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      long seen = 0;
      while (!stop.load()) {
        const long least = newest.load();
        const long now = g(1);
        // A thread never sees an older definition than one whose replacement had returned, nor goes back.
        if (now < least || now < seen)
          wrong.fetch_add(1);
        seen = now;
      }
    });
  for (long version = 1; version <= 30; ++version) {
    mustReplace(host, "define i64 @f(i64 %x) {\n  ret i64 " + std::to_string(version) + "\n}\n");
    newest.store(version);
    for (int i = 0; i < 300; ++i)
      g(1);
  }
  stop.store(true);
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(g(1), 30);
  host.program->waitForCompiles();
  EXPECT_EQ(g(1), 30) << "nothing late is published over it";
}

/// One line for each replacement that it is told of.
class Heard final : public Observer {
public:
  void onTierEvent(const TierEvent& event) override {
    if (event.kind != TierEvent::Kind::Replaced)
      return;
    lines.push_back(std::string(event.program) + ": " + std::string(event.function) + " " +
                    (event.from ? std::string(tierName(*event.from)) : "-") + ">" + std::string(tierName(event.to)) + " " +
                    std::string(event.reason) + " " + std::to_string(event.calls));
  }
  Names lines;
};

TEST(ReplaceRules, ObserversAreTold) {
  Heard heard;
  Options options = quick();
  options.observer = &heard;
  Host host(replaceable(kOld), std::move(options));
  auto twice = host.function<long(long)>("twice");
  twice(1);
  refusal(host, "define i32 @step() {\n  ret i32 0\n}\n");
  mustReplace(host, kOld);
  EXPECT_TRUE(heard.lines.empty()) << "nothing was replaced";
  mustReplace(host, kNew);
  const std::string name = "test.ll";
  ASSERT_EQ(heard.lines, Names{name + ": step baseline>baseline step.kiln.1 2"});
  mustReplace(host, kOld); // before a call came
  EXPECT_EQ(heard.lines.back(), name + ": step ->baseline step.kiln.2 0");
  for (int i = 0; i < 20; ++i)
    twice(1);
  mustReplace(host, std::string(kNew) + "define i64 @more() {\n  ret i64 1\n}\n");
  EXPECT_TRUE(heard.lines.back().starts_with(name + ": step O3>baseline step.kiln.3 ")) << heard.lines.back();
  mustReplace(host, "define i64 @more() {\n  ret i64 2\n}\n"); // one of an earlier redefinition
  EXPECT_EQ(heard.lines.back(), name + ": more ->baseline more.kiln.4 0");
  EXPECT_EQ(heard.lines.size(), 4u);
}

TEST(ReplaceRules, StatisticsTellBoth) {
  Host host(replaceable(kOld), quick());
  auto twice = host.function<long(long)>("twice");
  twice(1);
  mustReplace(host, kNew);
  twice(1);
  Names names;
  for (const FunctionStatistics& function : host.program->statistics().functions)
    names.push_back(function.name);
  EXPECT_NE(std::find(names.begin(), names.end(), "step"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "step.kiln.1"), names.end());
}

} // namespace
} // namespace kiln
