#include "profile/CountSummary.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(CountSummary, SumsUpPlacesAndFunctions) {
  CountSummary summary;
  EXPECT_TRUE(summary.empty());
  summary.addFunction(10);
  summary.addFunction(7);
  summary.add(1000);
  summary.add(0);
  EXPECT_FALSE(summary.empty());
  EXPECT_EQ(summary.sum(), 1017u);
  EXPECT_EQ(summary.highest(), 1000u);
  EXPECT_EQ(summary.highestEntries(), 10u);
  EXPECT_EQ(summary.places(), 4u);
  EXPECT_EQ(summary.functions(), 2u);
}

TEST(CountSummary, PercentilesAreTheSmallestOfTheHighestCounts) {
  CountSummary summary;
  for (std::uint64_t count : {8, 4, 2, 1, 1}) // 16 in all
    summary.add(count);
  EXPECT_EQ(summary.percentile(500'000).least, 8u);
  EXPECT_EQ(summary.percentile(500'000).places, 1u);
  EXPECT_EQ(summary.percentile(500'001).least, 4u);
  EXPECT_EQ(summary.percentile(875'000).least, 2u);
  EXPECT_EQ(summary.percentile(875'000).places, 3u);
  EXPECT_EQ(summary.percentile(1'000'000).least, 1u);
  EXPECT_EQ(summary.percentile(1'000'000).places, 5u);
}

TEST(CountSummary, LargeCountsAreTooLowByASixteenthAtMost) {
  for (std::uint64_t count = 1; count != 0; count <<= 1)
    for (std::uint64_t more : {std::uint64_t{0}, count / 3, count - 1}) {
      CountSummary summary;
      summary.add(count + more);
      const std::uint64_t least = summary.percentile(990'000).least;
      EXPECT_LE(least, count + more);
      EXPECT_GE(least, count + more - (count + more) / 16);
    }
}

TEST(CountSummary, SumsStopAtTheGreatestNumber) {
  CountSummary summary;
  for (int i = 0; i < 3; ++i)
    summary.add(UINT64_MAX);
  EXPECT_EQ(summary.sum(), UINT64_MAX);
  EXPECT_EQ(summary.percentile(999'999).places, 3u);
  EXPECT_EQ(summary.percentile(300'000).places, 3u); // they share a step
}

TEST(CountSummary, OfNothingIsZero) {
  CountSummary summary;
  EXPECT_EQ(summary.percentile(999'999).least, 0u);
  summary.add(0);
  EXPECT_TRUE(summary.empty());
  EXPECT_EQ(summary.percentile(999'999).places, 0u);
}

} // namespace
} // namespace kiln
