#include "interp/InvokeStubPool.h"

#include <atomic>
#include <thread>

#include "interp/InvokeFixture.h"
#include "interp/InvokeTypes.h"

namespace kiln {
namespace {

using namespace invoke_types;
using InvokeStubPoolTest = InvokeTest;

TEST_F(InvokeStubPoolTest, FunctionsShareStubs) {
  InvokeStubPool pool(*space, unwind);
  // Two functions that number int and Base differently.
  std::vector<std::uintptr_t> first = {typeOf<long>(), typeOf<int>(), typeOf<Base>()},
                              second = {typeOf<Base>(), typeOf<int>()};
  auto one = pool.stubFor({{catches(1), catches(2)}, true}, first, cxx());
  auto other = pool.stubFor({{catches(1), catches(0)}, true}, second, cxx());
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->stub, other->stub);
  EXPECT_EQ(pool.size(), 1u);
  LandingResult landing = callThrough(one->stub, [] { throw Derived(); });
  EXPECT_EQ(one->selectorOf(landing), 3);
  EXPECT_EQ(other->selectorOf(landing), 1);
  endCatch(landing);
  landing = callThrough(one->stub, [] { throw 1; });
  EXPECT_EQ(one->selectorOf(landing), 2);
  EXPECT_EQ(other->selectorOf(landing), 2);
  endCatch(landing);
}

TEST_F(InvokeStubPoolTest, StubsDifferWhereTheirClausesDo) {
  InvokeStubPool pool(*space, unwind);
  std::vector<std::uintptr_t> types = {typeOf<int>(), typeOf<long>(), kAnything};
  const InvokeSite sites[] = {
      {{}, true},
      {{}, false},
      {{catches(0)}, true},
      {{catches(0)}, false},
      {{catches(1)}, true},
      {{catches(2)}, true},
      {{catches(0), catches(1)}, false},
      {{catches(1), catches(0)}, false},
      {{allows({0})}, false},
      {{allows({0, 1})}, false},
      {{allows({0}), allows({1})}, false},
      {{allows({})}, false},
  };
  for (int round = 0; round < 3; ++round)
    for (const InvokeSite& site : sites)
      ASSERT_TRUE(pool.stubFor(site, types, cxx()));
  EXPECT_EQ(pool.size(), std::size(sites));
  auto c = pool.stubFor({{}, true}, {}, gcc());
  ASSERT_TRUE(c);
  EXPECT_NE(c->stub, pool.stubFor({{}, true}, types, cxx())->stub);
  EXPECT_EQ(pool.size(), std::size(sites) + 1);
  // A filter's selector is the same in every numbering.
  auto filter = pool.stubFor({{allows({1}), catches(2)}, false}, types, cxx());
  LandingResult landing = callThrough(filter->stub, [] { throw 1; });
  EXPECT_EQ(filter->selectorOf(landing), -1);
  endCatch(landing);
  landing = callThrough(filter->stub, [] { throw 1L; });
  EXPECT_EQ(filter->selectorOf(landing), 3);
  endCatch(landing);
}

TEST_F(InvokeStubPoolTest, ThreadsMayAskAtOnce) {
  InvokeStubPool pool(*space, unwind);
  std::vector<std::uintptr_t> types = {typeOf<int>(), typeOf<long>(), typeOf<char>(), kAnything};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::uint32_t i = 0; i < 64; ++i) {
        auto shared =
            pool.stubFor({{catches(i % 3), catches(i / 3 % 3), catches(i / 9 % 3), catches(3)}, true}, types, cxx());
        LandingResult landing = callThrough(shared->stub, [] { throw 1.5; });
        wrong += shared->selectorOf(landing) != 4;
        endCatch(landing);
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(pool.size(), 27u);
}

} // namespace
} // namespace kiln
