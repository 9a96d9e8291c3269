#include "transition/FrameState.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

#include <set>

#include "transition/RandomFunction.h"

namespace kiln {
namespace {

/// One function of IR text and the state of one of its blocks. The values' order is by number: arguments, then
/// instructions in the order of the text.
class States : public testing::Test {
protected:
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<FunctionNumbers> numbers;

  void read(const std::string& text) {
    llvm::SMDiagnostic error;
    module = llvm::parseAssemblyString(text, error, context);
    ASSERT_TRUE(module) << error.getMessage().str();
    for (llvm::Function& function : *module)
      if (!function.isDeclaration())
        numbers = std::make_unique<FunctionNumbers>(function);
  }
  const llvm::BasicBlock& block(std::string_view name) {
    for (const llvm::BasicBlock& each : numbers->function())
      if (each.getName() == llvm::StringRef(name))
        return each;
    ADD_FAILURE() << "no block " << name;
    return numbers->function().front();
  }
  std::vector<std::string> live(std::string_view header) {
    auto state = liveInto(*numbers, block(header));
    if (!state)
      return {"error: " + state.error()};
    std::vector<std::string> names;
    for (const LiveValue& value : state->values)
      names.push_back(value.value->getName().str());
    return names;
  }
};

using Names = std::vector<std::string>;

TEST_F(States, NumbersAreArgumentsThenInstructionsInBlockOrder) {
  read(R"(
define i32 @f(i32 %a, i32 %b) {
entry:
  br label %next
next:
  %x = add i32 %a, %b
  ret i32 %x
})");
  const llvm::BasicBlock& next = block("next");
  EXPECT_EQ(numbers->blockCount(), 2u);
  EXPECT_EQ(numbers->of(next), 1u);
  EXPECT_EQ(&numbers->block(1), &next);
  EXPECT_EQ(numbers->valueCount(), 5u); // a, b, br, x, ret
  EXPECT_EQ(numbers->of(*numbers->function().getArg(1)), 1u);
  EXPECT_EQ(numbers->of(next.front()), 3u);
  EXPECT_EQ(&numbers->value(3), &next.front());
}

constexpr const char* kNest = R"(
define i64 @f(ptr %data, i64 %n, i64 %unused) {
entry:
  %variable = alloca i64
  %twice = mul i64 %n, 2
  %onlyHere = add i64 %n, 1
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %outer.latch ]
  %sum = phi i64 [ %onlyHere, %entry ], [ %sum.inner, %outer.latch ]
  %row = mul i64 %i, 8
  %dead = mul i64 %i, 9
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j.next, %inner ]
  %sum.inner = phi i64 [ %sum, %outer ], [ %sum.next, %inner ]
  %at = add i64 %row, %j
  %address = getelementptr i64, ptr %data, i64 %at
  %value = load i64, ptr %address
  %sum.next = add i64 %sum.inner, %value
  %j.next = add i64 %j, 1
  %inner.end = icmp eq i64 %j.next, %n
  br i1 %inner.end, label %outer.latch, label %inner
outer.latch:
  %i.next = add i64 %i, 1
  store i64 %i, ptr %variable
  %outer.end = icmp eq i64 %i.next, %twice
  br i1 %outer.end, label %done, label %outer
done:
  %last = load i64, ptr %variable
  %result = add i64 %last, %sum.inner
  ret i64 %result
})";

TEST_F(States, OfAnInnerLoopHoldWhatTheOuterOneNeeds) {
  read(kNest);
  EXPECT_EQ(live("inner"), (Names{"data", "n", "variable", "twice", "i", "row", "j", "sum.inner"}));
}

TEST_F(States, OfAnOuterLoopHoldNoneOfTheInnerOnes) {
  read(kNest);
  EXPECT_EQ(live("outer"), (Names{"data", "n", "variable", "twice", "i", "sum"}));
}

TEST_F(States, OfABlockBehindTheLoops) {
  read(kNest);
  EXPECT_EQ(live("done"), (Names{"variable", "sum.inner"}));
}

TEST_F(States, HoldUnusedPhisOfTheHeader) {
  read(R"(
define void @f(i32 %x) {
entry:
  br label %loop
loop:
  %dead = phi i32 [ %x, %entry ], [ 5, %loop ]
  br label %loop
})");
  EXPECT_EQ(live("loop"), (Names{"dead"}));
}

TEST_F(States, APhiUsesItsValueOnItsEdge) {
  // %x reaches the join only from the left, which the loop at the right never comes to.
  read(R"(
define i32 @f(i32 %x, i32 %y, i1 %c) {
entry:
  br i1 %c, label %left, label %right
left:
  br label %join
right:
  %again = call i1 @more()
  br i1 %again, label %right, label %join
join:
  %z = phi i32 [ %x, %left ], [ %y, %right ]
  ret i32 %z
}
declare i1 @more())");
  EXPECT_EQ(live("right"), (Names{"y"}));
}

TEST_F(States, ADefinitionThatIsPassedAgainIsNotLive) {
  // %v is defined in the outer loop, before the inner one, and used behind it only on the way round.
  read(R"(
define void @f(i1 %c) {
entry:
  br label %outer
outer:
  %p = phi i32 [ 0, %entry ], [ %q, %latch ]
  %v = add i32 %p, 1
  br label %inner
inner:
  br i1 %c, label %inner, label %latch
latch:
  %q = call i32 @get()
  br label %outer
other:
  ret void
}
declare i32 @get())");
  EXPECT_EQ(live("inner"), (Names{"c"}));
}

