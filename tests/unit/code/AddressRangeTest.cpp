#include "code/AddressRange.h"

#include <gtest/gtest.h>

#include "support/Maps.h"

namespace kiln {
namespace {

TEST(AddressRange, StartsAtItsAlignment) {
  auto range = AddressRange::reserve(AddressRange::kMaxBytes);
  ASSERT_TRUE(range);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(range->base()) % AddressRange::kAlignment, 0u);
  EXPECT_EQ(range->bytes(), AddressRange::kMaxBytes);
}

TEST(AddressRange, EveryAddressLeadsToTheOwner) {
  auto range = AddressRange::reserve(AddressRange::kMaxBytes);
  auto other = AddressRange::reserve(AddressRange::kMaxBytes);
  ASSERT_TRUE(range && other);
  int mine = 0, theirs = 0;
  range->setOwner(&mine);
  other->setOwner(&theirs);
  for (std::size_t offset : {std::size_t{0}, std::size_t{8}, kPageSize, AddressRange::kMaxBytes - 1}) {
    EXPECT_EQ(AddressRange::ownerOf(range->base() + offset), &mine);
    EXPECT_EQ(AddressRange::ownerOf(other->base() + offset), &theirs);
  }
}

TEST(AddressRange, TakesAscendingPagesAndStopsAtItsEnd) {
  auto range = AddressRange::reserve(4 * kPageSize);
  ASSERT_TRUE(range);
  auto first = range->take(1);
  auto second = range->takeWritable(kPageSize + 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->data(), range->base() + kPageSize); // the first page holds the owner
  EXPECT_EQ(first->size(), kPageSize);
  EXPECT_EQ(second->data(), range->base() + 2 * kPageSize);
  EXPECT_EQ(second->size(), 2 * kPageSize);
  EXPECT_EQ(test::rightsOf(first->data()), "---");
  EXPECT_EQ(test::rightsOf(second->data()), "rw-");
  for (std::byte each : *second)
    ASSERT_EQ(each, std::byte{0});
  auto third = range->take(1);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::CodeSpaceFull);
}

TEST(AddressRange, ContainsItsBytesOnly) {
  auto range = AddressRange::reserve(2 * kPageSize);
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(range->base()));
  EXPECT_TRUE(range->contains(range->base() + 2 * kPageSize - 1));
  EXPECT_FALSE(range->contains(range->base() + 2 * kPageSize));
  EXPECT_FALSE(range->contains(range->base() - 1));
}

TEST(AddressRange, GivesItsAddressesBackOnce) {
  std::byte* base = nullptr;
  {
    auto range = AddressRange::reserve(2 * kPageSize);
    ASSERT_TRUE(range);
    base = range->base();
    AddressRange moved(std::move(*range));
    EXPECT_EQ(moved.base(), base);
    EXPECT_EQ(test::rightsOf(base), "rw-");
  }
  EXPECT_EQ(test::rightsOf(base), "");
}

} // namespace
} // namespace kiln
