#include "code/CodeSpace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "support/Maps.h"

namespace kiln {
namespace {

constexpr CodeArena kArenas[] = {CodeArena::Code, CodeArena::Constants, CodeArena::Data};

class Space : public testing::Test {
protected:
  AddressRange range = *AddressRange::reserve(std::size_t{64} << 20);
  static constexpr CodeSpace::Sizes kSizes = {1 << 20, 1 << 20, 1 << 20};

  std::unique_ptr<CodeSpace> make(std::size_t limit = 0) { return *CodeSpace::create(range, kSizes, limit); }
};

/// mov eax, value; ret
void writeReturn(const CodeSpan& span, std::int32_t value) {
  const unsigned char code[] = {0xb8, 0, 0, 0, 0, 0xc3};
  memcpy(span.rw, code, sizeof code);
  memcpy(span.rw + 1, &value, sizeof value);
}

int call(const CodeSpan& span) { return reinterpret_cast<int (*)()>(span.rx)(); }

TEST_F(Space, BothViewsShowTheSameBytes) {
  auto space = make();
  for (CodeArena arena : kArenas) {
    auto span = space->allocate(arena, 100, 16);
    ASSERT_TRUE(span);
    EXPECT_TRUE(range.contains(span->rx));
    for (int i = 0; i < 100; ++i)
      span->rw[i] = static_cast<std::byte>(i);
    EXPECT_EQ(memcmp(span->rx, span->rw, 100), 0);
  }
}

TEST_F(Space, NothingIsWritableAndExecutable) {
  std::size_t before = test::writableCode();
  auto space = make();
  auto code = space->allocate(CodeArena::Code, 10, 1);
  auto constants = space->allocate(CodeArena::Constants, 10, 1);
  auto data = space->allocate(CodeArena::Data, 10, 1);
  ASSERT_TRUE(code && constants && data);
  EXPECT_EQ(test::rightsOf(code->rx), "r-x");
  EXPECT_EQ(test::rightsOf(code->rw), "rw-");
  EXPECT_EQ(test::rightsOf(constants->rx), "r--");
  EXPECT_EQ(test::rightsOf(constants->rw), "rw-");
  EXPECT_EQ(test::rightsOf(data->rx), "rw-");
  EXPECT_EQ(data->rx, data->rw);
  EXPECT_EQ(test::writableCode(), before);
}

TEST_F(Space, NamelessPagesAreNoFilesOfTheirOwn) {
  std::size_t before = test::writableCode();
  auto space = *CodeSpace::create(range, kSizes, 0, CodePages::Nameless);
  auto code = space->allocate(CodeArena::Code, 6, 16);
  auto constants = space->allocate(CodeArena::Constants, 10, 1);
  ASSERT_TRUE(code && constants);
  EXPECT_EQ(test::rightsOf(code->rx), "r-x");
  EXPECT_EQ(test::rightsOf(code->rw), "rw-");
  EXPECT_EQ(test::rightsOf(constants->rx), "r--");
  EXPECT_EQ(test::writableCode(), before);
  writeReturn(*code, 5);
  EXPECT_EQ(call(*code), 5);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!space->privatise() || call(*code) != 5 || test::rightsOf(code->rx) != "r-x")
      _exit(1);
    writeReturn(*code, 6);
    _exit(call(*code));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 6);
  EXPECT_EQ(call(*code), 5);
}

TEST_F(Space, CodeRuns) {
  auto space = make();
  auto span = space->allocate(CodeArena::Code, 6, 16);
  ASSERT_TRUE(span);
  writeReturn(*span, 42);
  EXPECT_EQ(call(*span), 42);
}

TEST_F(Space, KeepsAlignments) {
  auto space = make();
  for (std::size_t alignment = 1; alignment <= kPageSize; alignment *= 2) {
    auto span = space->allocate(CodeArena::Constants, 3, alignment);
    ASSERT_TRUE(span);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(span->rx) % alignment, 0u);
  }
}

TEST_F(Space, NoGapsAreLeftBetweenPieces) {
  auto space = make();
  auto first = space->allocate(CodeArena::Code, 6, 16);
  auto second = space->allocate(CodeArena::Code, 5, 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->rx, first->rx + 16);
  EXPECT_EQ(space->bytesUsed(), 32u);
  space->release(*first);
  space->release(*second);
  EXPECT_EQ(space->bytesUsed(), 0u);
}

