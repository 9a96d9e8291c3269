#include "interp/InvokeStubs.h"

#include <cxxabi.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>
#include <unwind.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>

#include "code/UnwindRegistry.h"
#include "interp/InvokeTypes.h"

extern "C" int __gxx_personality_v0(...);
extern "C" int __gcc_personality_v0(...);
// Declared by no header in C++23.
extern "C" [[noreturn]] void __cxa_call_unexpected(void*);
extern void (*kilnSetUnexpected(void (*handler)()))() __asm__("_ZSt14set_unexpectedPFvvE");

namespace kiln {
namespace {

using namespace invoke_types;

template <typename T> std::uintptr_t typeOf() { return reinterpret_cast<std::uintptr_t>(&typeid(T)); }
constexpr std::uintptr_t kAnything = 0;

LandingClause catches(std::uint32_t type) { return {LandingClause::Kind::Catch, {type}}; }
LandingClause allows(std::vector<std::uint32_t> types) { return {LandingClause::Kind::Filter, std::move(types)}; }

/// A stub's selector as the program sees it.
int selectorOf(const LandingResult& landing) { return static_cast<int>(landing.selector); }

using Body = std::function<void()>;
LandingResult callThrough(InvokeStub stub, const Body& body) {
  return stub(const_cast<Body*>(&body), [](void* argument) { (*static_cast<Body*>(argument))(); });
}
/// What the program does behind a landing pad that catches.
void endCatch(const LandingResult& landing) {
  __cxxabiv1::__cxa_begin_catch(landing.exception);
  __cxxabiv1::__cxa_end_catch();
}
/// What it does behind one that only cleans up.
[[noreturn]] void resume(const LandingResult& landing) {
  _Unwind_Resume(static_cast<_Unwind_Exception*>(landing.exception));
  __builtin_unreachable();
}

class Invoke : public testing::Test {
protected:
  std::optional<AddressRange> range;
  std::unique_ptr<CodeSpace> space;
  UnwindRegistry unwind;
  std::vector<InstalledStubs> installed;

  void SetUp() override {
    auto reserved = AddressRange::reserve(std::size_t{64} << 20);
    ASSERT_TRUE(reserved);
    range.emplace(std::move(*reserved));
    auto created = CodeSpace::create(*range, {std::size_t{16} << 20, std::size_t{32} << 20, kPageSize}, 0);
    ASSERT_TRUE(created);
    space = std::move(*created);
    unwind.retry(); // finds the unwinder of this process
  }
  void TearDown() override {
    for (const InstalledStubs& each : installed)
      removeInvokeStubs(*space, unwind, each);
    EXPECT_EQ(space->bytesUsed(), 0u);
  }
  static std::uintptr_t cxx() { return reinterpret_cast<std::uintptr_t>(&__gxx_personality_v0); }

  std::vector<InvokeStub> install(const std::vector<InvokeSite>& sites, const std::vector<std::uintptr_t>& types,
                                  std::uintptr_t personality = cxx()) {
    auto result = installInvokeStubs(*space, unwind, sites, types, personality);
    EXPECT_TRUE(result);
    installed.push_back(*result);
    return result->stubs;
  }
  InvokeStub installOne(InvokeSite site, const std::vector<std::uintptr_t>& types) {
    return install({std::move(site)}, types).front();
  }
};

TEST_F(Invoke, CallThatReturns) {
  InvokeStub stub = installOne({{catches(0)}, true}, {kAnything});
  int called = 0;
  LandingResult landing = callThrough(stub, [&] { ++called; });
  EXPECT_EQ(called, 1);
  EXPECT_EQ(landing.exception, nullptr);
  EXPECT_EQ(landing.selector, 0u);
}

TEST_F(Invoke, TheStackIsAlignedBelow) {
  InvokeStub stub = installOne({{}, true}, {});
  auto aligned = false;
  callThrough(stub, [&] {
    alignas(16) volatile char local[16] = {};
    aligned = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % 16 == 0 &&
              reinterpret_cast<std::uintptr_t>(local) % 16 == 0;
  });
  EXPECT_TRUE(aligned);
}

TEST_F(Invoke, CatchesTheExactType) {
  InvokeStub stub = installOne({{catches(1)}, false}, {typeOf<long>(), typeOf<int>()});
  LandingResult landing = callThrough(stub, [] { throw 42; });
  ASSERT_NE(landing.exception, nullptr);
  EXPECT_EQ(landing.selector, 2u);
  EXPECT_EQ(*static_cast<int*>(__cxxabiv1::__cxa_begin_catch(landing.exception)), 42);
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(Invoke, CaughtBaseIsAdjusted) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<Right>()});
  LandingResult landing = callThrough(stub, [] { throw Both(5, 7); });
  EXPECT_EQ(landing.selector, 1u);
  EXPECT_EQ(static_cast<Right*>(__cxxabiv1::__cxa_begin_catch(landing.exception))->right, 7);
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(Invoke, CaughtPointerIsAdjusted) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<Right*>()});
  Both both(5, 7);
  LandingResult landing = callThrough(stub, [&] { throw &both; });
  EXPECT_EQ(landing.selector, 1u);
  // Of a pointer, begin_catch yields the value.
  EXPECT_EQ(static_cast<Right*>(__cxxabiv1::__cxa_begin_catch(landing.exception)), static_cast<Right*>(&both));
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(Invoke, WhatNoClauseNamesGoesOn) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<int>()});
  EXPECT_THROW(callThrough(stub, [] { throw 1.5; }), double);
}

