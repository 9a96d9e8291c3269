// Calls between host and program, in both directions.
#include "Host.h"

#include <array>
#include <unistd.h>

namespace kiln {
namespace {

using test::Host;

TEST(Call, ReturnsWhatTheProgramComputes) {
  Host host(test::kFib);
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(20), 6765);
  EXPECT_EQ(fib.address()(10), 55); // a plain function pointer
}

TEST(Call, HandlesAndAddressesAreStable) {
  Host host(test::kFib);
  auto fib = host.function<int(int)>("fib");
  auto* before = fib.address();
  EXPECT_EQ(fib(15), 610);
  ASSERT_TRUE(host.program->promote("fib", Tier::O3));
  EXPECT_EQ(host.function<int(int)>("fib").address(), before);
  EXPECT_EQ(before(15), 610);
}

TEST(Call, Variables) {
  Host host("@counter = global i32 41\n"
            "define void @bump() { %a = load i32, ptr @counter\n %b = add i32 %a, 1\n store i32 %b, ptr @counter\n ret void }");
  auto address = host.program->variableAddress("counter");
  ASSERT_TRUE(address);
  auto* counter = static_cast<int*>(*address);
  EXPECT_EQ(*counter, 41);
  host.function<void()>("bump")();
  EXPECT_EQ(*counter, 42);
  *counter = 7;
  host.function<void()>("bump")();
  EXPECT_EQ(*counter, 8);
  EXPECT_EQ(host.program->variableAddress("bump").error().code, ErrorCode::UnknownEntry);
}

struct Point {
  int x;
  double y;
};
int hostAdd(int a, int b) { return a + b; }
double hostScale(double x, float by) { return x * static_cast<double>(by); }
void hostMove(Point* point, int dx) {
  point->x += dx;
  point->y *= 2;
}

constexpr std::string_view kCallsHost = R"(
declare i32 @hostAdd(i32, i32)
declare double @hostScale(double, float)
declare void @hostMove(ptr, i32)
define i32 @ints(i32 %a) {
  %r = call i32 @hostAdd(i32 %a, i32 -5)
  ret i32 %r
}
define double @doubles(double %x) {
  %r = call double @hostScale(double %x, float 2.5)
  ret double %r
}
define void @structs(ptr %p) {
  call void @hostMove(ptr %p, i32 10)
  ret void
}
define ptr @which() { ret ptr @hostAdd }
)";

TEST(Call, HostFunctionsAtEveryTier) {
  for (Tier tier : kAllTiers) {
    ProgramInput input = test::text(kCallsHost);
    input.host("hostAdd", hostAdd).host("hostScale", hostScale).host("hostMove", hostMove);
    Options options;
    options.ladder = Ladder::fixed(tier);
    Host host(input, options);
    EXPECT_EQ(host.function<int(int)>("ints")(47), 42);
    EXPECT_EQ(host.function<double(double)>("doubles")(3.0), 7.5);
    Point point{1, 1.5};
    host.function<void(Point*)>("structs")(&point);
    EXPECT_EQ(point.x, 11);
    EXPECT_EQ(point.y, 3.0);
    EXPECT_EQ(host.function<void*()>("which")(), reinterpret_cast<void*>(hostAdd)); // the native address
  }
}

double absolute(double) { return 99; }

TEST(Call, HostFunctionsHideThoseOfLibraries) {
  ProgramInput input = test::text("declare double @cbrt(double) nobuiltin\n"
                                  "define double @f(double %x) { %r = call double @cbrt(double %x) nobuiltin\n ret double %r }");
  input.host("cbrt", absolute);
  Host host(input);
  EXPECT_EQ(host.function<double(double)>("f")(8.0), 99.0);
}

TEST(Call, FunctionsOfTheProcessAreFound) {
  Host host("declare i32 @getpid()\ndefine i32 @f() { %r = call i32 @getpid()\n ret i32 %r }");
  EXPECT_EQ(host.function<int()>("f")(), getpid());
}