TEST_F(Space, ToolsMoveNoCode) {
  auto plain = make(), measured = make();
  auto offset = [](const CodeSpan& span, const CodeSpan& first) { return span.rx - first.rx; };
  auto a = plain->allocate(CodeArena::Code, 40, 16), b = measured->allocate(CodeArena::Code, 40, 16);
  auto tools = measured->allocate(CodeArena::Code, 4096, 4096, CodeUse::Tools);
  ASSERT_TRUE(a && b && tools);
  EXPECT_EQ(offset(*tools, *b), (1 << 20) - 4096);
  for (std::size_t size : {100u, 8192u, 16u}) {
    auto left = plain->allocate(CodeArena::Code, size, 16), right = measured->allocate(CodeArena::Code, size, 16);
    ASSERT_TRUE(left && right);
    EXPECT_EQ(offset(*left, *a), offset(*right, *b));
  }
}

TEST_F(Space, TheLimitBoundsAllArenasTogether) {
  auto space = make(1024);
  EXPECT_EQ(space->limit(), 1024u);
  auto code = space->allocate(CodeArena::Code, 624, 1);
  ASSERT_TRUE(code);
  auto tooMuch = space->allocate(CodeArena::Data, 401, 1);
  ASSERT_FALSE(tooMuch);
  EXPECT_EQ(tooMuch.error().code, ErrorCode::CodeSpaceFull);
  EXPECT_NE(tooMuch.error().message.find("624 of 1024"), std::string::npos) << tooMuch.error().message;
  EXPECT_TRUE(space->allocate(CodeArena::Data, 400, 1));
  space->release(*code);
  EXPECT_EQ(space->bytesUsed(), 400u);
  EXPECT_TRUE(space->allocate(CodeArena::Constants, 600, 1));
}

TEST_F(Space, AnArenaEnds) {
  auto space = make();
  EXPECT_FALSE(space->allocate(CodeArena::Code, (1 << 20) + 1, 1));
  EXPECT_TRUE(space->allocate(CodeArena::Code, 1 << 20, 1));
  auto more = space->allocate(CodeArena::Code, 1, 1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::CodeSpaceFull);
}

TEST_F(Space, ReleasedMemoryIsUsedAgain) {
  auto space = make();
  auto first = space->allocate(CodeArena::Code, 128, 16);
  ASSERT_TRUE(first);
  space->release(*first);
  auto second = space->allocate(CodeArena::Code, 64, 16);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->rx, first->rx);
}

TEST_F(Space, ARangeThatIsTooSmallIsReported) {
  AddressRange small = *AddressRange::reserve(2 << 20);
  auto space = CodeSpace::create(small, kSizes, 0);
  ASSERT_FALSE(space);
  EXPECT_EQ(space.error().code, ErrorCode::CodeSpaceFull);
}

TEST_F(Space, SharedUntilTheChildHasCopied) {
  auto space = make();
  EXPECT_FALSE(space->sharedWithChild());
  for (int generation = 0; generation < 3; ++generation) {
    int go[2];
    ASSERT_EQ(pipe(go), 0);
    space->expectChild();
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      char byte = 0;
      if (read(go[0], &byte, 1) != 1 || !space->sharedWithChild())
        _exit(1);
      if (!space->privatise() || space->sharedWithChild())
        _exit(2);
      // Its own children are another matter.
      space->expectChild();
      _exit(space->sharedWithChild() ? 0 : 3);
    }
    EXPECT_TRUE(space->sharedWithChild());
    ASSERT_EQ(write(go[1], "g", 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(space->sharedWithChild());
    close(go[0]);
    close(go[1]);
  }
  space->expectChild(); // and the fork fails: nobody can tell
  EXPECT_TRUE(space->sharedWithChild());
}

TEST_F(Space, PrivatiseInAForkedChildLeavesTheParentAlone) {
  auto space = make();
  auto span = space->allocate(CodeArena::Code, 6, 16);
  ASSERT_TRUE(span);
  writeReturn(*span, 1);
  auto tool = space->allocate(CodeArena::Code, 6, 16, CodeUse::Tools);
  ASSERT_TRUE(tool);
  writeReturn(*tool, 7);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // The exit status says which step failed: this process has no test framework to report to.
    if (!space->privatise())
      _exit(10);
    if (call(*span) != 1 || call(*tool) != 7)
      _exit(11); // the old code came along
    auto fresh = space->allocate(CodeArena::Code, 6, 16);
    if (!fresh)
      _exit(12);
    writeReturn(*fresh, 2);
    if (call(*fresh) != 2)
      _exit(13);
    if (test::writableCode() != 0)
      _exit(14);
    // A span from before names the child's own copy.
    const std::int32_t changed = 3;
    memcpy(span->rw + 1, &changed, sizeof changed);
    _exit(call(*span) == 3 ? 0 : 15);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(call(*span), 1);
  auto next = space->allocate(CodeArena::Code, 6, 16);
  ASSERT_TRUE(next);
  EXPECT_NE(static_cast<unsigned char>(next->rx[0]), 0xb8); // what the child wrote is not here
}

} // namespace
} // namespace kiln
