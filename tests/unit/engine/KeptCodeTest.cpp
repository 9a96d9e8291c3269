// Entries that are whole and of the right key, and yet hold what cannot be linked: made by whoever has the right to.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/Bytes.h"
#include "cache/Entry.h"
#include "kiln/Engine.h"

namespace kiln {
namespace {

constexpr std::string_view kProgram = R"(
define i32 @twice(i32 %x) {
  %y = shl i32 %x, 1
  ret i32 %y
})";

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class KeptCodeTest : public testing::Test {
protected:
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("kiln-kept-" + std::to_string(getpid()));
  void SetUp() override { std::filesystem::remove_all(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Promotes and calls; the cache's statistics.
  CacheStatistics run(bool promoted = true) {
    Options options;
    options.ladder = *Ladder::parse("baseline,O3@1000000000");
    options.compileThreads = 0;
    options.cache.folder = folder.string();
    options.cache.endMilliseconds = 60000;
    auto engine = Engine::create(options);
    auto program = (*engine)->load(ProgramInput::memory("twice.ll", kProgram));
    EXPECT_TRUE(program) << program.error().message;
    EXPECT_EQ((*program)->promote("twice", Tier::O3).has_value(), promoted);
    EXPECT_EQ((*(*program)->function<int(int)>("twice"))(21), 42);
    return (*program)->statistics().cache;
  }

  std::filesystem::path entry() const {
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder))
      if (each.path().filename().string().find("-f") != std::string::npos)
        return each.path();
    return {};
  }

  /// Seals the entry again with its artifact changed.
  template <typename Change> void change(Change&& change) {
    const std::filesystem::path path = entry();
    const std::string bytes = contentOf(path);
    ByteReader in(std::string_view(bytes).substr(16));
    cache::ProgramKey program;
    program.program = in.digest();
    program.context = in.digest();
    auto key = cache::parseCodeName(program.context, path.filename().string());
    ASSERT_TRUE(key);
    auto payload = cache::openCode(program, *key, bytes);
    ASSERT_TRUE(payload);
    auto artifact = cache::artifactFromBytes(*key, *payload);
    ASSERT_TRUE(artifact);
    change(*artifact);
    std::ofstream(path, std::ios::binary) << cache::sealCode(program, *key, cache::artifactToBytes(*artifact));
  }

  /// A damaged entry is refused once, removed, and compiled anew at the next request.
  void expectRefused() {
    EXPECT_EQ(run(false).damaged, 1u);
    EXPECT_EQ(entry(), std::filesystem::path());
    EXPECT_EQ(run().misses, 1u);
    EXPECT_EQ(run().hits, 1u);
  }
};

TEST_F(KeptCodeTest, BytesThatAreNoObject) {
  run();
  change([](CodeArtifact& artifact) { artifact.object.assign(500, '\x5a'); });
  expectRefused();
}

TEST_F(KeptCodeTest, AnObjectWithoutTheFunction) {
  run();
  change([](CodeArtifact& artifact) { artifact.entry = "kiln.v.0.O3.thrice"; });
  expectRefused();
}

TEST_F(KeptCodeTest, AnObjectThatNamesWhatNobodyDefines) {
  run();
  change([](CodeArtifact& artifact) {
    // The function's own name, where the object's symbol table has it: what it defines has another one then.
    std::string object(artifact.object.begin(), artifact.object.end());
    const std::size_t at = object.find(artifact.entry);
    ASSERT_NE(at, std::string::npos);
    artifact.object[at + 5] = '!';
  });
  expectRefused();
}

} // namespace
} // namespace kiln
