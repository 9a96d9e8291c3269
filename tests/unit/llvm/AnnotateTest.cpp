#include "compile/llvm/Annotate.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/ProfDataUtils.h>
#include <llvm/IR/ProfileSummary.h>
#include <llvm/IR/Verifier.h>
#include <llvm/ProfileData/InstrProf.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {
namespace {

/// Value numbers: 0 icmp, 1 br, 2 phi, 3 add, 4 icmp, 5 br (the loop's), 6 switch, 7 call, 8 memcpy, 9 memcpy, 10 ret.
constexpr const char* kBody = R"(
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare i32 @one(i32)
declare i32 @two(i32)
define i32 @f(i32 %n, ptr %target, ptr %to, ptr %from, i64 %size) {
entry:
  %some = icmp sgt i32 %n, 0
  br i1 %some, label %loop, label %choose
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %choose
choose:
  switch i32 %n, label %done [ i32 1, label %call
                               i32 2, label %done ]
call:
  %result = call i32 %target(i32 %n)
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %size, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 8, i1 false)
  br label %done
done:
  ret i32 %n
})";

class Annotated : public testing::Test {
protected:
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  llvm::Function* function = nullptr;

  void SetUp() override {
    llvm::SMDiagnostic error;
    module = llvm::parseAssemblyString(kBody, error, context);
    ASSERT_TRUE(module) << error.getMessage().str();
    function = module->getFunction("f");
  }
  llvm::Instruction& value(unsigned number) {
    auto at = llvm::inst_begin(function);
    std::advance(at, number);
    return *at;
  }
  bool annotate(const FunctionProfile& profile) {
    FindTarget find = [this](llvm::CallBase&, const TargetCount& target, std::uint64_t sum) {
      sum_ = sum;
      return module->getFunction(target.name);
    };
    bool fits = annotateFunction(*function, profile, find);
    EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs()));
    return fits;
  }
  std::vector<std::uint32_t> weights(unsigned number) {
    llvm::SmallVector<std::uint32_t, 4> found;
    llvm::extractBranchWeights(value(number), found);
    return {found.begin(), found.end()};
  }
  bool bare() {
    for (llvm::Instruction& instruction : llvm::instructions(*function))
      if (instruction.hasMetadata(llvm::LLVMContext::MD_prof))
        return false;
    return !function->getEntryCount();
  }
  std::uint64_t sum_ = 0; ///< told of the last target
};

using Weights = std::vector<std::uint32_t>;

TEST_F(Annotated, CountsAreWeights) {
  FunctionProfile profile{.entries = 30, .branches = {{1, 20, 10}, {5, 90, 20}}, .switches = {{6, 4, {5, 21}}}};
  ASSERT_TRUE(annotate(profile));
  EXPECT_EQ(weights(1), (Weights{20, 10}));
  EXPECT_EQ(weights(5), (Weights{90, 20}));
  EXPECT_EQ(weights(6), (Weights{4, 5, 21})); // the default first, as LLVM has it
  EXPECT_EQ(function->getEntryCount()->getCount(), 30u);
}

TEST_F(Annotated, WhatWasNeverReachedIsLeftToLlvm) {
  ASSERT_TRUE(annotate({.entries = 30, .branches = {{1, 20, 10}, {5, 0, 0}}}));
  EXPECT_EQ(weights(5), Weights{});
  EXPECT_EQ(weights(6), Weights{});
}

TEST_F(Annotated, WaysThatWereNeverTakenWeighNothing) {
  ASSERT_TRUE(annotate({.entries = 8000, .branches = {{1, 8000, 0}}, .switches = {{6, 100, {0, 0}}}}));
  EXPECT_EQ(weights(1), (Weights{8000, 0}));
  EXPECT_EQ(weights(6), (Weights{100, 0, 0}));
}

TEST_F(Annotated, FewRunsSayLittleOfOtherWays) {
  ASSERT_TRUE(annotate({.entries = 99, .branches = {{1, 99, 0}}, .switches = {{6, 4, {0, 0}}}}));
  EXPECT_EQ(weights(1), (Weights{99, 1}));
  EXPECT_EQ(weights(6), (Weights{4, 1, 1}));
}

TEST_F(Annotated, AWayToALoopThatNeverRanIsRareOnly) {
  ASSERT_TRUE(annotate({.entries = 3200, .branches = {{1, 0, 3200}}}));
  EXPECT_EQ(weights(1), (Weights{100, 3200}));
}

TEST_F(Annotated, ALoopThatStillRunsWillEndOnce) {
  ASSERT_TRUE(annotate({.entries = 1, .branches = {{5, 1'000'000, 0}}}));
  EXPECT_EQ(weights(5), (Weights{1'000'000, 1}));
}

