#include "compile/llvm/Import.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/SourceMgr.h>

#include <string>

namespace kiln {
namespace {

/// `root` calls `helper` at so many places, one after the other, all as hot as the root itself.
std::string callers(unsigned calls) {
  std::string text = "declare i32 @helper(i32)\ndefine i32 @root(i32 %v0) {\n";
  for (unsigned i = 0; i < calls; ++i)
    text += "  %v" + std::to_string(i + 1) + " = call i32 @helper(i32 %v" + std::to_string(i) + ")\n";
  return text + "  ret i32 %v" + std::to_string(calls) + "\n}\n";
}

/// What a unit does with the candidates when each callee has `size` instructions: how many calls are kept apart.
unsigned keptApart(unsigned calls, unsigned size, unsigned rootSize, bool profile) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  auto module = llvm::parseAssemblyString(callers(calls), error, context);
  EXPECT_TRUE(module) << error.getMessage().str();
  llvm::Function& root = *module->getFunction("root");
  llvm::Function& helper = *module->getFunction("helper");
  CountSummary counts;
  counts.addFunction(1000);
  ImportQueue queue(importLimits(Tier::O3));
  if (profile)
    queue.useProfile(1000, rootSize, counts);
  queue.addCallees(root, 0, 1, {});
  bool there = false;
  while (auto candidate = queue.next()) {
    EXPECT_EQ(candidate->callee, &helper);
    EXPECT_NE(candidate->call, nullptr);
    if (there) {
      queue.takeAgain(*candidate, size);
    } else if (queue.takes(*candidate, size)) {
      queue.took(size);
      there = true;
    }
  }
  EXPECT_TRUE(there);
  unsigned apart = 0;
  for (const llvm::Instruction& instruction : llvm::instructions(root))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
      apart += call->isNoInline();
  return apart;
}

TEST(Import, SpendsItsBudgetByCall) {
  // 1,200 instructions at O3, three times that where calls are hot: 36 calls of 100 instructions.
  EXPECT_EQ(keptApart(36, 100, 100, true), 0u);
  EXPECT_EQ(keptApart(50, 100, 100, true), 14u);
}

TEST(Import, AllowsALargeFunctionNoMoreThanUsual) {
  EXPECT_EQ(keptApart(50, 100, 5000, true), 38u);
}

TEST(Import, LeavesSmallCalleesToTheInliner) {
  EXPECT_EQ(keptApart(500, 20, 100, true), 0u);
}

TEST(Import, LeavesEveryCallToTheInlinerWithoutAProfile) {
  EXPECT_EQ(keptApart(50, 100, 100, false), 0u);
}

} // namespace
} // namespace kiln
