#include "diag/FrameWalk.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "diag/CodeMap.h"

namespace kiln {
namespace {

const void* noTable(std::uintptr_t) {
  return nullptr;
}

struct Seen {
  std::uintptr_t addresses[32] = {};
  std::size_t count = 0;
  bool mapped = true;
} seen;

void onSignal(int, siginfo_t*, void* context) {
  FrameWalk walk(*static_cast<ucontext_t*>(context), noTable);
  std::uintptr_t word = 0;
  seen.mapped = walk.read(8, word);
  do
    seen.addresses[seen.count++] = walk.address();
  while (seen.count < 32 && walk.up());
}

[[gnu::noinline]] std::uintptr_t callee() {
  raise(SIGUSR1);
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
}

/// With a frame whose size the tables cannot tell without RBP.
[[gnu::noinline]] std::uintptr_t caller(std::size_t bytes, std::uintptr_t& own) {
  auto* room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  own = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  std::uintptr_t result = callee();
  return result + static_cast<std::uintptr_t>(room[0]) - 1;
}

TEST(FrameWalk, FindsTheCallersOfWhatASignalInterrupted) {
  struct sigaction action{}, before{};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, &before);
  std::uintptr_t own = 0;
  std::uintptr_t inCaller = caller(100, own);
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_FALSE(seen.mapped); // and reading it was no fault
  std::size_t at = 0;
  while (at < seen.count && seen.addresses[at] != inCaller)
    ++at;
  ASSERT_LT(at + 1, seen.count); // through the C library's frames
  EXPECT_EQ(seen.addresses[at + 1], own);
}

TEST(CodeMap, FindsWhatIsThereAndNotWhatIsGone) {
  CodeMap map;
  for (std::uintptr_t i = 1; i <= 600; ++i)
    map.add({i * 0x100, i * 0x100 + 0x80, "f", Tier::Baseline, false, nullptr, nullptr});
  ASSERT_TRUE(map.find(0x17f));
  EXPECT_EQ(map.find(0x17f)->begin, 0x100u);
  EXPECT_FALSE(map.find(0x180));
  EXPECT_EQ(map.find(600 * 0x100)->begin, 600u * 0x100);
  map.remove(0x100);
  EXPECT_FALSE(map.find(0x17f));
  // Other code may come to the same place.
  map.add({0x100, 0x140, "g", Tier::O2, true, nullptr, nullptr});
  EXPECT_STREQ(map.find(0x100)->function, "g");
}

} // namespace
} // namespace kiln