TEST(Call, ManyArgumentsArriveOnTheFirstCall) {
  std::string ir = "define double @f(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %g, i64 %h";
  for (int i = 0; i < 10; ++i)
    ir += ", double %x" + std::to_string(i);
  ir += ") {\n %s0 = mul i64 %h, 7\n %s1 = add i64 %s0, %a\n %s2 = add i64 %s1, %g\n %t = sitofp i64 %s2 to double\n";
  std::string last = "%t";
  for (int i = 0; i < 10; ++i) {
    std::string n = std::to_string(i);
    ir += " %p" + n + " = fmul double %x" + n + ", " + std::to_string(i + 1) + ".0\n %q" + n + " = fadd double " + last + ", %p" + n + "\n";
    last = "%q" + n;
  }
  ir += " ret double " + last + "\n}";
  Host host(ir);
  auto f = host.function<double(long, long, long, long, long, long, long, double, double, double, double, double, double,
                                double, double, double, double)>("f");
  // 7*7 + 1 + 6 + sum of i * i for i = 1..10
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(f(1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 441.0);
}

TEST(Call, TheProgramCallsBack) {
  Host host("define i32 @apply(ptr %f, i32 %x) { %r = call i32 %f(i32 %x)\n ret i32 %r }\n"
            "define internal i32 @next(i32 %x) { %r = add i32 %x, 1\n ret i32 %r }\n"
            "define ptr @own() { ret ptr @next }");
  auto apply = host.function<int(int (*)(int), int)>("apply");
  EXPECT_EQ(apply([](int x) { return x * 3; }, 5), 15);
  auto* own = host.function<int (*())(int)>("own")();
  EXPECT_EQ(own(4), 5);
  EXPECT_EQ(apply(own, 9), 10);
}

TEST(Call, SeveralBuffersAreOneProgram) {
  ProgramInput input;
  constexpr std::string_view a = "declare i32 @g(i32)\ndefine i32 @f(i32 %x) { %r = call i32 @g(i32 %x)\n ret i32 %r }";
  constexpr std::string_view b = "define i32 @g(i32 %x) { %r = mul i32 %x, 6\n ret i32 %r }";
  input.buffers = {{"a.ll", a}, {"b.ll", b}};
  Host host(input);
  EXPECT_EQ(host.function<int(int)>("f")(7), 42);
}

constexpr std::string_view kConstructors = R"(
@value = global i32 0
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
define internal void @init() { store i32 5, ptr @value
  ret void }
define i32 @get() { %v = load i32, ptr @value
  ret i32 %v }
define i32 @main(i32 %argc, ptr %argv) {
  %v = load i32, ptr @value
  %r = mul i32 %v, %argc
  ret i32 %r
}
)";

TEST(Call, ConstructorsRunInLoad) {
  Host host(kConstructors);
  EXPECT_EQ(host.function<int()>("get")(), 5);
}

TEST(Call, DeferredConstructorsRunBeforeMainOnce) {
  ProgramInput input = test::text(kConstructors);
  input.runConstructors = false;
  Host host(input);
  EXPECT_EQ(host.function<int()>("get")(), 0);
  const std::array<std::string, 3> arguments = {"program", "a", "b"};
  auto status = host.program->runMain(arguments);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(*status, 15);
}

TEST(Call, MainSeesItsArguments) {
  Host host(R"(
    declare i32 @atoi(ptr)
    define i32 @main(i32 %argc, ptr %argv) {
      %at = getelementptr ptr, ptr %argv, i64 1
      %text = load ptr, ptr %at
      %value = call i32 @atoi(ptr %text)
      %endAt = getelementptr ptr, ptr %argv, i32 %argc
      %end = load ptr, ptr %endAt
      %null = icmp eq ptr %end, null
      %r = select i1 %null, i32 %value, i32 -1
      ret i32 %r
    })");
  const std::array<std::string, 2> arguments = {"program", "123"};
  EXPECT_EQ(*host.program->runMain(arguments), 123);
}

} // namespace
} // namespace kiln