TEST_F(Annotated, CountsOver32BitsKeepTheirRatio) {
  const std::uint64_t wide = std::uint64_t{3} << 40;
  ASSERT_TRUE(annotate({.entries = wide, .branches = {{1, wide, wide / 3}, {5, UINT64_MAX, 1}}}));
  Weights scaled = weights(1);
  ASSERT_EQ(scaled.size(), 2u);
  EXPECT_NEAR(static_cast<double>(scaled[0]) / scaled[1], 3.0, 0.01);
  EXPECT_LE(std::uint64_t{scaled[0]} + scaled[1], UINT32_MAX);
  EXPECT_EQ(weights(5)[1], 1u); // rare, but seen
  EXPECT_EQ(function->getEntryCount()->getCount(), wide);
}

TEST_F(Annotated, AProfileOfAnotherBodyChangesNothing) {
  const FunctionProfile others[] = {
      {.branches = {{0, 1, 1}}},                           // a comparison
      {.branches = {{1, 1, 1}, {11, 1, 1}}},               // an unconditional branch
      {.branches = {{99, 1, 1}}},                          // behind the end
      {.switches = {{6, 1, {1, 1, 1}}}},                   // another number of cases
      {.branches = {{1, 1, 1}}, .switches = {{1, 1, {}}}}, // a branch as a switch
      {.calls = {{.number = 3, .targets = {}, .other = 1}}},
      {.memory = {{.number = 10, .sizes = {}, .other = 1}}},
  };
  for (const FunctionProfile& other : others) {
    EXPECT_FALSE(annotate(other));
    EXPECT_TRUE(bare());
  }
}

TEST_F(Annotated, TargetsAreNamedAsLlvmNamesThem) {
  FunctionProfile profile{.entries = 100};
  profile.calls = {{.number = 7, .targets = {{"one", 0, 60}, {"gone", 0, 30}}, .other = 10}};
  ASSERT_TRUE(annotate(profile));
  EXPECT_EQ(sum_, 100u);
  std::uint64_t total = 0;
  auto values = llvm::getValueProfDataFromInst(value(7), llvm::IPVK_IndirectCallTarget, 4, total);
  EXPECT_EQ(total, 100u);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].Value, llvm::GlobalValue::getGUID("one"));
  EXPECT_EQ(values[0].Count, 60u);
  EXPECT_EQ(values[1].Value, llvm::GlobalValue::getGUID("gone"));
}

TEST_F(Annotated, SizesAreNotedWhereTheyVary) {
  FunctionProfile profile{.entries = 100};
  profile.memory = {{.number = 8, .sizes = {{16, 70}, {5, 20}}, .other = 10},
                    {.number = 9, .sizes = {{8, 100}}, .other = 0}};
  ASSERT_TRUE(annotate(profile));
  std::uint64_t total = 0;
  auto values = llvm::getValueProfDataFromInst(value(8), llvm::IPVK_MemOPSize, 4, total);
  EXPECT_EQ(total, 100u);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].Value, 16u);
  EXPECT_EQ(values[1].Count, 20u);
  EXPECT_FALSE(value(9).hasMetadata(llvm::LLVMContext::MD_prof)); // its size is a constant
}

TEST_F(Annotated, TheSummaryIsThatOfTheProgram) {
  CountSummary counts;
  for (std::uint64_t i = 0; i < 100'000; ++i)
    counts.add(16);
  counts.addFunction(4096);
  annotateProgram(*module, counts);
  std::unique_ptr<llvm::ProfileSummary> summary(llvm::ProfileSummary::getFromMD(module->getProfileSummary(false)));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->getKind(), llvm::ProfileSummary::PSK_Instr);
  EXPECT_EQ(summary->getTotalCount(), 1'604'096u);
  EXPECT_EQ(summary->getMaxCount(), 4096u);
  EXPECT_EQ(summary->getMaxFunctionCount(), 4096u);
  EXPECT_EQ(summary->getDetailedSummary().size(), 16u);
  for (const llvm::ProfileSummaryEntry& entry : summary->getDetailedSummary()) {
    EXPECT_EQ(entry.MinCount, 16u);
    EXPECT_LT(entry.NumCounts, 12'500u); // or LLVM would make all but the hottest code small
  }
}

TEST_F(Annotated, TheUnitsFunctionIsNeverCold) {
  CountSummary counts;
  for (std::uint64_t i = 0; i < 1000; ++i)
    counts.add(1000);
  annotateRoot(*function, 1, counts);
  EXPECT_GT(function->getEntryCount()->getCount(), 1000u);
  annotateRoot(*function, std::uint64_t{1} << 50, counts);
  EXPECT_EQ(function->getEntryCount()->getCount(), std::uint64_t{1} << 50);
}

} // namespace
} // namespace kiln