TEST_F(States, OfIrreducibleLoops) {
  // Two blocks of a cycle, each entered from outside.
  read(R"(
define i32 @f(i32 %n, i1 %c) {
entry:
  %k = mul i32 %n, 3
  br i1 %c, label %a, label %b
a:
  %x = phi i32 [ %n, %entry ], [ %y.next, %b ]
  %x.next = add i32 %x, %k
  br label %b
b:
  %y = phi i32 [ 1, %entry ], [ %x.next, %a ]
  %y.next = sub i32 %y, 1
  %end = icmp slt i32 %y.next, %n
  br i1 %end, label %out, label %a
out:
  ret i32 %y
})");
  EXPECT_EQ(live("a"), (Names{"n", "k", "x"}));
  EXPECT_EQ(live("b"), (Names{"n", "k", "y"}));
}

TEST_F(States, LieAsLeavesOneAfterTheOther) {
  read(R"(
define void @f(i1 %bit, i128 %wide, x86_fp80 %long, <4 x i32> %vector, { i32, double, [2 x i8] } %record, ptr %p) {
entry:
  br label %loop
loop:
  call void @use(i1 %bit, i128 %wide, x86_fp80 %long, <4 x i32> %vector, { i32, double, [2 x i8] } %record, ptr %p)
  br label %loop
}
declare void @use(i1, i128, x86_fp80, <4 x i32>, { i32, double, [2 x i8] }, ptr))");
  auto state = liveInto(*numbers, block("loop"));
  ASSERT_TRUE(state);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const LiveValue& value : state->values)
    places.emplace_back(value.word, value.words);
  EXPECT_EQ(places, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 1}, {1, 2}, {3, 2}, {5, 4}, {9, 4}, {13, 1}}));
  EXPECT_EQ(state->words, 14u);
}

TEST_F(States, AreRefusedWhereNothingCanStart) {
  read(R"(
define void @f() personality ptr @p {
entry:
  br label %loop
loop:
  invoke void @call() to label %loop unwind label %pad
pad:
  %what = landingpad { ptr, i32 } cleanup
  br label %pad2
pad2:
  resume { ptr, i32 } %what
dead:
  br label %dead
}
declare i32 @p(...)
declare void @call())");
  EXPECT_EQ(live("entry"), (Names{"error: the block is the entry or is never reached"}));
  EXPECT_EQ(live("dead"), (Names{"error: the block is the entry or is never reached"}));
  EXPECT_EQ(live("pad"), (Names{"error: the block is entered by unwinding only"}));
  EXPECT_EQ(live("pad2"), (Names{"what"}));
  EXPECT_EQ(live("loop"), (Names{}));
}

TEST_F(States, AreRefusedForValuesWithoutWords) {
  read(R"(
define void @f(<vscale x 4 x i32> %scalable) {
entry:
  br label %loop
loop:
  call void @use(<vscale x 4 x i32> %scalable)
  br label %loop
}
declare void @use(<vscale x 4 x i32>))");
  EXPECT_EQ(live("loop"), (Names{"error: a value of a type without words is live"}));
}

/// The definition itself, value by value: is there a way from the header to a use that does not pass the definition?
Names byDefinition(const FunctionNumbers& numbers, const llvm::BasicBlock& header) {
  Names names;
  for (std::uint32_t number = 0; number < numbers.valueCount(); ++number) {
    const llvm::Value& value = numbers.value(number);
    const auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
    const llvm::BasicBlock* definition = instruction ? instruction->getParent() : nullptr;
    bool found = instruction && definition == &header && llvm::isa<llvm::PHINode>(instruction);
    std::vector<const llvm::BasicBlock*> work{&header};
    std::set<const llvm::BasicBlock*> seen;
    while (!work.empty() && !found && definition != &header) {
      const llvm::BasicBlock* block = work.back();
      work.pop_back();
      if (block == definition || !seen.insert(block).second)
        continue;
      for (const llvm::Instruction& each : *block) {
        if (llvm::isa<llvm::PHINode>(each))
          continue;
        for (const llvm::Use& operand : each.operands())
          found |= operand == &value;
      }
      for (const llvm::BasicBlock* next : llvm::successors(block)) {
        for (const llvm::PHINode& phi : next->phis())
          found |= phi.getIncomingValueForBlock(block) == &value;
        work.push_back(next);
      }
    }
    if (found)
      names.push_back(value.getName().str());
  }
  return names;
}

TEST_F(States, OfRandomGraphsAreThoseOfTheDefinition) {
  for (unsigned seed = 0; seed < 80; ++seed) {
    std::string text = test::randomFunction(seed);
    read(text);
    if (HasFatalFailure())
      FAIL() << text;
    for (std::uint32_t number = 1; number < numbers->blockCount(); ++number) {
      const llvm::BasicBlock& header = numbers->block(number);
      ASSERT_EQ(live(std::string_view(header.getName())), byDefinition(*numbers, header)) << header.getName().str() << " in\n" << text;
    }
  }
}

} // namespace
} // namespace kiln
