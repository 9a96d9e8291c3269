#include <gtest/gtest.h>

#include "code/CodeSpace.h"

namespace kiln {
namespace {

TEST(FreeList, FirstFit) {
  FreeList list(1000);
  EXPECT_EQ(list.allocate(100, 1), 0u);
  EXPECT_EQ(list.allocate(100, 1), 100u);
  EXPECT_EQ(list.allocate(100, 1), 200u);
  list.release(0, 100);
  list.release(200, 100); // joins what is free behind it
  EXPECT_EQ(list.allocate(50, 1), 0u);
  EXPECT_EQ(list.allocate(60, 1), 200u); // the rest of the first hole is too small
  EXPECT_EQ(list.allocate(50, 1), 50u);
  EXPECT_EQ(list.used(), 260u);
}

TEST(FreeList, NeighboursMergeInAnyOrder) {
  for (auto order : {std::array{0u, 1u, 2u}, std::array{2u, 1u, 0u}, std::array{0u, 2u, 1u}, std::array{1u, 0u, 2u}}) {
    FreeList list(300);
    for (std::size_t i = 0; i < 3; ++i)
      ASSERT_EQ(list.allocate(100, 1), i * 100);
    EXPECT_EQ(list.allocate(1, 1), FreeList::npos);
    for (unsigned piece : order)
      list.release(piece * 100, 100);
    EXPECT_EQ(list.used(), 0u);
    EXPECT_EQ(list.allocate(300, 1), 0u); // one hole again
  }
}

TEST(FreeList, AlignmentLeavesUsableGaps) {
  FreeList list(1024);
  EXPECT_EQ(list.allocate(10, 1), 0u);
  EXPECT_EQ(list.allocate(64, 256), 256u);
  EXPECT_EQ(list.allocate(200, 2), 10u); // in the gap before it
  EXPECT_EQ(list.allocate(64, 512), 512u);
}

TEST(FreeList, FullAndTooLarge) {
  FreeList list(128);
  EXPECT_EQ(list.allocate(129, 1), FreeList::npos);
  EXPECT_EQ(list.allocate(128, 1), 0u);
  EXPECT_EQ(list.allocate(1, 1), FreeList::npos);
  list.release(0, 128);
  EXPECT_EQ(list.allocate(1, 64), 0u);
}

TEST(FreeList, LastFit) {
  FreeList list(1024);
  EXPECT_EQ(list.allocateLast(100, 256), 768u);
  EXPECT_EQ(list.allocateLast(100, 1), 924u); // behind it
  EXPECT_EQ(list.allocateLast(100, 256), 512u);
  EXPECT_EQ(list.allocate(100, 1), 0u); // what comes from the other end does not see them
  EXPECT_EQ(list.allocateLast(600, 1), FreeList::npos);
  EXPECT_EQ(list.allocateLast(412, 4), 100u);
  list.release(768, 100);
  list.release(924, 100);
  EXPECT_EQ(list.allocateLast(256, 256), 768u); // one hole again
  EXPECT_EQ(list.used(), 868u);
}

TEST(FreeList, PiecesNeverOverlap) {
  // A fixed sequence of sizes, with every third piece given back; bytes are marked to see overlaps.
  FreeList list(1 << 16);
  std::vector<int> owner(1 << 16, 0);
  std::vector<std::pair<std::size_t, std::size_t>> held;
  std::uint32_t seed = 1;
  std::size_t used = 0;
  for (int i = 1; i < 2000; ++i) {
    seed = seed * 1664525 + 1013904223;
    std::size_t size = 1 + (seed >> 16) % 200;
    std::size_t at = list.allocate(size, std::size_t{1} << (seed >> 8) % 7);
    if (at != FreeList::npos) {
      for (std::size_t byte = at; byte < at + size; ++byte) {
        ASSERT_EQ(owner[byte], 0);
        owner[byte] = i;
      }
      held.emplace_back(at, size);
      used += size;
    }
    if ((i % 3 == 0 || at == FreeList::npos) && !held.empty()) {
      auto [start, length] = held[seed % held.size()];
      held.erase(held.begin() + seed % held.size());
      std::fill_n(owner.begin() + static_cast<std::ptrdiff_t>(start), length, 0);
      list.release(start, length);
      used -= length;
    }
    ASSERT_EQ(list.used(), used);
  }
}

} // namespace
} // namespace kiln
