// Where values are, for the rules that are easy to get wrong, and what is refused. Places are what llc-19 shows.
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

#include "abi/CallShape.h"

namespace kiln {
namespace {

constexpr std::uint32_t kRax = 192, kRdx = 200, kRcx = 208, kXmm0 = 224, kXmm2 = 256, kSt0 = 288, kR10 = 176;

std::expected<CallShape, std::string> shape(const std::string& declaration, const std::string& rest = "") {
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  auto module = llvm::parseAssemblyString(
      "target datalayout = \"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128\"\n"
      "target triple = \"x86_64-pc-linux-gnu\"\n" +
          declaration + "\n" + rest,
      problem, context);
  EXPECT_TRUE(module) << problem.getMessage().str();
  const llvm::Function& function = *module->begin();
  return callShape(function.getFunctionType(), function.getAttributes(), function.getCallingConv(), {},
                   module->getDataLayout());
}

std::string refusal(const std::string& declaration, const std::string& rest = "") {
  auto made = shape(declaration, rest);
  return made ? "none" : made.error();
}

TEST(CallShape, integersInOrder) {
  auto made = shape("declare i32 @f(i64, ptr, i32, i64, i64, i64, i64)");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->arguments.size(), 7U);
  EXPECT_EQ(made->arguments[2], (Move{.bits = 32, .offset = 16, .word = 2}));
  EXPECT_EQ(made->arguments[6], (Move{.area = Area::Stack, .offset = 0, .word = 6}));
  EXPECT_EQ(made->stackBytes, 8U);
  EXPECT_EQ(made->areaBytes, 16U);
  EXPECT_EQ(made->results[0], (Move{.bits = 32, .offset = kRax}));
  EXPECT_EQ(made->fast, FastCall::None);
}

TEST(CallShape, fastCalls) {
  auto kind = [](const char* text) { return shape(text)->fast; };
  EXPECT_EQ(kind("declare void @f()"), FastCall::Integers);
  EXPECT_EQ(kind("declare i32 @f(ptr, i32, i64, i64, i64, i64)"), FastCall::Integers);
  EXPECT_EQ(kind("declare void @f(i1)"), FastCall::Integers);
  EXPECT_EQ(kind("declare i32 @f(ptr, ...)"), FastCall::Integers);
  EXPECT_EQ(kind("declare double @f(double, double)"), FastCall::Doubles);
  EXPECT_EQ(kind("declare i32 @f(i8 signext)"), FastCall::None);
  EXPECT_EQ(kind("declare i128 @f(i64)"), FastCall::None);
  EXPECT_EQ(kind("declare void @f(ptr nest, i64)"), FastCall::None);
  EXPECT_EQ(kind("declare float @f(double)"), FastCall::None);
  EXPECT_EQ(kind("declare double @f(float)"), FastCall::None);
  EXPECT_EQ(kind("declare double @f(i64)"), FastCall::None);
  EXPECT_EQ(kind("declare i64 @f(double)"), FastCall::None);
  EXPECT_EQ(kind("declare void @f(i64, ptr byval(i64))"), FastCall::None);
  EXPECT_EQ(shape("declare i1 @f()")->resultMask, 1U);
  EXPECT_EQ(shape("declare i8 @f()")->resultMask, 0xffU);
}

TEST(CallShape, extensionIsOfTheWidth) {
  auto made = shape("declare void @f(i8 signext, i1 zeroext, i16)");
  EXPECT_EQ(made->arguments[0], (Move{.transfer = Transfer::SignExtend, .bits = 8, .offset = 0, .word = 0}));
  EXPECT_EQ(made->arguments[1], (Move{.transfer = Transfer::ZeroExtend, .bits = 1, .offset = 8, .word = 1}));
  EXPECT_EQ(made->arguments[2], (Move{.bits = 16, .offset = 16, .word = 2}));
}

TEST(CallShape, wideIntegersDoNotBeginInTheLastRegister) {
  auto made = shape("declare void @f(i64, i64, i64, i64, i64, i128, i64)");
  EXPECT_EQ(made->arguments[5], (Move{.area = Area::Stack, .offset = 0, .word = 5}));
  EXPECT_EQ(made->arguments[6], (Move{.area = Area::Stack, .offset = 8, .word = 6}));
  EXPECT_EQ(made->arguments[7], (Move{.area = Area::Stack, .offset = 16, .word = 7})); // R9 is lost
  made = shape("declare void @f(i64, i64, i64, i64, i129)");
  EXPECT_EQ(made->arguments[5].offset, 40U);
  EXPECT_EQ(made->arguments[6], (Move{.area = Area::Stack, .bits = 1, .offset = 0, .word = 6}));
}

TEST(CallShape, resultsInSeveralRegisters) {
  auto made = shape("declare { i64, i8, i128 } @f()");
  EXPECT_TRUE(made->demoted); // four registers
  made = shape("declare { i64, i8, i16 } @f()");
  EXPECT_EQ(made->results[0].offset, kRax);
  EXPECT_EQ(made->results[1].offset, kRdx);
  EXPECT_EQ(made->results[2].offset, kRcx);
  made = shape("declare { float, float, float } @f()");
  EXPECT_EQ(made->results[2],
            (Move{.transfer = Transfer::FloatX87, .bytes = 10, .bits = 32, .offset = kSt0, .word = 2}));
  EXPECT_EQ(made->x87Results, 1U);
  EXPECT_EQ(shape("declare fastcc { float, float, float } @f()")->results[2].offset, kXmm2);
  EXPECT_EQ(shape("declare { double, x86_fp80, x86_fp80 } @f()")->x87Results, 2U);
  EXPECT_TRUE(shape("declare { x86_fp80, x86_fp80, x86_fp80 } @f()")->demoted);
}

TEST(CallShape, hiddenPointers) {
  auto made = shape("declare { i64, i64, i64, i8 } @f(i64)");
  EXPECT_TRUE(made->demoted);
  EXPECT_EQ(made->gprUsed, 2U);
  EXPECT_EQ(made->arguments[0].offset, 8U);
  EXPECT_EQ(
      made->results[3],
      (Move{.area = Area::Memory, .transfer = Transfer::ZeroExtend, .bytes = 1, .bits = 8, .offset = 24, .word = 3}));
  made = shape("declare void @f(ptr nest, ptr sret(i64), i32)");
  EXPECT_FALSE(made->demoted);
  EXPECT_EQ(made->sretGpr, 0);
  EXPECT_EQ(made->arguments[0].offset, kR10);
  EXPECT_EQ(made->arguments[1].offset, 0U);
  EXPECT_EQ(shape("declare void @f(i64)")->sretGpr, -1);
}

TEST(CallShape, vectors) {
  auto made = shape("declare <3 x float> @f(<4 x i8>, <3 x i8>)");
  ASSERT_EQ(made->arguments.size(), 7U); // a register of lanes; three registers
  EXPECT_EQ(made->arguments[3], (Move{.bytes = 1, .bits = 8, .offset = 48 + 3, .word = 3}));
  EXPECT_EQ(made->arguments[4], (Move{.bits = 8, .offset = 0, .word = 4}));
  EXPECT_EQ(made->results[2], (Move{.bytes = 4, .bits = 32, .offset = kXmm0 + 8, .word = 2}));
  made = shape("declare void @f(<4 x i1>)");
  EXPECT_EQ(made->arguments[1],
            (Move{.transfer = Transfer::ZeroExtend, .bytes = 4, .bits = 1, .offset = 48 + 4, .word = 1}));
}

TEST(CallShape, copiesOnTheStack) {
  auto made = shape("declare void @f(i64, ptr byval([3 x i32]), ptr byval(i8) align 32, ptr byval({}))");
  ASSERT_EQ(made->copies.size(), 3U);
  EXPECT_EQ(made->copies[0], (StackCopy{.word = 1, .offset = 0, .bytes = 12, .align = 8}));
  EXPECT_EQ(made->copies[1], (StackCopy{.word = 2, .offset = 32, .bytes = 1, .align = 32}));
  EXPECT_EQ(made->copies[2], (StackCopy{.word = 3, .offset = 40, .bytes = 0, .align = 8}));
  EXPECT_EQ(made->stackAlign, 32U);
  EXPECT_EQ(made->areaBytes, 64U);
  EXPECT_EQ(made->gprUsed, 1U);
}

TEST(CallShape, refusals) {
  EXPECT_EQ(refusal("declare ghccc void @f()"), "calling convention 10");
  EXPECT_EQ(refusal("declare swiftcc void @f()"), "calling convention 16");
  EXPECT_EQ(refusal("declare void @f(<8 x float>)"), "vector argument wider than 128 bits");
  EXPECT_EQ(refusal("declare <4 x i64> @f()"), "vector result wider than 128 bits");
  EXPECT_EQ(refusal("declare { i64, [2 x <3 x i64>] } @f()"), "vector result wider than 128 bits");
  EXPECT_EQ(refusal("declare void @f(<32 x i1>)"), "vector argument wider than 128 bits");
  EXPECT_EQ(refusal("declare void @f(<4 x i7>)"), "vector argument with odd lanes");
  EXPECT_EQ(refusal("declare <2 x i24> @f()"), "vector result with odd lanes");
  EXPECT_EQ(refusal("declare { i64, i64, i64, <8 x i1>, i64 } @f()"), "vector of bits in a result in memory");
  EXPECT_EQ(refusal("declare void @f(<vscale x 4 x i32>)"), "argument without a word form");
  EXPECT_EQ(refusal("declare [5000 x i64] @f()"), "result without a word form");
  EXPECT_EQ(refusal("declare void @f(ptr addrspace(270))"), "pointer of other than 64 bits");
  EXPECT_EQ(refusal("declare void @f(ptr inalloca(i32))"), "inalloca argument");
  EXPECT_EQ(refusal("declare void @f(ptr preallocated(i32))"), "preallocated argument");
  EXPECT_EQ(refusal("declare void @f(ptr swiftself)"), "swiftself argument");
  EXPECT_EQ(refusal("declare void @f(ptr swifterror)"), "swifterror argument");
  EXPECT_EQ(refusal("declare void @f(ptr swiftasync)"), "swiftasync argument");
  EXPECT_EQ(refusal("declare void @f(ptr byval([2000000 x i8]))"), "byval argument too large");
  EXPECT_EQ(refusal("declare coldcc double @f()"), "coldcc result outside RAX");
  EXPECT_EQ(refusal("declare void @f() #0", "attributes #0 = { \"no_caller_saved_registers\" }"),
            "no_caller_saved_registers");
  EXPECT_EQ(refusal("declare void @f() #0", "attributes #0 = { \"target-features\"=\"+cx8,-sse,+x87\" }"),
            "function without SSE");
}

} // namespace
} // namespace kiln
