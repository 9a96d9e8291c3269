#include "engine/SignalHandlers.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "transition/Continued.h"

namespace kiln {
namespace {

sigset_t setOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals)
    sigaddset(&set, signal);
  return set;
}

/// What is noted of handlers is the process's, and for good: a child has it for itself, so that tests behind this one
/// find none. What fails there is printed there.
template <typename Body> void inAChild(Body&& body) {
  std::fflush(nullptr);
  pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    body();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

TEST(SignalHandlers, AreSuspectedWhereTheirSignalIsBlocked) {
  inAChild([] {
    EXPECT_FALSE(mayBeInHandler(setOf({SIGUSR1, SIGSEGV})));
    noteSignalHandler(SIGUSR1, true);
    noteSignalHandler(SIGRTMAX, true);
    noteSignalHandler(0, true);
    noteSignalHandler(65, false); // no signal
    EXPECT_FALSE(mayBeInHandler(setOf({})));
    EXPECT_FALSE(mayBeInHandler(setOf({SIGSEGV, SIGUSR2})));
    EXPECT_TRUE(mayBeInHandler(setOf({SIGSEGV, SIGUSR1})));
    EXPECT_TRUE(mayBeInHandler(setOf({SIGRTMAX})));
    noteSignalHandler(SIGUSR2, false);
    EXPECT_TRUE(mayBeInHandler(setOf({}))); // its handler may be running and nothing tells
  });
}

/// A program's calls of one function of the C library.
constexpr const char* kInstalls = R"(
declare ptr @NAME(i32, ptr)
define void @handler(i32 %signal) {
  ret void
}
define void @ignore() {
  %a = call ptr @NAME(i32 10, ptr inttoptr (i64 1 to ptr))
  %b = call ptr @NAME(i32 10, ptr null)
  ret void
}
define void @install() {
  %r = call ptr @NAME(i32 10, ptr @handler)
  ret void
}
)";

struct Installer {
  const char* name;
  bool deferred;
};

class AProgram : public testing::TestWithParam<Installer> {};

TEST_P(AProgram, IsSeenToInstallAHandler) {
  inAChild([] {
    std::string text = kInstalls;
    for (std::size_t at; (at = text.find("NAME")) != std::string::npos;)
      text.replace(at, 4, GetParam().name);
    Options options;
    options.ladder = Ladder::fixed(Tier::O0);
    test::Prepared program(text, {}, options);
    program.native<void()>("ignore")();
    EXPECT_FALSE(mayBeInHandler(setOf({SIGUSR1})));
    program.native<void()>("install")();
    EXPECT_TRUE(mayBeInHandler(setOf({SIGUSR1})));
    EXPECT_EQ(mayBeInHandler(setOf({})), !GetParam().deferred);
    struct sigaction now;
    sigaction(SIGUSR1, nullptr, &now);
    EXPECT_EQ(reinterpret_cast<void*>(now.sa_handler), *program.core->functionAddress("handler"));
    EXPECT_EQ((now.sa_flags & SA_NODEFER) == 0, GetParam().deferred);
    signal(SIGUSR1, SIG_DFL);
  });
}

INSTANTIATE_TEST_SUITE_P(By, AProgram,
                         testing::Values(Installer{"signal", true}, Installer{"bsd_signal", true},
                                         Installer{"ssignal", true}, Installer{"sysv_signal", false},
                                         Installer{"__sysv_signal", false}, Installer{"sigset", true}),
                         [](const auto& info) { return std::string(info.param.name); });

constexpr const char* kCounts = R"(
@calls = global i32 0
declare ptr @signal(i32, ptr)
define void @handler(i32 %signal) {
  %a = load i32, ptr @calls
  %b = add i32 %a, 1
  store i32 %b, ptr @calls
  ret void
}
define void @install() {
  %r = call ptr @signal(i32 10, ptr @handler)
  ret void
}
)";

/// Promotes `handler` to baseline by `call`, and gives the number of requests that compile threads got for it.
template <typename Call> std::uint64_t queuedBy(Call&& call) {
  Options options;
  options.ladder = *Ladder::parse("interpreter,baseline@10");
  test::Prepared program(kCounts, {}, options);
  program.native<void()>("install")();
  auto* handler = program.native<void(int)>("handler");
  handler(0);
  for (int i = 1; i < 20; ++i)
    call(handler);
  program.engine->pool.startIfAsked();
  program.engine->queue.drain(program.core.get());
  signal(SIGUSR1, SIG_DFL);
  EXPECT_EQ(*static_cast<int*>(*program.core->variableAddress("calls")), 20);
  Statistics found = program.core->statistics();
  // Promoted or refused, asked it was.
  EXPECT_TRUE(found.baseline.functions == 1 || !found.refusals.empty());
  return found.requests;
}

TEST(SignalHandlers, DoNotCompile) {
  inAChild([] {
    EXPECT_EQ(queuedBy([](auto* handler) { handler(SIGUSR1); }), 0u);
    EXPECT_EQ(queuedBy([](auto*) { raise(SIGUSR1); }), 1u);
  });
}

} // namespace
} // namespace kiln
