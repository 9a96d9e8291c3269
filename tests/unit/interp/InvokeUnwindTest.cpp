// Unwinding that is no C++ throw, and walking the stack through stubs.
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include <exception>
#include <string>

#include "interp/InvokeFixture.h"

namespace kiln {
namespace {

using InvokeUnwindTest = InvokeTest;

constexpr _Unwind_Exception_Class kForeign = 0x4b494c4e54455354; // "KILNTEST"

TEST_F(InvokeUnwindTest, ForeignExceptionsAreForCatchAll) {
  std::vector<std::uintptr_t> types = {typeOf<int>(), kAnything};
  auto stubs = install(
      {{{catches(0), catches(1)}, false}, {{catches(0)}, true}, {{allows({0})}, false}, {{allows({})}, false}}, types);
  static int destroyed;
  destroyed = 0;
  static _Unwind_Exception foreign;
  auto raise = [] {
    foreign = {};
    foreign.exception_class = kForeign;
    foreign.exception_cleanup = [](_Unwind_Reason_Code, _Unwind_Exception*) { ++destroyed; };
    _Unwind_RaiseException(&foreign);
  };
  LandingResult all = callThrough(stubs[0], raise);
  EXPECT_EQ(all.exception, &foreign);
  EXPECT_EQ(selectorOf(all), 2);
  endCatch(all);
  EXPECT_EQ(destroyed, 1);
  // No C++ type is that of a foreign exception: only the cleanup, then an outer catch (...).
  bool caught = false;
  try {
    cleanUpThrough(stubs[1], raise, [](const LandingResult& landing) { EXPECT_EQ(selectorOf(landing), 0); });
  } catch (...) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(destroyed, 2);
  // A specification that names types lets it pass, the empty one does not: libstdc++ terminates without landing.
  EXPECT_ANY_THROW(callThrough(stubs[2], raise));
  EXPECT_EXIT(
      {
        std::set_terminate([] { _exit(7); });
        callThrough(stubs[3], raise);
        _exit(8);
      },
      testing::ExitedWithCode(7), "");
}

/// Runs `body` on a thread of its own that forced unwinding may end.
template <typename Run> void* onThread(Run run) {
  pthread_t thread;
  void* value = nullptr;
  pthread_create(&thread, nullptr, [](void* argument) -> void* { return (*static_cast<Run*>(argument))(); }, &run);
  pthread_join(thread, &value);
  return value;
}

TEST_F(InvokeUnwindTest, UncaughtExceptionsRunNoCleanup) {
  // The search finds no handler, so that `throw` ends in terminate() with the frames untouched, as natively.
  InvokeStub stub = installOne({{}, true}, {});
  EXPECT_EXIT(
      {
        std::set_terminate([] { _exit(7); });
        onThread([&]() -> void* {
          callThrough(stub, [] { throw 1; });
          _exit(8);
        });
      },
      testing::ExitedWithCode(7), "");
}

TEST_F(InvokeUnwindTest, ThreadExitRunsCleanups) {
  auto stubs = install({{{}, true}, {{catches(0)}, true}, {{catches(1)}, false}}, {typeOf<int>(), kAnything});
  std::string order;
  void* value = onThread([&]() -> void* {
    LandingResult all = callThrough(stubs[2], [&] {
      LandingResult typed = callThrough(stubs[1], [&] {
        LandingResult cleanup = callThrough(stubs[0], [] { pthread_exit(reinterpret_cast<void*>(5)); });
        order += "cleanup" + std::to_string(selectorOf(cleanup)) + " ";
        resume(cleanup);
      });
      order += "typed" + std::to_string(selectorOf(typed)) + " ";
      resume(typed);
    });
    // catch (...) sees forced unwinding and must throw it again.
    order += "all" + std::to_string(selectorOf(all));
    __cxxabiv1::__cxa_begin_catch(all.exception);
    LandingResult leaving = callThrough(stubs[0], [] { __cxxabiv1::__cxa_rethrow(); });
    __cxxabiv1::__cxa_end_catch();
    resume(leaving);
  });
  EXPECT_EQ(value, reinterpret_cast<void*>(5));
  EXPECT_EQ(order, "cleanup0 typed0 all2");
}

TEST_F(InvokeUnwindTest, CancellationRunsCleanups) {
  InvokeStub stub = installOne({{}, true}, {});
  int cleanups = 0;
  void* value = onThread([&]() -> void* {
    LandingResult landing = callThrough(stub, [] {
      pthread_cancel(pthread_self());
      pthread_testcancel();
    });
    ++cleanups;
    resume(landing);
  });
  EXPECT_EQ(value, PTHREAD_CANCELED);
  EXPECT_EQ(cleanups, 1);
}

TEST_F(InvokeUnwindTest, PersonalityOfCRunsCleanups) {
  // Code of C with __attribute__((cleanup)) compiled with -fexceptions.
  InvokeStub stub = install({{{}, true}}, {}, gcc()).front();
  int cleanups = 0;
  try {
    cleanUpThrough(
        stub, [] { throw 4; },
        [&](const LandingResult& landing) {
          EXPECT_EQ(landing.selector, 0u);
          ++cleanups;
        });
  } catch (int value) {
    EXPECT_EQ(value, 4);
  }
  EXPECT_EQ(cleanups, 1);
}

/// Runs a body one instruction at a time, and walks the stack at each instruction of a stub and of its landing pad.
class Stepper {
public:
  Stepper(const CodeSpan& code, std::uintptr_t stub) : code_(code), stub_(stub) {
    current() = this;
    struct sigaction action = {};
    action.sa_sigaction = [](int, siginfo_t*, void* context) { current()->step(static_cast<ucontext_t*>(context)); };
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &old_);
  }
  ~Stepper() { sigaction(SIGTRAP, &old_, nullptr); }

