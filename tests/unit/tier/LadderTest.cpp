#include "kiln/Ladder.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Ladder, NamesOfTiersRoundTrip) {
  for (Tier tier : kAllTiers)
    EXPECT_EQ(parseTier(tierName(tier)), tier);
  for (const char* bad : {"", "O", "O4", "o2", "O2 ", " O2"})
    EXPECT_EQ(parseTier(bad), std::nullopt) << bad;
}

TEST(Ladder, EveryPresetParsesAndIsWhatItsTextSays) {
  ASSERT_FALSE(presets().empty());
  for (const Preset& preset : presets()) {
    auto named = Ladder::parse(preset.name);
    ASSERT_TRUE(named) << preset.name << ": " << named.error().message;
    EXPECT_EQ(named->text(), preset.ladder);
    EXPECT_FALSE(preset.purpose.empty()) << preset.name;
  }
  EXPECT_EQ(presets().front().name, "default");
  EXPECT_EQ(Ladder::standard(), *Ladder::parse("default"));
}

TEST(Ladder, CallsGiveTheLoopsTheirDefaultWeight) {
  auto ladder = Ladder::parse("O0,O2@500,O3@5000");
  ASSERT_TRUE(ladder);
  std::vector<Rung> expected = {{Tier::O0, 0, 0}, {Tier::O2, 500, 50000}, {Tier::O3, 5000, 500000}};
  EXPECT_EQ(ladder->rungs, expected);
}

TEST(Ladder, LoopsCanBeNamed) {
  auto ladder = Ladder::parse("O0,O2@500:20000");
  ASSERT_TRUE(ladder);
  EXPECT_EQ(ladder->rungs[1], (Rung{Tier::O2, 500, 20000}));
}

TEST(Ladder, TextRoundTrips) {
  for (const char* text : {"O3", "O0,O1@1", "O0,O2@500:20000,O3@5000", "O1,O3@7:8", "O0,O1@1,O2@2,O3@3",
                           "O0,O3@281474976710656:281474976710656"}) {
    auto ladder = Ladder::parse(text);
    ASSERT_TRUE(ladder) << ladder.error().message;
    EXPECT_EQ(ladder->text(), text);
    EXPECT_EQ(*Ladder::parse(ladder->text()), *ladder);
  }
}

TEST(Ladder, LoopsThatEqualTheDefaultAreNotSpelledOut) {
  EXPECT_EQ(Ladder::parse("O0,O2@5:500")->text(), "O0,O2@5");
}

TEST(Ladder, AboveIsTheNextRung) {
  auto ladder = *Ladder::parse("O0,O2@100,O3@1000");
  EXPECT_EQ(ladder.above(Tier::O0)->tier, Tier::O2);
  EXPECT_EQ(ladder.above(Tier::O1)->tier, Tier::O2); // a tier outside the ladder, reached by promote()
  EXPECT_EQ(ladder.above(Tier::O2)->tier, Tier::O3);
  EXPECT_EQ(ladder.above(Tier::O3), nullptr);
  EXPECT_EQ(ladder.bottom(), Tier::O0);
  EXPECT_EQ(ladder.top(), Tier::O3);
}

TEST(Ladder, FixedHasOneRung) {
  EXPECT_EQ(Ladder::fixed(Tier::O2), *Ladder::parse("O2"));
  EXPECT_EQ(Ladder::fixed(Tier::O2).above(Tier::O2), nullptr);
}

struct Malformed {
  const char* text;
  std::size_t at;     ///< column of the mark
  std::size_t length; ///< of the mark
  const char* why;    ///< a part of the message
};

class MalformedLadder : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedLadder, IsRefusedWithAMarkUnderTheBadPart) {
  const Malformed& bad = GetParam();
  auto ladder = Ladder::parse(bad.text);
  ASSERT_FALSE(ladder) << bad.text << " parsed as " << ladder->text();
  EXPECT_EQ(ladder.error().code, ErrorCode::BadLadder);
  const std::string& message = ladder.error().message;
  EXPECT_NE(message.find(bad.why), std::string::npos) << message;
  std::string shown = std::string("\n  ") + bad.text + "\n  " + std::string(bad.at, ' ') + '^' +
                      std::string(bad.length - 1, '~');
  EXPECT_TRUE(message.ends_with(shown)) << message;
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedLadder,
    testing::Values(Malformed{"O4", 0, 2, "'O4' is not a tier"}, Malformed{"fast", 0, 4, "'fast' is not a tier"},
                    Malformed{"O0,O5@10", 3, 2, "'O5' is not a tier"}, Malformed{" O0", 0, 3, "' O0' is not a tier"},
                    Malformed{",O2@10", 0, 1, "a tier is missing"}, Malformed{"O0,", 3, 1, "a tier is missing"},
                    Malformed{"O0,,O2@10", 3, 1, "a tier is missing"},
                    Malformed{"O0@10", 2, 3, "takes no threshold"}, Malformed{"O0>,O2@3", 3, 1, "a whole number"},
                    Malformed{"O0>x1,O2@3", 3, 2, "a whole number"}, Malformed{"interpreter>50", 11, 3, "no second tier"},
                    Malformed{"O0,O2>50@3", 3, 5, "not a tier"}, Malformed{"O0@10,O2@20", 2, 3, "takes no threshold"},
                    Malformed{"O0,O2", 3, 2, "a threshold is missing"},
                    Malformed{"O0,O2@", 6, 1, "the number of calls"}, Malformed{"O0,O2@x", 6, 1, "the number of calls"},
                    Malformed{"O0,O2@0", 6, 1, "the number of calls"}, Malformed{"O0,O2@-5", 6, 2, "the number of calls"},
                    Malformed{"O0,O2@1.5", 6, 3, "the number of calls"},
                    Malformed{"O0,O2@281474976710657", 6, 15, "the number of calls"},
                    Malformed{"O0,O2@99999999999999999999", 6, 20, "the number of calls"},
                    Malformed{"O0,O2@10:", 9, 1, "the number of loop back-edges"},
                    Malformed{"O0,O2@10:0", 9, 1, "the number of loop back-edges"},
                    Malformed{"O0,O2@10:abc", 9, 3, "the number of loop back-edges"},
                    Malformed{"O0,O2@10:1:2", 9, 3, "the number of loop back-edges"},
                    Malformed{"O2,O0@10", 3, 2, "each tier must be higher"}, Malformed{"O0,O2@10,O2@20", 9, 2, "each tier must be higher"},
                    Malformed{"O0,O2@100,O3@100", 13, 3, "each threshold must be higher"},
                    Malformed{"O0,O2@100,O3@99", 13, 2, "each threshold must be higher"},
                    Malformed{"O0,O2@100:500,O3@200:400", 17, 7, "each threshold must be higher"},
                    Malformed{"O0,O2@100@5", 6, 5, "the number of calls"}));

TEST(Ladder, EmptyTextIsRefusedWithAnExample) {
  auto ladder = Ladder::parse("");
  ASSERT_FALSE(ladder);
  EXPECT_EQ(ladder.error().code, ErrorCode::BadLadder);
  EXPECT_NE(ladder.error().message.find("interpreter,baseline@"), std::string::npos);
}

} // namespace
} // namespace kiln
