#include <exception>
#include <stdexcept>
#include <string>

#include "interp/InvokeFixture.h"
#include "interp/InvokeTypes.h"

// Declared by no header in C++23.
extern "C" [[noreturn]] void __cxa_call_unexpected(void*);
extern void (*kilnSetUnexpected(void (*handler)()))() __asm__("_ZSt14set_unexpectedPFvvE");

namespace kiln {
namespace {

using namespace invoke_types;
using InvokeStubsTest = InvokeTest;

TEST_F(InvokeStubsTest, CallThatReturns) {
  InvokeStub stub = installOne({{catches(0)}, true}, {kAnything});
  int called = 0;
  LandingResult landing = callThrough(stub, [&] { ++called; });
  EXPECT_EQ(called, 1);
  EXPECT_EQ(landing.exception, nullptr);
  EXPECT_EQ(landing.selector, 0u);
}

TEST_F(InvokeStubsTest, TheStackIsAlignedBelow) {
  InvokeStub stub = installOne({{}, true}, {});
  auto aligned = false;
  callThrough(stub, [&] {
    alignas(16) volatile char local[16] = {};
    aligned = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % 16 == 0 &&
              reinterpret_cast<std::uintptr_t>(local) % 16 == 0;
  });
  EXPECT_TRUE(aligned);
}

TEST_F(InvokeStubsTest, CatchesTheExactType) {
  InvokeStub stub = installOne({{catches(1)}, false}, {typeOf<long>(), typeOf<int>()});
  LandingResult landing = callThrough(stub, [] { throw 42; });
  ASSERT_NE(landing.exception, nullptr);
  EXPECT_EQ(landing.selector, 2u);
  EXPECT_EQ(*static_cast<int*>(__cxxabiv1::__cxa_begin_catch(landing.exception)), 42);
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(InvokeStubsTest, CaughtBaseIsAdjusted) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<Right>()});
  LandingResult landing = callThrough(stub, [] { throw Both(5, 7); });
  EXPECT_EQ(landing.selector, 1u);
  EXPECT_EQ(static_cast<Right*>(__cxxabiv1::__cxa_begin_catch(landing.exception))->right, 7);
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(InvokeStubsTest, CaughtPointerIsAdjusted) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<Right*>()});
  Both both(5, 7);
  LandingResult landing = callThrough(stub, [&] { throw &both; });
  EXPECT_EQ(landing.selector, 1u);
  // Of a pointer, begin_catch yields the value.
  EXPECT_EQ(static_cast<Right*>(__cxxabiv1::__cxa_begin_catch(landing.exception)), static_cast<Right*>(&both));
  __cxxabiv1::__cxa_end_catch();
}

TEST_F(InvokeStubsTest, WhatNoClauseNamesGoesOn) {
  InvokeStub stub = installOne({{catches(0)}, false}, {typeOf<int>()});
  EXPECT_THROW(callThrough(stub, [] { throw 1.5; }), double);
}

TEST_F(InvokeStubsTest, ASiteWithoutAnythingLetsExceptionsPass) {
  InvokeStub stub = installOne({{}, false}, {});
  EXPECT_THROW(callThrough(stub, [] { throw 1; }), int);
}

TEST_F(InvokeStubsTest, CleanupRunsAndTheSearchGoesOn) {
  InvokeStub stub = installOne({{}, true}, {});
  std::string order;
  try {
    auto body = [&] {
      order += "throw ";
      throw std::runtime_error("text");
    };
    cleanUpThrough(stub, body, [&](const LandingResult& landing) {
      EXPECT_EQ(landing.selector, 0u);
      order += "cleanup ";
    });
  } catch (const std::runtime_error& error) {
    order += error.what();
  }
  EXPECT_EQ(order, "throw cleanup text");
}

TEST_F(InvokeStubsTest, CleanupBehindClauses) {
  InvokeStub stub = installOne({{catches(0), catches(1)}, true}, {typeOf<int>(), typeOf<long>()});
  LandingResult caught = callThrough(stub, [] { throw 1L; });
  EXPECT_EQ(selectorOf(caught), 2);
  endCatch(caught);
  int cleanups = 0;
  try {
    cleanUpThrough(
        stub, [] { throw 'c'; },
        [&](const LandingResult& landing) {
          EXPECT_EQ(selectorOf(landing), 0);
          ++cleanups;
        });
  } catch (char c) {
    EXPECT_EQ(c, 'c');
  }
  EXPECT_EQ(cleanups, 1);
}

TEST_F(InvokeStubsTest, FiltersLetTheirTypesPass) {
  std::vector<std::uintptr_t> types = {typeOf<int>(), typeOf<long>(), typeOf<Base>()};
  InvokeStub stub = installOne({{allows({0, 2})}, false}, types);
  EXPECT_THROW(callThrough(stub, [] { throw 1; }), int);
  EXPECT_THROW(callThrough(stub, [] { throw Derived(); }), Derived);
  LandingResult landing = callThrough(stub, [] { throw 1L; });
  EXPECT_EQ(selectorOf(landing), -1);
  EXPECT_LT(static_cast<std::int64_t>(landing.selector), 0); // sign-extended
  endCatch(landing);
}

TEST_F(InvokeStubsTest, TheEmptyFilterLetsNothingPass) {
  InvokeStub stub = installOne({{allows({})}, false}, {});
  LandingResult landing = callThrough(stub, [] { throw Base(); });
  EXPECT_EQ(selectorOf(landing), -1);
  endCatch(landing);
}