  static void start() { asm volatile("pushfq\n orl $0x100, (%%rsp)\n popfq" ::: "memory", "cc"); }
  static void stop() { asm volatile("pushfq\n andl $~0x100, (%%rsp)\n popfq" ::: "memory", "cc"); }

  int steps = 0, wrong = 0;

private:
  static Stepper*& current() {
    static Stepper* stepper;
    return stepper;
  }
  void step(ucontext_t* context) {
    auto rip = static_cast<std::uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
    if (rip - reinterpret_cast<std::uintptr_t>(code_.rx) >= code_.size)
      return;
    if (rip == stub_) {
      auto* stack = reinterpret_cast<std::uintptr_t*>(context->uc_mcontext.gregs[REG_RSP]);
      caller_ = *stack; // the return address
    }
    inStub_ = false;
    reached_ = 0;
    _Unwind_Backtrace(
        [](_Unwind_Context* frame, void* data) {
          auto* self = static_cast<Stepper*>(data);
          std::uintptr_t at = _Unwind_GetIP(frame);
          if (self->inStub_ && !self->reached_)
            self->reached_ = at;
          self->inStub_ |= at - reinterpret_cast<std::uintptr_t>(self->code_.rx) < self->code_.size;
          return _URC_NO_REASON;
        },
        this);
    ++steps;
    wrong += reached_ != caller_;
  }

  CodeSpan code_;
  std::uintptr_t stub_, caller_ = 0, reached_ = 0;
  bool inStub_ = false;
  struct sigaction old_;
};

// A signal's handler may unwind from any instruction: asynchronous cancellation, a profiler, a throwing handler.
TEST_F(InvokeUnwindTest, TheStackCanBeWalkedFromEveryInstruction) {
  InvokeStub stub = installOne({{catches(0)}, false}, {kAnything});
  Stepper stepper(installed.back().code, reinterpret_cast<std::uintptr_t>(stub));
  Stepper::start();
  stub(nullptr, [](void*) {});
  Stepper::stop();
  EXPECT_EQ(stepper.steps, 6); // all but the call's target
  EXPECT_EQ(stepper.wrong, 0);
  Stepper::start();
  LandingResult landing = stub(nullptr, [](void*) { throw 1; });
  Stepper::stop();
  EXPECT_EQ(stepper.steps, 6 + 2 + 3);
  EXPECT_EQ(stepper.wrong, 0);
  endCatch(landing);
}

} // namespace
} // namespace kiln
