#include "compile/llvm/Unfold.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {
namespace {

class Unfold : public testing::Test {
protected:
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;

  bool unfold(const std::string& text) {
    llvm::SMDiagnostic error;
    module = llvm::parseAssemblyString(text, error, context);
    EXPECT_TRUE(module) << error.getMessage().str();
    const bool done = unfoldLoops(*module->getFunction("f"));
    EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs()));
    return done;
  }
  template <typename Kind> unsigned count() {
    unsigned found = 0;
    for (llvm::Instruction& instruction : llvm::instructions(*module->getFunction("f")))
      found += llvm::isa<Kind>(instruction);
    return found;
  }
};

/// 0: add 1, 1: double, 2: stop, 3: from the start again while the value is below 100. The value goes through a phi.
std::string machine(const std::string& table, const std::string& start = "0") {
  return R"(
@table = constant )" +
         table + R"(
define i32 @f(i32 %x) {
entry:
  br label %loop
loop:
  %at = phi i64 [ )" +
         start + R"(, %entry ], [ %next, %latch ]
  %v = phi i32 [ %x, %entry ], [ %w, %latch ]
  %p = getelementptr [4 x i8], ptr @table, i64 0, i64 %at
  %op = load i8, ptr %p
  %on = add i64 %at, 1
  switch i8 %op, label %out [ i8 0, label %one
                              i8 1, label %double
                              i8 3, label %maybe ]
one:
  %v1 = add i32 %v, 1
  br label %latch
double:
  %v2 = shl i32 %v, 1
  br label %latch
maybe:
  %small = icmp ult i32 %v, 100
  br i1 %small, label %latch, label %past
past:
  br label %latch
latch:
  %next = phi i64 [ %on, %one ], [ %on, %double ], [ 0, %maybe ], [ %on, %past ]
  %w = phi i32 [ %v1, %one ], [ %v2, %double ], [ %v, %maybe ], [ %v, %past ]
  br label %loop
out:
  %r = phi i32 [ %v, %loop ]
  ret i32 %r
})";
}

TEST_F(Unfold, DecisionsOfTheTableAreMade) {
  ASSERT_TRUE(unfold(machine("[4 x i8] [i8 0, i8 1, i8 3, i8 2]")));
  EXPECT_EQ(count<llvm::SwitchInst>(), 0u);
  // The one decision that is left is that of a value.
  unsigned conditional = 0;
  for (llvm::Instruction& instruction : llvm::instructions(*module->getFunction("f")))
    if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(&instruction))
      conditional += branch->isConditional();
  EXPECT_EQ(conditional, 1u);
  EXPECT_EQ(count<llvm::BinaryOperator>(), 2u); // an addition, a shift
}

TEST_F(Unfold, AnEndlessTableIsALoop) {
  ASSERT_TRUE(unfold(machine("[4 x i8] [i8 3, i8 0, i8 3, i8 2]")));
  EXPECT_EQ(count<llvm::SwitchInst>(), 0u);
}

TEST_F(Unfold, BehindTheTableIsUnreachable) {
  ASSERT_TRUE(unfold(machine("[4 x i8] [i8 0, i8 0, i8 0, i8 0]")));
  EXPECT_EQ(count<llvm::UnreachableInst>(), 1u);
  EXPECT_EQ(count<llvm::ReturnInst>(), 1u);
}

TEST_F(Unfold, ATableThatIsWrittenStays) {
  std::string text = machine("[4 x i8] [i8 0, i8 1, i8 3, i8 2]");
  text.replace(text.find("constant"), 8, "global");
  EXPECT_FALSE(unfold(text));
  EXPECT_EQ(count<llvm::SwitchInst>(), 1u);
}

TEST_F(Unfold, AnUnknownStartStays) {
  std::string text = machine("[4 x i8] [i8 0, i8 1, i8 3, i8 2]", "%start");
  text.replace(text.find("i32 %x"), 6, "i32 %x, i64 %start");
  EXPECT_FALSE(unfold(text));
}

TEST_F(Unfold, ACountOfRoundsIsNotUnrolled) {
  EXPECT_FALSE(unfold(R"(
define i32 @f(i32 %x) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i32 [ %x, %entry ], [ %t, %loop ]
  %t = mul i32 %s, 3
  %next = add i32 %i, 1
  %on = icmp ult i32 %next, 10
  br i1 %on, label %loop, label %out
out:
  ret i32 %t
})"));
}

/// The table says how far to go, so that the places are without number: the bound on copies ends it.
TEST_F(Unfold, TooManyCopiesAreGivenUp) {
  EXPECT_FALSE(unfold(R"(
@table = constant [1 x i64] [i64 7]
define i64 @f(i64 %x) {
entry:
  br label %loop
loop:
  %at = phi i64 [ 0, %entry ], [ %next, %step ], [ 5, %big ]
  %s = phi i64 [ %x, %entry ], [ %t, %step ], [ 1, %big ]
  %far = load i64, ptr @table
  %next = add i64 %at, %far
  %back = icmp ult i64 %next, 1000000
  %t = call i64 @work(i64 %s)
  br i1 %back, label %step, label %big
step:
  %on = icmp ult i64 %t, 1000
  br i1 %on, label %loop, label %out
big:
  br label %loop
out:
  ret i64 %at
}
declare i64 @work(i64))"));
  EXPECT_EQ(module->getFunction("f")->getEntryBlock().getTerminator()->getNumSuccessors(), 1u);
}

} // namespace
} // namespace kiln
