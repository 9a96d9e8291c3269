// What is left of debug information when lines are wanted, and that it changes nothing else.
#include "program/DebugLines.h"

#include <gtest/gtest.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include "program/SameBody.h"
#include "program/World.h"

namespace kiln {
namespace {

/// `sum` has a variable in memory, a loop, and a call that was inlined; all of its lines are known.
constexpr const char* kText = R"(
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"
define i32 @sum(i32 %n) !dbg !5 {
entry:
  %total = alloca i32
  call void @llvm.dbg.declare(metadata ptr %total, metadata !20, metadata !DIExpression()), !dbg !10
  store i32 0, ptr %total, !dbg !10
  br label %loop, !dbg !11
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  call void @llvm.dbg.value(metadata i32 %i, metadata !21, metadata !DIExpression()), !dbg !11
  %old = load i32, ptr %total, !dbg !12
  %twice = mul i32 %i, 2, !dbg !13
  %new = add i32 %old, %twice, !dbg !12
  store i32 %new, ptr %total, !dbg !12
  %next = add i32 %i, 1, !dbg !11
  %more = icmp slt i32 %next, %n, !dbg !11
  br i1 %more, label %loop, label %done, !dbg !11, !llvm.loop !30
done:
  %result = load i32, ptr %total, !dbg !14
  ret i32 %result, !dbg !14
}
declare void @llvm.dbg.declare(metadata, metadata, metadata)
declare void @llvm.dbg.value(metadata, metadata, metadata)
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!3}
!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, producer: "by hand", emissionKind: FullDebug)
!1 = !DIFile(filename: "sum.c", directory: "/source")
!2 = !DIFile(filename: "twice.h", directory: "/headers")
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = !DISubroutineType(types: !{!6, !6})
!5 = distinct !DISubprogram(name: "sum", file: !1, line: 3, type: !4, scopeLine: 4, unit: !0, spFlags: DISPFlagDefinition)
!6 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!7 = distinct !DISubprogram(name: "twice", linkageName: "_Z5twicei", file: !2, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!8 = distinct !DILexicalBlock(scope: !5, file: !1, line: 6, column: 3)
!10 = !DILocation(line: 5, column: 7, scope: !5)
!11 = !DILocation(line: 6, column: 3, scope: !8)
!12 = !DILocation(line: 7, column: 11, scope: !8)
!13 = !DILocation(line: 2, column: 9, scope: !7, inlinedAt: !15)
!14 = !DILocation(line: 8, column: 3, scope: !5)
!15 = distinct !DILocation(line: 7, column: 14, scope: !8)
!20 = !DILocalVariable(name: "total", scope: !5, file: !1, line: 5, type: !6)
!21 = !DILocalVariable(name: "i", scope: !8, file: !1, line: 6, type: !6)
!30 = distinct !{!30, !11, !14}
)";

class DebugLinesTest : public testing::Test {
protected:
  void SetUp() override {
    auto source = makeSource("sum.ll", std::span(kText, strlen(kText)));
    ASSERT_TRUE(source) << source.error().message;
    sources_ = std::make_shared<const std::vector<Source>>(std::vector{std::move(*source)});
    function_ = open(Reading::Lines);
  }
  llvm::Function* open(Reading reading) {
    auto world = World::open(sources_, reading);
    EXPECT_TRUE(world);
    auto body = (*world)->prepared(*(*world)->module(0).getFunction("sum"));
    EXPECT_TRUE(body);
    worlds_.push_back(std::move(*world));
    return *body;
  }
  LineTable table() {
    LineCollector lines(*function_->getSubprogram());
    std::uint32_t offset = 0;
    for (llvm::Instruction& instruction : llvm::instructions(*function_))
      lines.add(4 * offset++, instruction.getDebugLoc().get());
    return lines.take();
  }

  std::shared_ptr<const std::vector<Source>> sources_;
  std::vector<std::unique_ptr<World>> worlds_;
  llvm::Function* function_ = nullptr;
};

TEST_F(DebugLinesTest, TheFunctionIsTheSameAsWithout) {
  for (Reading other : {Reading::Lean, Reading::Whole}) {
    llvm::Function* without = open(other);
    EXPECT_EQ(firstDifference(*without, *function_), "");
    EXPECT_EQ(without->getInstructionCount(), function_->getInstructionCount());
    EXPECT_FALSE(without->getSubprogram());
    for (llvm::Instruction& instruction : llvm::instructions(*without))
      EXPECT_FALSE(instruction.getDebugLoc());
  }
}

TEST_F(DebugLinesTest, OnlyPlacesAreLeft) {
  llvm::DebugInfoFinder finder;
  finder.processSubprogram(function_->getSubprogram());
  for (llvm::Instruction& instruction : llvm::instructions(*function_)) {
    EXPECT_FALSE(llvm::isa<llvm::DbgInfoIntrinsic>(instruction));
    EXPECT_FALSE(instruction.hasDbgRecords());
    finder.processInstruction(*function_->getParent(), instruction);
  }
  for (llvm::DIType* type : finder.types())
    EXPECT_TRUE(llvm::isa<llvm::DISubroutineType>(type));
  for (llvm::DIScope* scope : finder.scopes())
    EXPECT_FALSE(llvm::isa<llvm::DILexicalBlock>(scope));
}

TEST_F(DebugLinesTest, TheTableNamesFilesLinesAndWhatWasInlined) {
  LineTable lines = table();
  EXPECT_EQ(lines.name, "sum");
  EXPECT_EQ(lines.line, 3u);
  EXPECT_EQ(lines.directory, "/source");
  EXPECT_EQ(lines.files, (std::vector<std::string>{"sum.c", "/headers/twice.h"}));
  ASSERT_EQ(lines.inlined.size(), 1u);
  EXPECT_EQ(lines.inlined[0].linkageName, "_Z5twicei");
  EXPECT_EQ(lines.inlined[0].line, 7u);
  std::vector<std::uint32_t> seen;
  for (const LineTable::Row& row : lines.rows)
    seen.push_back(row.line);
  // br; two phis (of none), i * 2, + total, i + 1 and the loop's end; the result.
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{6, 0, 2, 7, 6, 8}));
  EXPECT_EQ(lines.at(4 * 3)->file, 1u);
  EXPECT_EQ(lines.at(4 * 3 + 3)->line, 2u);
}

} // namespace
} // namespace kiln
