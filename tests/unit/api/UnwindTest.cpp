// Unwinding from every single instruction of baseline code, as profilers, debuggers and signal handlers do it.
//
// A call is made step by step (the trap flag), and at each step the unwinder has to find the way back to the caller, with the
// registers in it that a call must keep.
#include "Host.h"

#include <csignal>
#include <cstdint>
#include <dlfcn.h>
#include <ucontext.h>
#include <unwind.h>

namespace kiln {
namespace {

using test::Host;

// Calls rdi with six arguments of 3 each and two more on the stack, every kept register holding a number of its own, and the
// trap flag set.
asm(R"(
.text
.globl kilnTestStep
.type kilnTestStep, @function
kilnTestStep:
  .cfi_startproc
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  .cfi_offset %rbx, -24
  .cfi_offset %r12, -32
  .cfi_offset %r13, -40
  .cfi_offset %r14, -48
  .cfi_offset %r15, -56
  sub $8, %rsp
  mov %rdi, %rax
  mov $0x1003, %ebx
  mov $0x100c, %r12d
  mov $0x100d, %r13d
  mov $0x100e, %r14d
  mov $0x100f, %r15d
  mov $3, %edi
  mov %rdi, %rsi
  mov %rdi, %rdx
  mov %rdi, %rcx
  mov %rdi, %r8
  mov %rdi, %r9
  push %rdi
  push %rdi
  pushfq
  orq $0x100, (%rsp)
  popfq
  call *%rax
.globl kilnTestBack
kilnTestBack:
  pushfq
  andq $-257, (%rsp)
  popfq
  add $24, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
.size kilnTestStep, .-kilnTestStep
)");
extern "C" long kilnTestStep(void* function);
extern "C" char kilnTestBack;

struct Walk {
  unsigned frames = 0;
  bool reached = false;
  std::uint64_t kept[6] = {};
};
struct Steps {
  unsigned inCode = 0, failed = 0;
  std::uintptr_t firstFailure = 0;
  std::uintptr_t stub = 0; ///< the program's address of the function: a jump, before its code
};
Steps steps;

_Unwind_Reason_Code visit(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  if (_Unwind_GetIP(context) == reinterpret_cast<std::uintptr_t>(&kilnTestBack)) {
    walk.reached = true;
    constexpr int kKept[] = {3, 12, 13, 14, 15, 6}; // as unwind tables number them
    for (int i = 0; i < 6; ++i)
      walk.kept[i] = _Unwind_GetGR(context, kKept[i]);
    return _URC_END_OF_STACK;
  }
  return ++walk.frames > 40 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void onStep(int, siginfo_t*, void* raw) {
  auto& registers = static_cast<ucontext_t*>(raw)->uc_mcontext.gregs;
  auto ip = static_cast<std::uintptr_t>(registers[REG_RIP]);
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(ip), &info) || ip - steps.stub < 8)
    return; // not generated, or the jump
  Walk walk;
  _Unwind_Backtrace(visit, &walk);
  ++steps.inCode;
  const std::uint64_t expected[] = {0x1003, 0x100c, 0x100d, 0x100e, 0x100f};
  bool right = walk.reached;
  for (int i = 0; i < 5; ++i)
    right &= walk.kept[i] == expected[i];
  if (!right && steps.failed++ == 0)
    steps.firstFailure = ip;
}

/// How far a step may be from its caller.
long hostDouble(long x) { return 2 * x; }

constexpr std::string_view kShapes = R"(
declare i64 @hostDouble(i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define i64 @leaf(i64 %a, i64 %b) {
  %s = add i64 %a, %b
  %m = mul i64 %s, %a
  ret i64 %m
}
define i64 @loop(i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %head ]
  %s = phi i64 [ 0, %entry ], [ %s1, %head ]
  %s1 = add i64 %s, %i
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %n
  br i1 %more, label %head, label %done
done:
  ret i64 %s1
}
define i64 @two_returns(i64 %a, i64 %b) {
  %r = call i64 @hostDouble(i64 %a)
  %c = icmp sgt i64 %a, 2
  br i1 %c, label %yes, label %no
yes:
  %y = call i64 @hostDouble(i64 %b)
  %y1 = add i64 %y, %r
  ret i64 %y1
no:
  %n = call i64 @hostDouble(i64 %r)
  %n1 = add i64 %n, %b
  ret i64 %n1
}
define i64 @keeps(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, i64 %h) {
  %r0 = call i64 @hostDouble(i64 %a)
  %r1 = call i64 @hostDouble(i64 %b)
  %r2 = call i64 @hostDouble(i64 %c)
  %r3 = call i64 @hostDouble(i64 %d)
  %r4 = call i64 @hostDouble(i64 %e)
  %s0 = add i64 %r0, %r1
  %s1 = add i64 %s0, %r2
  %s2 = add i64 %s1, %r3
  %s3 = add i64 %s2, %r4
  %s4 = add i64 %s3, %f
  %s5 = add i64 %s4, %g
  %s6 = add i64 %s5, %h
  ret i64 %s6
}
define i64 @passes_on_stack(i64 %a) {
  %r = call i64 @keeps(i64 %a, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7)
  ret i64 %r
}
define i64 @large_frame(i64 %a) {
  %room = alloca [20000 x i8], align 16
  %p = getelementptr i8, ptr %room, i64 %a
  store i8 1, ptr %p
  %v = load i8, ptr %p
  %w = zext i8 %v to i64
  %r = call i64 @hostDouble(i64 %w)
  ret i64 %r
}
define i64 @moves_stack(i64 %a) {
  %room = alloca i64, i64 %a
  store i64 4, ptr %room
  %r = call i64 @hostDouble(i64 %a)
  %v = load i64, ptr %room
  %s = add i64 %r, %v
  ret i64 %s
}
define i64 @takes_variadic(i64 %a, ...) {
  %r = call i64 @hostDouble(i64 %a)
  ret i64 %r
}
)";