TEST_F(Invoke, ASiteWithoutAnythingLetsExceptionsPass) {
  InvokeStub stub = installOne({{}, false}, {});
  EXPECT_THROW(callThrough(stub, [] { throw 1; }), int);
}

TEST_F(Invoke, CleanupRunsAndTheSearchGoesOn) {
  InvokeStub stub = installOne({{}, true}, {});
  std::string order;
  try {
    LandingResult landing = callThrough(stub, [&] {
      order += "throw ";
      throw std::runtime_error("text");
    });
    EXPECT_EQ(landing.selector, 0u);
    order += "cleanup ";
    resume(landing);
  } catch (const std::runtime_error& error) {
    order += error.what();
  }
  EXPECT_EQ(order, "throw cleanup text");
}

TEST_F(Invoke, CleanupBehindClauses) {
  InvokeStub stub = installOne({{catches(0), catches(1)}, true}, {typeOf<int>(), typeOf<long>()});
  LandingResult caught = callThrough(stub, [] { throw 1L; });
  EXPECT_EQ(selectorOf(caught), 2);
  endCatch(caught);
  int cleanups = 0;
  try {
    LandingResult landing = callThrough(stub, [] { throw 'c'; });
    EXPECT_EQ(selectorOf(landing), 0);
    ++cleanups;
    resume(landing);
  } catch (char c) {
    EXPECT_EQ(c, 'c');
  }
  EXPECT_EQ(cleanups, 1);
}

TEST_F(Invoke, FiltersLetTheirTypesPass) {
  std::vector<std::uintptr_t> types = {typeOf<int>(), typeOf<long>(), typeOf<Base>()};
  InvokeStub stub = installOne({{allows({0, 2})}, false}, types);
  EXPECT_THROW(callThrough(stub, [] { throw 1; }), int);
  EXPECT_THROW(callThrough(stub, [] { throw Derived(); }), Derived);
  LandingResult landing = callThrough(stub, [] { throw 1L; });
  EXPECT_EQ(selectorOf(landing), -1);
  EXPECT_LT(static_cast<std::int64_t>(landing.selector), 0); // sign-extended
  endCatch(landing);
}

TEST_F(Invoke, TheEmptyFilterLetsNothingPass) {
  InvokeStub stub = installOne({{allows({})}, false}, {});
  LandingResult landing = callThrough(stub, [] { throw Base(); });
  EXPECT_EQ(selectorOf(landing), -1);
  endCatch(landing);
}

