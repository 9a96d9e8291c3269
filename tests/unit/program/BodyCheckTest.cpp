// What the body check lets through, LLVM's verifier lets through; and it lets through what front ends emit.
#include "program/BodyCheck.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <random>

namespace kiln {
namespace {

/// Without LLVM's verifier: the text may be wrong in the ways that are to be found.
std::unique_ptr<llvm::Module> parse(const std::string& text, llvm::LLVMContext& context) {
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(text, diagnostic, context);
  EXPECT_TRUE(module) << diagnostic.getLineNo() << ": " << diagnostic.getMessage().str();
  return module;
}

constexpr const char* kDeclarations = R"(
%pair = type { i32, [4 x i64], ptr }
@table = global [4 x i32] zeroinitializer
@typeinfo = external constant ptr
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1 immarg)
declare void @llvm.lifetime.start.p0(i64 immarg, ptr)
declare i32 @llvm.ctlz.i32(i32, i1 immarg)
declare { i32, i1 } @llvm.sadd.with.overflow.i32(i32, i32)
declare void @llvm.va_start.p0(ptr)
declare i32 @callee(i32, ptr)
declare i32 @printf(ptr, ...)
declare void @big(ptr byval(%pair) align 8)
declare i32 @__gxx_personality_v0(...)
)";

constexpr const char* kSound = R"(
define i32 @branches(i32 %n, ptr %p, i1 %c) {
entry:
  %copy = alloca %pair
  call void @llvm.lifetime.start.p0(i64 48, ptr %copy)
  %first = load i32, ptr %p
  br i1 %c, label %left, label %right
left:
  %l = add nsw i32 %first, %n
  %field = getelementptr inbounds %pair, ptr %copy, i64 0, i32 1, i32 %n
  store i64 7, ptr %field
  br label %join
right:
  %r = mul i32 %n, %n
  %wide = sext i32 %r to i64
  call void @llvm.memcpy.p0.p0.i64(ptr %copy, ptr %p, i64 %wide, i1 false)
  br label %join
join:
  %both = phi i32 [ %l, %left ], [ %r, %right ]
  %other = phi i32 [ 1, %right ], [ %n, %left ]
  switch i32 %both, label %loop [ i32 1, label %out
                                  i32 2, label %out
                                  i32 3, label %right2 ]
right2:
  %z = call i32 @llvm.ctlz.i32(i32 %both, i1 true)
  br label %out
loop:
  %i = phi i32 [ 0, %join ], [ %next, %loop ]
  %next = add i32 %i, 1
  %sum = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %next, i32 %both)
  %value = extractvalue { i32, i1 } %sum, 0
  %over = extractvalue { i32, i1 } %sum, 1
  %sel = select i1 %over, i32 %value, i32 %i
  %done = icmp sgt i32 %sel, 100
  br i1 %done, label %out, label %loop
out:
  %result = phi i32 [ %both, %join ], [ %both, %join ], [ %z, %right2 ], [ %sel, %loop ]
  %called = call i32 @callee(i32 %result, ptr %copy)
  ret i32 %called
}
define double @floats(double %a, float %b, <2 x double> %v) {
  %w = fpext float %b to double
  %s = fadd fast double %a, %w
  %n = fneg double %s
  %e = extractelement <2 x double> %v, i32 1
  %c = fcmp olt double %n, %e
  %vv = fmul <2 x double> %v, %v
  %x = insertelement <2 x double> %vv, double %n, i32 0
  %y = shufflevector <2 x double> %x, <2 x double> %v, <2 x i32> <i32 1, i32 2>
  %z = extractelement <2 x double> %y, i32 0
  %f = freeze double %z
  %r = select i1 %c, double %f, double %a
  ret double %r
}
define i32 @atomics(ptr %p, i32 %v) {
  %old = atomicrmw add ptr %p, i32 %v seq_cst
  %pair = cmpxchg ptr %p, i32 %old, i32 %v acq_rel monotonic
  fence acquire
  %now = load atomic i32, ptr %p acquire, align 4
  store atomic i32 %now, ptr %p release, align 4
  %got = extractvalue { i32, i1 } %pair, 0
  ret i32 %got
}
define i32 @varies(ptr %format, ...) {
  %list = alloca [24 x i8]
  call void @llvm.va_start.p0(ptr %list)
  %n = call i32 (ptr, ...) @printf(ptr %format, i32 1, double 2.0)
  ret i32 %n
}
define void @copies(ptr %p) {
  call void @big(ptr byval(%pair) align 8 %p)
  ret void
}
define i32 @throws(i32 %n) personality ptr @__gxx_personality_v0 {
  %v = invoke i32 @callee(i32 %n, ptr null) to label %fine unwind label %pad
fine:
  %w = add i32 %v, 1
  ret i32 %w
pad:
  %caught = landingpad { ptr, i32 } cleanup catch ptr @typeinfo
  %which = extractvalue { ptr, i32 } %caught, 1
  %mine = icmp eq i32 %which, 1
  br i1 %mine, label %handle, label %on
handle:
  ret i32 %which
on:
  resume { ptr, i32 } %caught
}
define i32 @jumps(ptr %where, i32 %n) {
entry:
  indirectbr ptr %where, [label %a, label %b]
a:
  %x = phi i32 [ %n, %entry ], [ %y, %b ]
  indirectbr ptr %where, [label %b]
b:
  %y = phi i32 [ 0, %entry ], [ %x, %a ]
  %again = icmp eq i32 %y, 0
  br i1 %again, label %a, label %out
out:
  ret i32 %y
dead:
  %own = add i32 %own, %later
  %later = add i32 %own, 1
  br label %dead
}
)";