class UnwindStep : public testing::TestWithParam<std::pair<const char*, long>> {};

TEST_P(UnwindStep, FindsTheCallerFromEveryInstruction) {
  if (!dlsym(RTLD_DEFAULT, "__register_frame_table"))
    GTEST_SKIP() << "the process has no unwinder that can be told of code";
  Options options = test::withLadder("baseline");
  options.counting = Counting::On;
  options.crashOnRefusal = true;
  Host host(test::text(kShapes).host("hostDouble", hostDouble), std::move(options));
  auto [name, expected] = GetParam();
  void* function = *host.program->functionAddress(name);
  ASSERT_TRUE(host.program->promote(name, Tier::Baseline));
  ASSERT_TRUE(host.program->promote("keeps", Tier::Baseline));
  steps = {};
  steps.stub = reinterpret_cast<std::uintptr_t>(function);
  struct sigaction action{}, before{};
  action.sa_sigaction = onStep;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, &before);
  long result = kilnTestStep(function);
  sigaction(SIGTRAP, &before, nullptr);
  EXPECT_EQ(result, expected);
  EXPECT_GT(steps.inCode, 3u);
  EXPECT_EQ(steps.failed, 0u) << "first at " << std::hex << steps.firstFailure;
}

INSTANTIATE_TEST_SUITE_P(Shapes, UnwindStep,
                         testing::Values(std::pair{"leaf", 18L}, std::pair{"loop", 3L}, std::pair{"two_returns", 12L},
                                         std::pair{"keeps", 39L}, std::pair{"passes_on_stack", 44L},
                                         std::pair{"large_frame", 2L}, std::pair{"moves_stack", 10L},
                                         std::pair{"takes_variadic", 6L}),
                         [](const auto& each) { return std::string(each.param.first); });

} // namespace
} // namespace kiln
