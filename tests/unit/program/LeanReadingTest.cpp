// A world that reads lean has the same prepared functions as one that reads whole, and reads less.
#include <gtest/gtest.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>

#include "profile/ContentHash.h"
#include "program/LeanBitcode.h"
#include "program/World.h"

namespace kiln {
namespace {

/// Metadata from which the promotion of allocas draws conclusions: %undefined is loaded and said not to be undefined;
/// the phi of %once is what the load gives, or nothing.
constexpr const char* kText = R"(
@labels = constant [2 x ptr] [ptr blockaddress(@jumps, %one), ptr blockaddress(@jumps, %two)]
define i32 @facts(i1 %c, ptr %p) {
entry:
  %undefined = alloca i32
  %once = alloca ptr
  %v = load i32, ptr %undefined, !noundef !0, !range !1
  br i1 %c, label %set, label %join
set:
  %q = load ptr, ptr %p, !nonnull !0, !noundef !0, !align !2, !dereferenceable !2, !tbaa !3
  store ptr %q, ptr %once
  br label %join
join:
  %r = load ptr, ptr %once, !nonnull !0, !noundef !0
  %w = load i32, ptr %r, !tbaa !5
  %sum = add i32 %v, %w
  br i1 %c, label %yes, label %no, !prof !8
yes:
  ret i32 %sum
no:
  ret i32 %v
}
define i32 @jumps(ptr %where) {
  indirectbr ptr %where, [label %one, label %two]
one:
  ret i32 1
two:
  %v = load i32, ptr %where, !tbaa !5
  ret i32 %v
}
define void @plain() {
  ret void
}
!0 = !{}
!1 = !{i32 0, i32 7}
!2 = !{i64 8}
!3 = !{!4, !4, i64 0}
!4 = !{!"any pointer", !7, i64 0}
!5 = !{!6, !6, i64 0}
!6 = !{!"int", !7, i64 0}
!7 = !{!"root"}
!8 = !{!"branch_weights", i32 1, i32 9}
)";

std::shared_ptr<const std::vector<Source>> sources(const char* text) {
  auto source = makeSource("test.ll", std::span(text, strlen(text)));
  EXPECT_TRUE(source) << source.error().message;
  return std::make_shared<const std::vector<Source>>(std::vector{std::move(*source)});
}

llvm::Function* prepared(World& world, const char* name) {
  auto body = world.prepared(*world.module(0).getFunction(name));
  EXPECT_TRUE(body) << body.error().message;
  return body ? *body : nullptr;
}

std::size_t attachments(const llvm::Function& function) {
  return static_cast<std::size_t>(std::ranges::count_if(
      llvm::instructions(function), [](const llvm::Instruction& each) { return each.hasMetadata(); }));
}

TEST(LeanReading, PreparesTheSameFunctions) {
  auto bytes = sources(kText);
  auto lean = World::open(bytes, Reading::Lean), whole = World::open(bytes);
  ASSERT_TRUE(lean && whole);
  ContentHasher leanHasher, wholeHasher;
  for (const char* name : {"facts", "jumps", "plain"}) {
    llvm::Function *one = prepared(**lean, name), *other = prepared(**whole, name);
    ASSERT_TRUE(one && other);
    EXPECT_EQ(leanHasher.hash(*one), wholeHasher.hash(*other)) << name;
    EXPECT_EQ(one->getInstructionCount(), other->getInstructionCount()) << name;
  }
}

TEST(LeanReading, LeavesOutWhatOnlyOptimisersUse) {
  auto bytes = sources(kText);
  auto lean = World::open(bytes, Reading::Lean), whole = World::open(bytes);
  ASSERT_TRUE(lean && whole);
  EXPECT_EQ(attachments(*prepared(**lean, "facts")), 0u);
  EXPECT_EQ(attachments(*prepared(**lean, "jumps")), 0u); // which the reader reads with the header
  // Whole: the two loads that stay, and the branch. What was put aside while promoting is back.
  llvm::Function& facts = *prepared(**whole, "facts");
  EXPECT_EQ(attachments(facts), 3u);
  bool back = std::ranges::any_of(llvm::instructions(facts), [](const llvm::Instruction& each) {
    return each.getType()->isPointerTy() && each.getMetadata(llvm::LLVMContext::MD_nonnull) &&
           each.getMetadata(llvm::LLVMContext::MD_noundef) && each.getMetadata(llvm::LLVMContext::MD_align) &&
           each.getMetadata(llvm::LLVMContext::MD_dereferenceable);
  });
  EXPECT_TRUE(back);
  EXPECT_EQ(attachments(*prepared(**whole, "jumps")), 1u);
}

TEST(LeanReading, AsksLlvmOnlyForWhatItDoesNotKnow) {
  auto bytes = sources("define void @plain() {\n ret void\n}\n"
                       "define void @rare() {\n call void asm sideeffect \"\", \"\"()\n ret void\n}\n");
  auto lean = World::open(bytes, Reading::Lean);
  ASSERT_TRUE(lean);
  prepared(**lean, "plain");
  EXPECT_EQ((*lean)->verifiedBodies(), 0u);
  prepared(**lean, "rare");
  EXPECT_EQ((*lean)->verifiedBodies(), 1u);
  for (int i = 0; i < 2; ++i) // once each
    EXPECT_TRUE((*lean)->verified(*(*lean)->module(0).getFunction("plain")));
  EXPECT_EQ((*lean)->verifiedBodies(), 2u);
  auto whole = World::open(bytes);
  ASSERT_TRUE(whole);
  prepared(**whole, "plain");
  EXPECT_TRUE((*whole)->verified(*(*whole)->module(0).getFunction("plain")));
  EXPECT_EQ((*whole)->verifiedBodies(), 1u);
}

TEST(LeanReading, DamagedBytesDoNoHarm) {
  // Whatever is in the bytes, finding the blocks in them reads and writes only them.
  auto bytes = sources(kText);
  const Source& sound = bytes->front();
  for (std::size_t at = 0; at < sound.bitcode.size(); ++at) {
    auto damaged = std::make_shared<std::vector<char>>(sound.bitcode.begin(), sound.bitcode.end());
    (*damaged)[at] = static_cast<char>((*damaged)[at] ^ (1 << (at % 8)));
    LeanBitcode lean(Source{"damaged", *damaged, damaged, {}});
    for (std::uint32_t body = 0; body < 4; ++body)
      lean.prune(body);
    damaged->resize(at); // and the bytes cut off there
    LeanBitcode cut(Source{"cut", *damaged, damaged, {}});
    for (std::uint32_t body = 0; body < 4; ++body)
      cut.prune(body);
  }
}

} // namespace
} // namespace kiln