TEST(BodyCheck, KnowsWhatFrontEndsEmit) {
  llvm::LLVMContext context;
  auto module = parse(std::string(kDeclarations) + kSound, context);
  ASSERT_TRUE(module);
  BodyCheck check;
  for (llvm::Function& function : *module)
    if (!function.isDeclaration()) {
      EXPECT_FALSE(llvm::verifyFunction(function)) << function.getName().str();
      EXPECT_TRUE(check.plainlyValid(function)) << function.getName().str();
    }
}

TEST(BodyCheck, LeavesWhatIsWrongToLlvm) {
  const char* bodies[] = {
      // Definitions and uses.
      "define i32 @f(i1 %c) {\nentry:\n br i1 %c, label %a, label %b\na:\n %x = add i32 1, 2\n br label %b\nb:\n ret "
      "i32 %x\n}",
      "define i32 @f() {\n %x = add i32 %y, 1\n %y = add i32 1, 2\n ret i32 %x\n}",
      "define i32 @f() {\n %x = add i32 %x, 1\n ret i32 %x\n}",
      "define i32 @f(i1 %c) {\nentry:\n br i1 %c, label %a, label %b\na:\n %x = add i32 1, 2\n br label %b\n"
      "b:\n %p = phi i32 [ 1, %a ], [ %x, %entry ]\n ret i32 %p\n}",
      "define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {\n"
      " %v = invoke i32 @callee(i32 %n, ptr null) to label %fine unwind label %pad\nfine:\n ret i32 %v\n"
      "pad:\n %e = landingpad { ptr, i32 } cleanup\n ret i32 %v\n}",
      // Phis and edges.
      "define i32 @f(i1 %c) {\nentry:\n br i1 %c, label %a, label %b\na:\n br label %b\nb:\n %p = phi i32 [ 1, %a ]\n "
      "ret i32 %p\n}",
      "define i32 @f(i1 %c) {\nentry:\n br i1 %c, label %b, label %b\nb:\n %p = phi i32 [ 1, %entry ], [ 2, %entry ]\n "
      "ret i32 %p\n}",
      "define i32 @f(i1 %c) {\nentry:\n br i1 %c, label %a, label %b\na:\n br label %b\n"
      "b:\n %p = phi i32 [ 1, %a ], [ 1, %a ]\n ret i32 %p\n}",
      "define i32 @f() {\nentry:\n br label %b\nb:\n %x = add i32 1, 2\n %p = phi i32 [ 1, %entry ]\n ret i32 %p\n}",
      "define void @f() {\nentry:\n br label %entry\n}",
      // Types.
      "define i32 @f() {\n ret void\n}",
      "define void @f() {\n ret i32 1\n}",
      "define i32 @f(i32 %n) {\n %r = call i32 @llvm.ctlz.i32(i32 %n, i1 %n1)\n %n1 = trunc i32 %n to i1\n ret i32 "
      "%r\n}",
      "define i32 @f(i32 %n, i1 %c) {\n %r = call i32 @llvm.ctlz.i32(i32 %n, i1 %c)\n ret i32 %r\n}",
      "define void @f(ptr %l) {\n call void @llvm.va_start.p0(ptr %l)\n ret void\n}",
      "declare void @llvm.memmove.p0.p0.i64(ptr)\ndefine void @f(ptr %p) {\n call void @llvm.memmove.p0.p0.i64(ptr "
      "%p)\n ret void\n}",
      "define void @f(ptr %p) {\n call void @llvm.memcpy.p0.p0.i64(ptr %p, i32 1)\n ret void\n}",
      "define ptr @f() {\n ret ptr @llvm.va_start.p0\n}",
      // Exceptions.
      "define i32 @f(i32 %n) {\n %v = invoke i32 @callee(i32 %n, ptr null) to label %fine unwind label %pad\nfine:\n "
      "ret i32 %v\n"
      "pad:\n %e = landingpad { ptr, i32 } cleanup\n ret i32 0\n}",
      "define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {\n"
      " %v = invoke i32 @callee(i32 %n, ptr null) to label %fine unwind label %pad\nfine:\n ret i32 %v\npad:\n ret i32 "
      "0\n}",
      "define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {\nentry:\n br label %pad\n"
      "pad:\n %e = landingpad { ptr, i32 } cleanup\n ret i32 0\n}",
  };
  for (const char* body : bodies) {
    llvm::LLVMContext context;
    // The parser checks a little itself; what it refuses needs no check here.
    llvm::SMDiagnostic diagnostic;
    auto module = llvm::parseAssemblyString(std::string(kDeclarations) + body, diagnostic, context);
    if (!module)
      continue;
    EXPECT_TRUE(llvm::verifyFunction(*module->getFunction("f"))) << body;
    EXPECT_FALSE(BodyCheck().plainlyValid(*module->getFunction("f"))) << body;
  }
}

