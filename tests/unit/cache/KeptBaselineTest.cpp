// Baseline code in one file: it comes back as it was added, and damage to one function's is a miss of that one.
#include "cache/KeptBaseline.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln::cache {
namespace {

const ProgramKey kProgram{digestOf("program"), digestOf("settings")};
constexpr KeptBaseline::Key kPlain{7, false}, kRecording{7, true}, kRefused{9, false};

/// A file of these bytes, without a name.
std::unique_ptr<const DiskStore::File> fileOf(const std::string& bytes) {
  const int file = memfd_create("kept", MFD_CLOEXEC);
  EXPECT_EQ(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return std::make_unique<const DiskStore::File>(file, bytes.size());
}

std::string sample() {
  KeptBaseline kept(kProgram, nullptr);
  kept.add(kPlain, "plain", false, 600);
  kept.add(kRecording, "recording", false, 700);
  kept.add(kRefused, "why", true, 0);
  return kept.bytes();
}

TEST(KeptBaseline, ComesBackAsItWasAdded) {
  const std::string file = sample();
  KeptBaseline kept(kProgram, fileOf(file));
  EXPECT_EQ(kept.size(), 3u);
  EXPECT_TRUE(kept.has(kPlain));
  EXPECT_FALSE(kept.has({8, false}));
  EXPECT_EQ(kept.find(kPlain)->bytes, "plain");
  EXPECT_EQ(kept.find(kRecording)->bytes, "recording");
  EXPECT_FALSE(kept.find(kRecording)->refused);
  EXPECT_EQ(kept.find(kRefused)->bytes, "why");
  EXPECT_TRUE(kept.find(kRefused)->refused);
  EXPECT_FALSE(kept.find({8, false}));
  CacheStatistics statistics;
  kept.addTo(statistics);
  EXPECT_EQ(statistics.baselineFound, 5u);
  EXPECT_EQ(statistics.baselineSavedNs, 600u + 2 * 700);
  EXPECT_EQ(statistics.baselineMade, 0u);
  EXPECT_EQ(statistics.damaged, 0u);
}

TEST(KeptBaseline, TheNextFileHasWhatWasThereAndWhatWasAdded) {
  const std::string file = sample();
  KeptBaseline kept(kProgram, fileOf(file));
  kept.add({8, false}, "more", false, 5);
  const std::string next = kept.bytes();
  KeptBaseline both(kProgram, fileOf(next));
  EXPECT_EQ(both.size(), 4u);
  EXPECT_EQ(both.find({8, false})->bytes, "more");
  EXPECT_EQ(both.find(kPlain)->bytes, "plain");
}

TEST(KeptBaseline, IsWorthAFileWhenMakingItTookLongAndThereIsMuchOfIt) {
  KeptBaseline kept(kProgram, nullptr);
  EXPECT_FALSE(kept.grown(0));
  kept.add(kPlain, "plain", false, 600);
  EXPECT_TRUE(kept.grown(600));
  EXPECT_FALSE(kept.grown(601));
  for (std::uint32_t id = 0; id < 40; ++id)
    kept.add({id, true}, "x", false, 10);
  const std::string file = kept.bytes();
  KeptBaseline next(kProgram, fileOf(file));
  EXPECT_FALSE(next.grown(0));
  next.add({100, false}, "x", false, 1'000'000);
  EXPECT_FALSE(next.grown(1000)); // one of forty
  EXPECT_TRUE(next.grown(0));     // all there is
}

TEST(KeptBaseline, OfAnotherProgramOrOtherSettingsIsNothing) {
  const std::string file = sample();
  for (const ProgramKey& other :
       {ProgramKey{digestOf("other"), kProgram.context}, ProgramKey{kProgram.program, digestOf("other")}}) {
    KeptBaseline kept(other, fileOf(file));
    EXPECT_EQ(kept.size(), 0u);
  }
}

/// Each bit of the file in turn: nothing wrong comes back.
TEST(KeptBaseline, EveryFlippedBitIsAMiss) {
  const std::string sound = sample();
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    std::string file = sound;
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    KeptBaseline kept(kProgram, fileOf(file));
    unsigned found = 0;
    for (auto [key, bytes] : {std::pair(kPlain, "plain"), {kRecording, "recording"}, {kRefused, "why"}})
      if (auto code = kept.find(key)) {
        EXPECT_EQ(code->bytes, bytes);
        ++found;
      }
    CacheStatistics statistics;
    kept.addTo(statistics);
    EXPECT_LT(found, 3u) << "bit " << bit;
    EXPECT_EQ(statistics.damaged, 1u) << "bit " << bit;
  }
}

TEST(KeptBaseline, EveryShorterFileIsNothingWrong) {
  const std::string sound = sample();
  for (std::size_t bytes = 0; bytes < sound.size(); ++bytes) {
    const std::string file = sound.substr(0, bytes);
    KeptBaseline kept(kProgram, fileOf(file));
    EXPECT_EQ(kept.size(), 0u) << bytes;
  }
}

} // namespace
} // namespace kiln::cache