TEST_F(Invoke, FiltersAndCatchesInOrder) {
  // What a function with a specification becomes when a try block around its call takes it in.
  std::vector<std::uintptr_t> types = {typeOf<int>(), typeOf<long>(), kAnything};
  auto stubs = install({{{catches(0), allows({0, 1}), catches(2)}, true}, {{allows({1}), catches(2)}, true}}, types);
  auto selector = [&](InvokeStub stub, const Body& body) {
    LandingResult landing = callThrough(stub, body);
    endCatch(landing);
    return selectorOf(landing);
  };
  EXPECT_EQ(selector(stubs[0], [] { throw 1; }), 1);
  EXPECT_EQ(selector(stubs[0], [] { throw 1L; }), 3);
  EXPECT_EQ(selector(stubs[0], [] { throw 'c'; }), -1); // list at 0: 1 2 end
  EXPECT_EQ(selector(stubs[1], [] { throw 'c'; }), -4); // list at 3: 2 end
  EXPECT_EQ(selector(stubs[1], [] { throw 1L; }), 3);
}

TEST_F(Invoke, ViolatedSpecificationEndsTheProgram) {
  InvokeStub stub = installOne({{allows({0})}, false}, {typeOf<int>()});
  EXPECT_EXIT(
      {
        std::set_terminate([] { _exit(7); });
        __cxa_call_unexpected(callThrough(stub, [] { throw 1L; }).exception);
      },
      testing::ExitedWithCode(7), "");
}

// The runtime reads the filter again, from the LSDA that the exception remembers.
void unexpectedThrowsInt() { throw 5; }

TEST_F(Invoke, UnexpectedHandlerMayThrowWhatIsAllowed) {
  InvokeStub stub = installOne({{allows({1})}, false}, {typeOf<long>(), typeOf<int>()});
  auto* old = kilnSetUnexpected(unexpectedThrowsInt);
  LandingResult landing = callThrough(stub, [] { throw 1L; });
  EXPECT_THROW(__cxa_call_unexpected(landing.exception), int);
  kilnSetUnexpected(old);
}

TEST_F(Invoke, Nested) {
  auto stubs = install({{{catches(0)}, false}, {{catches(1)}, true}, {{}, true}}, {typeOf<int>(), typeOf<long>()});
  std::string order;
  LandingResult outer = callThrough(stubs[0], [&] {
    LandingResult middle = callThrough(stubs[1], [&] {
      LandingResult inner = callThrough(stubs[2], [] { throw 3; });
      order += "inner ";
      resume(inner);
    });
    order += "middle" + std::to_string(selectorOf(middle)) + " ";
    resume(middle);
  });
  EXPECT_EQ(order, "inner middle0 ");
  EXPECT_EQ(selectorOf(outer), 1);
  endCatch(outer);
}

TEST_F(Invoke, OneStubManyDepths) {
  InvokeStub stub = installOne({{}, true}, {});
  int cleanups = 0;
  std::function<void(int)> descend = [&](int depth) {
    LandingResult landing = callThrough(stub, [&] {
      if (depth == 0)
        throw 9;
      descend(depth - 1);
    });
    ++cleanups;
    resume(landing);
  };
  EXPECT_THROW(descend(500), int);
  EXPECT_EQ(cleanups, 501);
}