TEST(BodyCheck, ABlockMustEnd) {
  llvm::LLVMContext context;
  auto module = parse("define void @f() {\n ret void\n}", context);
  ASSERT_TRUE(module);
  llvm::Function& function = *module->getFunction("f");
  llvm::BasicBlock* empty = llvm::BasicBlock::Create(context, "", &function);
  EXPECT_FALSE(BodyCheck().plainlyValid(function));
  new llvm::UnreachableInst(context, empty);
  EXPECT_TRUE(BodyCheck().plainlyValid(function));
  function.getEntryBlock().getTerminator()->eraseFromParent();
  EXPECT_FALSE(BodyCheck().plainlyValid(function));
}

/// Changes that keep the types and break the rest, as often as not.
class Mutation {
public:
  Mutation(llvm::Function& function, unsigned seed) : random_(seed) {
    for (llvm::BasicBlock& block : function)
      blocks_.push_back(&block);
    for (llvm::Argument& argument : function.args())
      values_.push_back(&argument);
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      instructions_.push_back(&instruction);
      if (!instruction.getType()->isVoidTy())
        values_.push_back(&instruction);
    }
  }

  void apply() {
    llvm::Instruction* instruction = instructions_[pick(instructions_.size())];
    auto* phi = llvm::dyn_cast<llvm::PHINode>(instruction);
    switch (pick(5)) {
    case 0:
      return changeOperand(*instruction);
    case 1:
      if (instruction->isTerminator() && instruction->getNumSuccessors() > 0)
        return instruction->setSuccessor(pick(instruction->getNumSuccessors()), block());
      return changeOperand(*instruction);
    case 2:
      if (phi)
        return phi->setIncomingBlock(pick(phi->getNumIncomingValues()), block());
      return changeOperand(*instruction);
    case 3:
      if (phi && phi->getNumIncomingValues() > 1)
        return void(phi->removeIncomingValue(pick(phi->getNumIncomingValues()), false));
      return changeOperand(*instruction);
    default:
      llvm::Instruction* to = instructions_[pick(instructions_.size())];
      if (!instruction->isTerminator() && to != instruction)
        instruction->moveBefore(to);
    }
  }

private:
  unsigned pick(std::size_t count) { return static_cast<unsigned>(random_() % count); }
  llvm::BasicBlock* block() { return blocks_[pick(blocks_.size())]; }
  void changeOperand(llvm::Instruction& instruction) {
    if (instruction.getNumOperands() == 0)
      return;
    llvm::Use& use = instruction.getOperandUse(pick(instruction.getNumOperands()));
    std::vector<llvm::Value*> fitting;
    for (llvm::Value* value : values_)
      if (value->getType() == use->getType() && !llvm::isa<llvm::ConstantInt>(use.get()))
        fitting.push_back(value);
    if (!fitting.empty())
      use.set(fitting[pick(fitting.size())]);
  }

  std::mt19937 random_;
  std::vector<llvm::BasicBlock*> blocks_;
  std::vector<llvm::Instruction*> instructions_;
  std::vector<llvm::Value*> values_;
};

TEST(BodyCheck, AgreesWithLlvmOnChangedBodies) {
  llvm::LLVMContext context;
  auto original = parse(std::string(kDeclarations) + kSound, context);
  ASSERT_TRUE(original);
  BodyCheck check;
  unsigned passed = 0, refused = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    auto module = llvm::CloneModule(*original);
    for (llvm::Function& function : *module) {
      if (function.isDeclaration())
        continue;
      Mutation mutation(function, seed);
      for (unsigned changes = 1 + seed % 3; changes > 0; --changes)
        mutation.apply();
      bool invalid = llvm::verifyFunction(function);
      bool plain = BodyCheck().plainlyValid(function);
      ASSERT_FALSE(plain && invalid) << function.getName().str() << " seed " << seed;
      ++(plain ? passed : refused);
    }
  }
  EXPECT_GT(passed, 500u);
  EXPECT_GT(refused, 500u);
}

} // namespace
} // namespace kiln