TEST_F(InvokeStubsTest, FiltersAndCatchesInOrder) {
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

TEST_F(InvokeStubsTest, ViolatedSpecificationEndsTheProgram) {
  InvokeStub stub = installOne({{allows({0})}, false}, {typeOf<int>()});
  EXPECT_EXIT(
      {
        std::set_terminate([] { _exit(7); });
        __cxa_call_unexpected(callThrough(stub, [] { throw 1L; }).exception);
      },
      testing::ExitedWithCode(7), "");
}

// The runtime reads the filter again, from the LSDA that the exception remembers.
void unexpectedThrowsInt() {
  throw 5;
}

TEST_F(InvokeStubsTest, UnexpectedHandlerMayThrowWhatIsAllowed) {
  InvokeStub stub = installOne({{allows({1})}, false}, {typeOf<long>(), typeOf<int>()});
  auto* old = kilnSetUnexpected(unexpectedThrowsInt);
  LandingResult landing = callThrough(stub, [] { throw 1L; });
  EXPECT_THROW(__cxa_call_unexpected(landing.exception), int);
  kilnSetUnexpected(old);
}

TEST_F(InvokeStubsTest, Nested) {
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

TEST_F(InvokeStubsTest, OneStubManyDepths) {
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

TEST_F(InvokeStubsTest, Rethrow) {
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

TEST_F(InvokeStubsTest, DestructorsOfNativeFramesBelowRun) {
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

TEST_F(InvokeStubsTest, RegistersOfTheCallerSurvive) {
  InvokeStub stub = installOne({{catches(0)}, false}, {kAnything});
  std::uint64_t bad = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    // Values that the compiler keeps in callee-saved registers over the call, and a callee that uses them all.
    volatile std::uint64_t source = i;
    std::uint64_t a = source, b = source + 1, c = source + 2, d = source + 3, e = source + 4, f = source + 5;
    LandingResult landing = callThrough(stub, [] {
      asm volatile("xorl %%ebx, %%ebx\n xorl %%r12d, %%r12d\n xorl %%r13d, %%r13d\n xorl %%r14d, %%r14d\n"
                   "xorl %%r15d, %%r15d" ::
                       : "rbx", "r12", "r13", "r14", "r15");
      throw 1;
    });
    endCatch(landing);
    bad += a != i || b != i + 1 || c != i + 2 || d != i + 3 || e != i + 4 || f != i + 5;
  }
  EXPECT_EQ(bad, 0u);
}

TEST_F(InvokeStubsTest, SitesWithEqualClausesShareAStub) {
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

TEST_F(InvokeStubsTest, ManySites) {
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

TEST_F(InvokeStubsTest, SizeIsLinear) {
  auto bytes = [](std::uint32_t count) {
    std::vector<std::uintptr_t> types(count, typeOf<int>());
    InvokeStubs stubs = encodeInvokeStubs(differentSites(count), types, 0);
    return stubs.code.size() + invokeTableBytes(stubs);
  };
  std::size_t small = bytes(1000), large = bytes(100'000);
  EXPECT_LT(large, 110 * small + 100'000 * 4); // ULEB128 values grow by up to a byte each
}

TEST_F(InvokeStubsTest, ManyFunctions) {
  // Two of each kind in turn, more than fit one stretch of the registry.
  std::vector<InvokeStub> stubs;
  for (std::uint32_t i = 0; i < 3000; ++i)
    stubs.push_back(installOne({{catches(i % 3)}, false}, {typeOf<int>(), typeOf<long>(), kAnything}));
  for (std::uint32_t i = 0; i < 3000; i += 7) {
    LandingResult landing =
        i % 3 == 1 ? callThrough(stubs[i], [] { throw 1L; }) : callThrough(stubs[i], [] { throw 1; });
    ASSERT_EQ(selectorOf(landing), static_cast<int>(i % 3) + 1);
    endCatch(landing);
  }
}

TEST_F(InvokeStubsTest, AFullSpaceIsAnErrorAndLeavesNothing) {
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

class InvokeChoiceTest : public InvokeTest {
protected:
  int compared = 0;

  /// Throws on what no clause names.
  [[gnu::noinline]] static int choose(InvokeStub stub, void (*thrower)()) {
    LandingResult landing = callThrough(stub, thrower);
    if (selectorOf(landing) == 0)
      resume(landing);
    endCatch(landing);
    return selectorOf(landing);
  }

  template <typename A, typename B, typename C> void compare() {
    InvokeStub stub = installOne({{catches(0), catches(1), catches(2)}, true}, {typeOf<A>(), typeOf<B>(), typeOf<C>()});
    for (std::size_t i = 0; i < std::size(kThrowers); ++i) {
      int chosen = 0;
      try {
        chosen = choose(stub, kThrowers[i]);
      } catch (...) {
      }
      EXPECT_EQ(chosen, (nativeChoice<A, B, C>(kThrowers[i])))
          << "thrower " << i << " " << typeid(A).name() << " " << typeid(B).name() << " " << typeid(C).name();
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

TEST_F(InvokeChoiceTest, SelectorsAreThoseOfNativeHandlers) {
  compareAll(Handlers{}, Handlers{}, FewHandlers{});
  EXPECT_GT(compared, 3000);
}

} // namespace
} // namespace kiln