TEST_F(Invoke, Rethrow) {
  auto stubs = install({{{catches(0)}, false}, {{}, true}}, {typeOf<Base>()});
  int cleanups = 0;
  LandingResult outer = callThrough(stubs[0], [&] {
    LandingResult inner = callThrough(stubs[0], [] { throw Derived(); });
    EXPECT_EQ(selectorOf(inner), 1);
    __cxxabiv1::__cxa_begin_catch(inner.exception);
    // `throw;` leaves the handler through a cleanup that ends it.
    LandingResult leaving = callThrough(stubs[1], [] { __cxxabiv1::__cxa_rethrow(); });
    ++cleanups;
    __cxxabiv1::__cxa_end_catch();
    resume(leaving);
  });
  EXPECT_EQ(cleanups, 1);
  EXPECT_EQ(selectorOf(outer), 1);
  EXPECT_EQ(static_cast<Base*>(__cxxabiv1::__cxa_begin_catch(outer.exception))->name(), "Derived");
  __cxxabiv1::__cxa_end_catch();
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST_F(Invoke, DestructorsOfNativeFramesBelowRun) {
  InvokeStub stub = installOne({{catches(0)}, false}, {kAnything});
  std::string order;
  struct Note {
    std::string& order;
    ~Note() { order += "d"; }
  };
  LandingResult landing = callThrough(stub, [&] {
    Note first{order}, second{order};
    throw 1;
  });
  EXPECT_EQ(order, "dd");
  endCatch(landing);
}

constexpr _Unwind_Exception_Class kForeign = 0x4b494c4e54455354; // "KILNTEST"

TEST_F(Invoke, ForeignExceptionsAreForCatchAll) {
  std::vector<std::uintptr_t> types = {typeOf<int>(), kAnything};
  auto stubs = install({{{catches(0), catches(1)}, false}, {{catches(0)}, true}, {{allows({0})}, false},
                        {{allows({})}, false}}, types);
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
    LandingResult cleanup = callThrough(stubs[1], raise);
    EXPECT_EQ(selectorOf(cleanup), 0);
    resume(cleanup);
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

TEST_F(Invoke, UncaughtExceptionsRunNoCleanup) {
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

TEST_F(Invoke, ThreadExitRunsCleanups) {
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

TEST_F(Invoke, CancellationRunsCleanups) {
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

TEST_F(Invoke, PersonalityOfCRunsCleanups) {
  // Code of C with __attribute__((cleanup)) compiled with -fexceptions.
  InvokeStub stub =
      install({{{}, true}}, {}, reinterpret_cast<std::uintptr_t>(&__gcc_personality_v0)).front();
  int cleanups = 0;
  try {
    LandingResult landing = callThrough(stub, [] { throw 4; });
    EXPECT_EQ(landing.selector, 0u);
    ++cleanups;
    resume(landing);
  } catch (int value) {
    EXPECT_EQ(value, 4);
  }
  EXPECT_EQ(cleanups, 1);
}

TEST_F(Invoke, RegistersOfTheCallerSurvive) {
  InvokeStub stub = installOne({{catches(0)}, false}, {kAnything});
  std::uint64_t bad = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    // Values that the compiler keeps in callee-saved registers over the call, and a callee that uses them all.
    volatile std::uint64_t source = i;
    std::uint64_t a = source, b = source + 1, c = source + 2, d = source + 3, e = source + 4, f = source + 5;
    LandingResult landing = callThrough(stub, [] {
      asm volatile("xorl %%ebx, %%ebx\n xorl %%r12d, %%r12d\n xorl %%r13d, %%r13d\n xorl %%r14d, %%r14d\n"
                   "xorl %%r15d, %%r15d" ::: "rbx", "r12", "r13", "r14", "r15");
      throw 1;
    });
    endCatch(landing);
    bad += a != i || b != i + 1 || c != i + 2 || d != i + 3 || e != i + 4 || f != i + 5;
  }
  EXPECT_EQ(bad, 0u);
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
TEST_F(Invoke, TheStackCanBeWalkedFromEveryInstruction) {
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

TEST_F(Invoke, SitesWithEqualClausesShareAStub) {
  auto stubs = install({{{}, true}, {{catches(0)}, true}, {{}, true}, {{catches(0)}, true}, {{catches(0)}, false}},
                       {typeOf<int>()});
  EXPECT_EQ(stubs[0], stubs[2]);
  EXPECT_EQ(stubs[1], stubs[3]);
  EXPECT_NE(stubs[0], stubs[1]);
  EXPECT_NE(stubs[1], stubs[4]);
  EXPECT_EQ(installed.back().code.size, 4 * kInvokeStubBytes); // three stubs and the landing pad
}

/// `count` sites, all different: site i catches type i and then, by another clause, type i + 1.
std::vector<InvokeSite> differentSites(std::uint32_t count) {
  std::vector<InvokeSite> sites;
  for (std::uint32_t i = 0; i < count; ++i)
    sites.push_back({{catches(i), catches((i + 1) % count)}, i % 2 == 0});
  return sites;
}

TEST_F(Invoke, ManySites) {
  constexpr std::uint32_t kCount = 1000;
  // int stands at one place in each stretch of 100, so that each selector says which site was found.
  std::vector<std::uintptr_t> types(kCount, typeOf<long>());
  for (std::uint32_t i = 50; i < kCount; i += 100)
    types[i] = typeOf<int>();
  auto stubs = install(differentSites(kCount), types);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    bool first = types[i] == typeOf<int>(), second = types[(i + 1) % kCount] == typeOf<int>();
    if (!first && !second) {
      LandingResult landing = callThrough(stubs[i], [] { throw 1L; });
      ASSERT_EQ(selectorOf(landing), static_cast<int>(i) + 1);
      endCatch(landing);
      continue;
    }
    LandingResult landing = callThrough(stubs[i], [] { throw 1; });
    ASSERT_EQ(selectorOf(landing), static_cast<int>(first ? i : (i + 1) % kCount) + 1);
    endCatch(landing);
  }
}

TEST_F(Invoke, SizeIsLinear) {
  auto bytes = [](std::uint32_t count) {
    std::vector<std::uintptr_t> types(count, typeOf<int>());
    InvokeStubs stubs = encodeInvokeStubs(differentSites(count), types, 0);
    return stubs.code.size() + invokeTableBytes(stubs);
  };
  std::size_t small = bytes(1000), large = bytes(100'000);
  EXPECT_LT(large, 110 * small + 100'000 * 4); // ULEB128 values grow by up to a byte each
}

TEST_F(Invoke, ManyFunctions) {
  // Two of each kind in turn, more than fit one stretch of the registry.
  std::vector<InvokeStub> stubs;
  for (std::uint32_t i = 0; i < 3000; ++i)
    stubs.push_back(installOne({{catches(i % 3)}, false}, {typeOf<int>(), typeOf<long>(), kAnything}));
  for (std::uint32_t i = 0; i < 3000; i += 7) {
    LandingResult landing = i % 3 == 1 ? callThrough(stubs[i], [] { throw 1L; }) : callThrough(stubs[i], [] { throw 1; });
    ASSERT_EQ(selectorOf(landing), static_cast<int>(i % 3) + 1);
    endCatch(landing);
  }
}

TEST_F(Invoke, AFullSpaceIsAnErrorAndLeavesNothing) {
  auto tight = CodeSpace::create(*range, {kPageSize, kPageSize, kPageSize}, 100);
  ASSERT_TRUE(tight);
  InvokeSite site{{catches(0)}, false};
  std::uintptr_t type = typeOf<int>();
  auto result = installInvokeStubs(**tight, unwind, {&site, 1}, {&type, 1}, cxx());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::CodeSpaceFull);
  EXPECT_EQ((*tight)->bytesUsed(), 0u);
}

// Handlers that an earlier one hides are what is tested.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wexceptions"
/// What clang's code chooses for a list of three handlers: 1 + index, 0 when none.
template <typename A, typename B, typename C> int nativeChoice(void (*thrower)()) {
  try {
    try {
      thrower();
      return -1;
    } catch (A) {
      return 1;
    } catch (B) {
      return 2;
    } catch (C) {
      return 3;
    }
  } catch (...) {
    return 0;
  }
}
#pragma clang diagnostic pop

class ChoiceTest : public Invoke {
protected:
  int compared = 0;

  template <typename A, typename B, typename C> void compare() {
    InvokeStub stub = installOne({{catches(0), catches(1), catches(2)}, true}, {typeOf<A>(), typeOf<B>(), typeOf<C>()});
    for (std::size_t i = 0; i < std::size(kThrowers); ++i) {
      int chosen = -1;
      try {
        LandingResult landing = callThrough(stub, kThrowers[i]);
        chosen = selectorOf(landing);
        if (chosen == 0)
          resume(landing);
        endCatch(landing);
      } catch (...) {
      }
      EXPECT_EQ(chosen, (nativeChoice<A, B, C>(kThrowers[i]))) << "thrower " << i << " " << typeid(A).name() << " "
                                                               << typeid(B).name() << " " << typeid(C).name();
      ++compared;
    }
  }
  template <typename A, typename B, typename... C> void compareThird(TypeList<C...>) { (compare<A, B, C>(), ...); }
  template <typename A, typename... B, typename All> void compareSecond(TypeList<B...>, All all) {
    (compareThird<A, B>(all), ...);
  }
  template <typename... A, typename Second, typename Third>
  void compareAll(TypeList<A...>, Second second, Third third) {
    (compareSecond<A>(second, third), ...);
  }
};

TEST_F(ChoiceTest, SelectorsAreThoseOfNativeHandlers) {
  compareAll(Handlers{}, Handlers{}, FewHandlers{});
  EXPECT_GT(compared, 3000);
}

} // namespace
} // namespace kiln
