// Invoke stubs in a host that has its own C++ runtime linked in, as the kiln command has: the exception belongs to the
// runtime libraries that the program brings, and so do personality, type descriptions and unwinder. The host's frames
// are passed by. They may have unwind tables but no cleanups, for those would be run by the host's own runtime, whose
// unwinder does not know the program's frames; so this file is compiled without exceptions.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "code/UnwindRegistry.h"
#include "interp/InvokeStubPool.h"

namespace kiln {
namespace {

class InvokeForeignRuntime : public testing::Test {
protected:
  std::optional<AddressRange> range;
  std::unique_ptr<CodeSpace> space;
  std::unique_ptr<UnwindRegistry> unwind = std::make_unique<UnwindRegistry>();
  std::unique_ptr<InvokeStubPool> pool;
  void* runtime = nullptr;
  void (*thrower)(void*) = nullptr;
  int (*catches)(void (*run)(void*), void* argument) = nullptr;
  int* cleanups = nullptr;
  std::uintptr_t personality = 0;

  void SetUp() override {
    range.emplace(std::move(*AddressRange::reserve(std::size_t{16} << 20)));
    space = std::move(*CodeSpace::create(*range, {kPageSize, kPageSize, kPageSize}, 0));
    pool = std::make_unique<InvokeStubPool>(*space, *unwind);
    void* guest = dlopen(KILN_TEST_GUEST, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(guest, nullptr) << dlerror();
    runtime = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD);
    ASSERT_NE(runtime, nullptr) << "the guest brings no runtime of its own";
    thrower = reinterpret_cast<void (*)(void*)>(dlsym(guest, "guest_throw"));
    catches = reinterpret_cast<decltype(catches)>(dlsym(guest, "guest_catches"));
    cleanups = static_cast<int*>(dlsym(guest, "guest_cleanups"));
    personality = addressOf("__gxx_personality_v0");
    unwind->retry();
  }
  std::uintptr_t addressOf(const char* name) {
    auto address = reinterpret_cast<std::uintptr_t>(dlsym(runtime, name));
    EXPECT_NE(address, 0u) << name;
    return address;
  }
  InvokeStub stubFor(InvokeSite site, std::span<const std::uintptr_t> types) {
    return pool->stubFor(site, types, personality)->stub;
  }
  template <typename Function> Function* function(const char* name) {
    return reinterpret_cast<Function*>(addressOf(name));
  }
};

TEST_F(InvokeForeignRuntime, CatchesByItsTypes) {
  const std::uintptr_t types[] = {addressOf("_ZTISt11logic_error"), addressOf("_ZTIi")};
  InvokeStub stub = stubFor({{{LandingClause::Kind::Catch, {0}}, {LandingClause::Kind::Catch, {1}}}, true}, types);
  for (int kind : {0, 1, 2}) {
    LandingResult landing = stub(&kind, thrower);
    EXPECT_EQ(landing.selector, kind == 0 ? 0u : kind == 1 ? 2u : 1u);
    EXPECT_EQ(landing.exception != nullptr, kind != 0);
    if (!landing.exception)
      continue;
    void* value = function<void*(void*)>("__cxa_begin_catch")(landing.exception);
    if (kind == 1)
      EXPECT_EQ(*static_cast<int*>(value), 42);
    function<void()>("__cxa_end_catch")();
  }
}

/// What the interpreter does for an invoke whose landing pad only cleans up.
struct Frame {
  InvokeStub stub;
  void (*thrower)(void*);
  void (*resume)(void*);
  int kind;
  int cleanups = 0;
  std::uint64_t selectors = 0;

  static void run(void* self) {
    auto* frame = static_cast<Frame*>(self);
    LandingResult landing = frame->stub(&frame->kind, frame->thrower);
    if (!landing.exception)
      return;
    ++frame->cleanups;
    frame->selectors |= landing.selector;
    frame->resume(landing.exception);
  }
};

TEST_F(InvokeForeignRuntime, ResumesInTheProgramsUnwinder) {
  Frame frame{stubFor({{}, true}, {}), thrower, function<void(void*)>("_Unwind_Resume"), 0};
  int before = *cleanups;
  for (auto [kind, caught] : {std::pair{0, 0}, {1, 42}, {2, int{'r'}}}) {
    frame.kind = kind;
    EXPECT_EQ(catches(Frame::run, &frame), caught);
  }
  EXPECT_EQ(frame.cleanups, 2);
  EXPECT_EQ(frame.selectors, 0u);
  EXPECT_EQ(*cleanups - before, 3);
}

} // namespace
} // namespace kiln
