// What the tests of invoke stubs share: a code space with stubs in it, and ways to call them.
#pragma once

#include <cxxabi.h>
#include <gtest/gtest.h>
#include <unwind.h>

#include <functional>
#include <memory>
#include <optional>
#include <typeinfo>

#include "code/UnwindRegistry.h"
#include "interp/InvokeStubs.h"

extern "C" int __gxx_personality_v0(...);
extern "C" int __gcc_personality_v0(...);

namespace kiln {

template <typename T> std::uintptr_t typeOf() {
  return reinterpret_cast<std::uintptr_t>(&typeid(T));
}
inline constexpr std::uintptr_t kAnything = 0;

inline LandingClause catches(std::uint32_t type) {
  return {LandingClause::Kind::Catch, {type}};
}
inline LandingClause allows(std::vector<std::uint32_t> types) {
  return {LandingClause::Kind::Filter, std::move(types)};
}

/// A stub's selector as the program sees it.
inline int selectorOf(const LandingResult& landing) {
  return static_cast<int>(landing.selector);
}

using Body = std::function<void()>;
inline LandingResult callThrough(InvokeStub stub, const Body& body) {
  return stub(const_cast<Body*>(&body), [](void* argument) { (*static_cast<Body*>(argument))(); });
}
/// What the program does behind a landing pad that catches.
inline void endCatch(const LandingResult& landing) {
  __cxxabiv1::__cxa_begin_catch(landing.exception);
  __cxxabiv1::__cxa_end_catch();
}
/// What it does behind one that only cleans up.
[[noreturn]] inline void resume(const LandingResult& landing) {
  _Unwind_Resume(static_cast<_Unwind_Exception*>(landing.exception));
  __builtin_unreachable();
}

/// An invoke whose landing pad only cleans up. A frame of its own: a handler's frame remembers the call at which the
/// search found it, so none may call a stub, and then resume, itself.
[[gnu::noinline]] inline void cleanUpThrough(InvokeStub stub, const Body& body,
                                             const std::function<void(const LandingResult&)>& cleanUp) {
  LandingResult landing = callThrough(stub, body);
  if (!landing.exception)
    return;
  cleanUp(landing);
  resume(landing);
}

class InvokeTest : public testing::Test {
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
  static std::uintptr_t gcc() { return reinterpret_cast<std::uintptr_t>(&__gcc_personality_v0); }

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

} // namespace kiln
