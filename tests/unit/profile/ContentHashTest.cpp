#include "profile/ContentHash.h"

#include <gtest/gtest.h>

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "program/Prepare.h"
#include "program/World.h"

namespace kiln {
namespace {

// Something of every family of instructions; the tests below change one thing at a time.
constexpr const char* kBase = R"(
target triple = "x86_64-unknown-linux-gnu"
%pair = type { i32, ptr }
%other = type { i32, ptr }
@table = internal global [4 x i32] [i32 1, i32 2, i32 3, i32 4], align 16
@flag = external thread_local global i32
declare i32 @callee(i32, ...)
declare void @sized(ptr, i32)
declare i32 @personality(...)
declare i32 @llvm.read_register.i32(metadata)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1 immarg)

define internal fastcc i64 @f(i64 %n, ptr byval(%pair) align 8 %p, float %x) nounwind "kept"="1"
    personality ptr @personality {
entry:
  %space = alloca %pair, i64 %n, align 16
  store volatile i32 7, ptr %space, align 4
  %sum = add nsw i64 %n, 40
  %wide = zext nneg i32 9 to i64
  %test = icmp slt i64 %sum, %n
  br i1 %test, label %loop, label %done, !prof !0
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %at = getelementptr inbounds [4 x i32], ptr @table, i64 0, i64 %i
  %loaded = load atomic i32, ptr %at acquire, align 4
  %old = atomicrmw add ptr @table, i32 3 seq_cst, align 4
  %swap = cmpxchg weak ptr @table, i32 1, i32 2 acq_rel monotonic, align 4
  fence syncscope("singlethread") release
  %half = fmul fast float %x, 2.5
  %called = tail call i32 (i32, ...) @callee(i32 signext %loaded, double 1.0) cold [ "deopt"(i32 11) ]
  call void @sized(ptr sret(%pair) %p, i32 range(i32 0, 10) %called)
  call void @llvm.memcpy.p0.p0.i64(ptr %space, ptr getelementptr inbounds (i8, ptr @table, i64 4), i64 8, i1 false)
  %register = call i32 @llvm.read_register.i32(metadata !1)
  call void asm sideeffect "nop", "~{memory}"()
  switch i32 %called, label %again [ i32 1, label %done
                                     i32 2, label %call ]
again:
  %next = add i64 %i, 1
  %lanes = shufflevector <4 x i32> <i32 1, i32 2, i32 3, i32 4>, <4 x i32> poison,
      <4 x i32> <i32 3, i32 2, i32 1, i32 0>
  %struct = insertvalue { i32, i64, [2 x i8] } zeroinitializer, i8 5, 2, 1
  %part = extractvalue { i32, i64, [2 x i8] } %struct, 2, 0
  %big = add i128 18446744073709551621, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %call
call:
  %tried = invoke i32 (i32, ...) @callee(i32 1) to label %done unwind label %pad
pad:
  %caught = landingpad { ptr, i32 } cleanup catch ptr null
  resume { ptr, i32 } %caught
done:
  %result = phi i64 [ %sum, %entry ], [ 1, %loop ], [ 2, %call ]
  ret i64 %result
}
!0 = !{!"branch_weights", i32 1, i32 9}
!1 = !{!"esp"}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::unique_ptr<llvm::Module> parse(const std::string& text, llvm::LLVMContext& context) {
  llvm::SMDiagnostic error;
  auto module = llvm::parseAssemblyString(text, error, context);
  std::string message;
  llvm::raw_string_ostream out(message);
  if (!module)
    error.print("test", out);
  else if (llvm::verifyModule(*module, &out))
    module = nullptr;
  EXPECT_TRUE(module) << message;
  return module;
}

/// The hash of the prepared @f, in a context of its own.
/// What nobody uses is no part of the prepared function.
void useAll(llvm::Function& function) {
  std::vector<llvm::Instruction*> unused;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (instruction.use_empty() && instruction.getType()->isSized() && !instruction.isTerminator())
      unused.push_back(&instruction);
  for (llvm::Instruction* instruction : unused)
    if (auto behind = instruction->getInsertionPointAfterDef())
      new llvm::StoreInst(instruction, llvm::ConstantPointerNull::get(llvm::PointerType::get(function.getContext(), 0)),
                          /*isVolatile=*/true, *behind);
}

std::uint64_t hashOf(const std::string& text) {
  llvm::LLVMContext context;
  auto module = parse(text, context);
  if (!module)
    return 0;
  llvm::Function& function = *module->getFunction("f");
  useAll(function);
  prepareFunction(function);
  return ContentHasher().hash(function);
}

TEST(ContentHash, IsTheSameInEveryContext) {
  EXPECT_EQ(hashOf(kBase), hashOf(kBase));
  EXPECT_NE(hashOf(kBase), 0u);
}

TEST(ContentHash, IsTheSameInEveryProcessAndBuild) {
  // An unchanging value: profiles of another build of Kiln must match. It changes with what is hashed, on purpose only.
  EXPECT_EQ(hashOf("define i32 @f(i32 %a) {\n  %b = add i32 %a, 1\n  ret i32 %b\n}"), 2433592672425743450u);
}

struct Edit {
  const char* from;
  const char* to;
};

TEST(ContentHash, IgnoresWhatMeansNothing) {
  const Edit edits[] = {
      {"!{!\"branch_weights\", i32 1, i32 9}", "!{!\"branch_weights\", i32 5, i32 2}"},
      {", !prof !0", ""},
      {"define internal fastcc i64 @f", "define fastcc i64 @f"},
      {"[i32 1, i32 2, i32 3, i32 4], align", "[i32 1, i32 2, i32 3, i32 5], align"}, // of another global
      {"%other = type { i32, ptr }\n", ""},
      {"alloca %pair", "alloca %other"}, // another name of the same structure
      {"alloca %pair", "alloca { i32, ptr }"},
      {"declare void @sized(ptr, i32)", "define void @sized(ptr %a, i32 %b) {\n  ret void\n}"},
  };
  std::uint64_t base = hashOf(kBase);
  for (const Edit& edit : edits)
    EXPECT_EQ(hashOf(replaced(kBase, edit.from, edit.to)), base) << edit.from << " -> " << edit.to;
  // Names of values and blocks.
  std::string renamed = kBase;
  for (const char* name : {"entry", "loop", "again", "sum", "wide", "i", "n", "x"})
    for (const char* before : {"%", "label %", "\n"})
      for (const char* after : {" ", ",", ")", ":", "]", "\n"}) {
        std::string from = std::string(before) + name + after, to = std::string(before) + "new." + name + after;
        for (std::size_t at = renamed.find(from); at != std::string::npos; at = renamed.find(from, at + to.size()))
          renamed.replace(at, from.size(), to);
      }
  EXPECT_NE(renamed.find("new.sum"), std::string::npos);
  EXPECT_EQ(hashOf(renamed), base);
}

TEST(ContentHash, ChangesWithEverythingElse) {
  const Edit edits[] = {
      // the function
      {"fastcc i64 @f", "coldcc i64 @f"},
      {"nounwind \"kept\"", "\"kept\""},
      {"\"kept\"=\"1\"", "\"kept\"=\"2\""},
      {"\"kept\"=\"1\"", "\"kept\"=\"1\" gc \"statepoint-example\""},
      {"byval(%pair) align 8", "byval(i32) align 8"},
      {"byval(%pair) align 8", "byval(%pair) align 16"},
      {"float %x) nounwind", "float %x, i32 %y) nounwind"},
      // types by structure
      {"%pair = type { i32, ptr }", "%pair = type { i64, ptr }"},
      {"%pair = type { i32, ptr }", "%pair = type <{ i32, ptr }>"},
      // operands and constants
      {"add nsw i64 %n, 40", "add nsw i64 %n, 41"},
      {"add nsw i64 %n, 40", "add nsw i64 40, %n"},
      {"add nsw i64 %n, 40", "add nsw i64 %n, undef"},
      {"add nsw i64 %n, 40", "add nsw i64 %n, poison"},
      {"icmp slt i64 %sum, %n", "icmp slt i64 %n, %n"},
      {"icmp slt i64 %sum, %n", "icmp slt i64 %wide, %n"},
      {"add i128 18446744073709551621, 1", "add i128 36893488147419103237, 1"},
      {"fmul fast float %x, 2.5", "fmul fast float %x, -2.5"},
      {"<i32 1, i32 2, i32 3, i32 4>, <4 x i32> poison", "<i32 1, i32 2, i32 3, i32 5>, <4 x i32> poison"},
      {"(i8, ptr @table, i64 4)", "(i8, ptr @table, i64 8)"},
      {"getelementptr inbounds (i8, ptr @table, i64 4)", "getelementptr (i8, ptr @table, i64 4)"},
      {"(i8, ptr @table, i64 4)", "(i16, ptr @table, i64 4)"},
      {"(i8, ptr @table, i64 4)", "(i8, ptr @flag, i64 4)"},
      {"callee(i32 signext %loaded", "callee(i32 signext %old"},
      // opcodes, predicates, flags
      {"add nsw i64 %n, 40", "sub nsw i64 %n, 40"},
      {"add nsw i64", "add nuw i64"},
      {"add nsw i64", "add i64"},
      {"zext nneg", "zext"},
      {"icmp slt", "icmp ult"},
      {"fmul fast", "fmul nnan"},
      {"fmul fast", "fmul"},
      {"getelementptr inbounds [4 x i32], ptr", "getelementptr [4 x i32], ptr"},
      {"getelementptr inbounds [4 x i32], ptr", "getelementptr inbounds [5 x i32], ptr"},
      // memory
      {"store volatile i32 7", "store i32 7"},
      {"ptr %space, align 4", "ptr %space, align 8"},
      {"i64 %n, align 16", "i64 %n, align 32"},
      {"alloca %pair", "alloca i32"},
      {"load atomic i32, ptr %at acquire", "load atomic i32, ptr %at seq_cst"},
      {"load atomic i32, ptr %at acquire", "load atomic i32, ptr %at syncscope(\"singlethread\") acquire"},
      {"load atomic i32, ptr %at acquire", "load atomic i32, ptr %at syncscope(\"agent\") acquire"},
      {"load atomic i32, ptr %at acquire, align 4", "load i32, ptr %at, align 4"},
      {"atomicrmw add", "atomicrmw xor"},
      {"atomicrmw add ptr @table, i32 3 seq_cst", "atomicrmw add ptr @table, i32 3 monotonic"},
      {"cmpxchg weak", "cmpxchg"},
      {"cmpxchg weak", "cmpxchg weak volatile"},
      {"acq_rel monotonic", "acq_rel acquire"},
      {"fence syncscope(\"singlethread\") release", "fence release"},
      {"\"singlethread\") release", "\"singlethread\") acquire"},
      // calls
      {"tail call i32 (i32, ...) @callee", "call i32 (i32, ...) @callee"},
      {"@callee(i32 signext", "@callee(i32 zeroext"},
      {"double 1.0) cold", "double 1.0)"},
      {"double 1.0) cold", "i32 1) cold"},
      {"[ \"deopt\"(i32 11) ]", ""},
      {"\"deopt\"(i32 11)", "\"deopt\"(i32 12)"},
      {"\"deopt\"(i32 11)", "\"kiln\"(i32 11)"},
      {"sret(%pair)", "sret(i32)"},
      {"range(i32 0, 10)", "range(i32 0, 11)"},
      {"call void @sized", "call coldcc void @sized"},
      {"!{!\"esp\"}", "!{!\"ebp\"}"},
      {"sideeffect \"nop\"", "sideeffect \"pause\""},
      {"\"~{memory}\"", "\"~{cc}\""},
      {"asm sideeffect", "asm"},
      {"asm sideeffect", "asm sideeffect inteldialect"},
      // aggregates
      {"<i32 3, i32 2, i32 1, i32 0>", "<i32 3, i32 2, i32 0, i32 1>"},
      {"i8 5, 2, 1", "i8 5, 2, 0"},
      {"%struct, 2, 0", "%struct, 2, 1"},
      // control flow
      {"label %loop, label %done, !prof", "label %done, label %loop, !prof"},
      {"[ 0, %entry ], [ %next, %again ]", "[ %next, %again ], [ 0, %entry ]"},
      {"[ 1, %loop ], [ 2, %call ]", "[ 2, %loop ], [ 1, %call ]"},
      {"i32 1, label %done", "i32 3, label %done"},
      {"i32 1, label %done\n                                     i32 2, label %call",
       "i32 2, label %call\n                                     i32 1, label %done"},
      {"{ ptr, i32 } cleanup catch", "{ ptr, i32 } catch"},
      {"cleanup catch ptr null", "cleanup catch ptr @table"},
      {"personality ptr @personality", "personality ptr @callee"},
  };
  std::set<std::uint64_t> seen{hashOf(kBase)};
  std::set<std::string> texts{kBase};
  for (const Edit& edit : edits) {
    std::string text = replaced(kBase, edit.from, edit.to);
    // A changed count of arguments needs no other change: nothing calls @f.
    EXPECT_TRUE(texts.insert(text).second) << "listed twice: " << edit.from;
    EXPECT_TRUE(seen.insert(hashOf(text)).second) << edit.from << " -> " << edit.to;
  }
}

TEST(ContentHash, BlocksMovedAreAnotherFunction) {
  // Value numbers follow the order of blocks.
  const std::string first = "a:\n  %x = add i32 %n, 1\n  ret i32 %x\n",
                    second = "b:\n  %y = add i32 %n, 2\n  ret i32 %y\n";
  const std::string head = "define i32 @f(i32 %n, i1 %c) {\n  br i1 %c, label %a, label %b\n";
  EXPECT_NE(hashOf(head + first + second + "}"), hashOf(head + second + first + "}"));
}

TEST(ContentHash, GlobalsAreTheirNamesAndUnnamedOnesTheirPosition) {
  const std::string head = "@a = global i32 0\n@b = global i32 0\n@0 = global i32 0\n@1 = global i32 0\n";
  auto use = [&](const std::string& global) { return hashOf(head + "define ptr @f() {\n  ret ptr " + global + "\n}"); };
  EXPECT_EQ((std::set{use("@a"), use("@b"), use("@0"), use("@1")}.size()), 4u);
  EXPECT_EQ(hashOf("@b = global i32 5\ndefine ptr @f() {\n  ret ptr @b\n}"), use("@b"));
}

TEST(ContentHash, OneHasherServesAllFunctionsOfAContext) {
  llvm::LLVMContext context;
  auto module =
      parse(kBase + std::string("define i32 @g(i32 %a) {\n  %b = mul i32 %a, 12345\n  ret i32 %b\n}\n"), context);
  ASSERT_TRUE(module);
  llvm::Function &f = *module->getFunction("f"), &g = *module->getFunction("g");
  useAll(f);
  prepareFunction(f);
  ContentHasher both, another;
  std::uint64_t hashG = both.hash(g);
  EXPECT_EQ(both.hash(f), hashOf(kBase));
  EXPECT_EQ(another.hash(f), hashOf(kBase));
  EXPECT_EQ(another.hash(g), hashG);
  EXPECT_EQ(both.hash(*module->getFunction("callee")), another.hash(*module->getFunction("callee")));
}

TEST(ContentHash, DoesNotDependOnWhatElseAWorldHasRead) {
  std::string text = kBase;
  for (int i = 0; i < 20; ++i)
    text += "define i32 @g" + std::to_string(i) + "(ptr %p) {\n  %v = alloca i32\n  store i32 " + std::to_string(i) +
            ", ptr %v\n  %s = load atomic i32, ptr %p syncscope(\"scope" + std::to_string(i) +
            "\") acquire, align 4\n  %l = load i32, ptr %v\n  %r = add i32 %l, %s\n  ret i32 %r\n}\n";
  auto source = makeSource("test.ll", text);
  ASSERT_TRUE(source) << source.error().message;
  auto sources = std::make_shared<const std::vector<Source>>(std::vector{std::move(*source)});
  auto hashes = [&](bool backwards) {
    auto world = World::open(sources);
    EXPECT_TRUE(world);
    std::vector<llvm::Function*> functions;
    for (llvm::Function& each : (*world)->module(0))
      if (!each.isDeclaration())
        functions.push_back(&each);
    if (backwards)
      std::ranges::reverse(functions);
    ContentHasher hasher;
    std::vector<std::uint64_t> found;
    for (llvm::Function* each : functions) {
      auto prepared = (*world)->prepared(*each);
      EXPECT_TRUE(prepared) << prepared.error().message;
      found.push_back(prepared ? hasher.hash(**prepared) : 0);
    }
    if (backwards)
      std::ranges::reverse(found);
    return found;
  };
  std::vector<std::uint64_t> forwards = hashes(false);
  EXPECT_EQ(forwards.size(), 21u);
  EXPECT_EQ((std::set(forwards.begin(), forwards.end()).size()), 21u);
  EXPECT_EQ(hashes(true), forwards);
}

TEST(ContentHash, DeeplyNestedConstantsFitTheStack) {
  // The text cannot be nested as deep as constants can.
  llvm::LLVMContext context;
  auto module = parse("@g = global i8 0\ndefine ptr @f() {\n  ret ptr @g\n}", context);
  ASSERT_TRUE(module);
  llvm::Type* word = llvm::Type::getInt64Ty(context);
  llvm::Constant* value = llvm::ConstantExpr::getPtrToInt(module->getNamedGlobal("g"), word);
  for (int i = 0; i < 100000; ++i)
    value = llvm::ConstantExpr::getXor(llvm::ConstantExpr::getSub(llvm::ConstantInt::get(word, 1), value), value);
  llvm::Function& function = *module->getFunction("f");
  function.getEntryBlock().getTerminator()->setOperand(
      0, llvm::ConstantExpr::getIntToPtr(value, llvm::PointerType::getUnqual(context)));
  EXPECT_NE(ContentHasher().hash(function), 0u);
}

} // namespace
} // namespace kiln
