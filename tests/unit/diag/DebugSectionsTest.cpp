// LLVM's reader of DWARF reads what was written. (C++20, for the reason in src/CMakeLists.txt.)
#include "diag/DebugSections.h"

#include <gtest/gtest.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Support/MemoryBuffer.h>

namespace kiln {
namespace {

constexpr std::uintptr_t kAddress = 0x400000;
constexpr std::size_t kBytes = 64;

/// Two calls of `twice` inlined on one line, the second with one of `once` in it.
LineTable table() {
  LineTable lines;
  lines.name = "sum";
  lines.directory = "/source";
  lines.language = 0x0c;
  lines.line = 3;
  lines.files = {"sum.c", "/headers/twice.h"};
  lines.inlined = {{"twice", "_Z5twicei", 0, 7, LineTable::kNone},
                   {"twice", "_Z5twicei", 0, 7, LineTable::kNone},
                   {"once", "", 1, 2, 1}};
  lines.rows = {{0, 0, 3, 0, LineTable::kNone},
                {8, 1, 2, 9, 0},
                {16, 0, 7, 1, LineTable::kNone},
                {24, 1, 2, 5, 1},
                {32, 1, 12, 5, 2},
                {40, 0, 800, 2, LineTable::kNone},
                {60, 0, 0, 0, LineTable::kNone}};
  return lines;
}

class DebugSectionsTest : public testing::Test {
protected:
  DebugSectionsTest() : sections_(debugSections(table(), kAddress, kBytes)) {
    auto add = [&](const char* name, const std::vector<std::byte>& bytes) {
      named_[name] = llvm::MemoryBuffer::getMemBufferCopy(
          llvm::StringRef(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name);
    };
    add("debug_abbrev", sections_.abbreviations);
    add("debug_info", sections_.information);
    add("debug_line", sections_.lines);
    context_ = llvm::DWARFContext::create(named_, 8);
  }
  std::string chainAt(std::uintptr_t offset) {
    const llvm::DILineInfoSpecifier wanted(llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath,
                                           llvm::DILineInfoSpecifier::FunctionNameKind::LinkageName);
    const auto chain = context_->getInliningInfoForAddress({kAddress + offset}, wanted);
    std::string text;
    for (unsigned i = 0; i < chain.getNumberOfFrames(); ++i) {
      const llvm::DILineInfo& frame = chain.getFrame(i);
      text += (i ? " < " : "") + frame.FunctionName + " " + frame.FileName + ":" + std::to_string(frame.Line);
    }
    return text;
  }
  DebugSections sections_;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> named_; ///< which the context reads
  std::unique_ptr<llvm::DWARFContext> context_;
};

TEST_F(DebugSectionsTest, AreSound) {
  std::string complaints;
  llvm::raw_string_ostream out(complaints);
  EXPECT_TRUE(context_->verify(out)) << complaints;
}

TEST_F(DebugSectionsTest, TellLinesAndWhatWasInlined) {
  EXPECT_EQ(chainAt(0), "sum /source/sum.c:3");
  EXPECT_EQ(chainAt(8), "_Z5twicei /headers/twice.h:2 < sum /source/sum.c:7");
  EXPECT_EQ(chainAt(23), "sum /source/sum.c:7");
  EXPECT_EQ(chainAt(24), "_Z5twicei /headers/twice.h:2 < sum /source/sum.c:7");
  EXPECT_EQ(chainAt(39), "once /headers/twice.h:12 < _Z5twicei /headers/twice.h:2 < sum /source/sum.c:7");
  EXPECT_EQ(chainAt(59), "sum /source/sum.c:800");
  EXPECT_EQ(chainAt(60), "sum /source/sum.c:0");
}

} // namespace
} // namespace kiln
