// A world that reads lean, which has a reader of its own, has the same prepared functions as one that LLVM's reader fills.
#include <gtest/gtest.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>

#include "profile/ContentHash.h"
#include "program/BodyCheck.h"
#include "program/ModuleReader.h"
#include "program/SameBody.h"
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
  EXPECT_TRUE(source) << (source ? "" : source.error().message);
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
  EXPECT_EQ(attachments(*prepared(**lean, "jumps")), 0u);
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

/// Every kind of record that the reader knows, but for those of kText.
constexpr const char* kEveryKind = R"(
target triple = "x86_64-pc-linux-gnu"
module asm ".globl outside"
%pair = type { i32, ptr }
%nested = type <{ %pair, [3 x i16], <4 x float>, x86_fp80, i128 }>
%unknown = type opaque
$shared = comdat any
$largest = comdat largest
@number = global i32 -7, align 16
@hidden = hidden constant i128 -170141183460469231731687303715884105728, section "own", align 8
@text = private unnamed_addr constant [4 x i8] c"abc\00"
@bytes = internal constant [3 x i8] c"a\00b"
@words = local_unnamed_addr global [2 x i16] [i16 1, i16 -1]
@reals = global [2 x double] [double 1.5, double 0x7FF8000000000001]
@long = global x86_fp80 0xK3FFF8000000000000000
@quad = global fp128 0xL00000000000000003FFF000000000000
@small = global { half, bfloat, float } { half 0xH3C00, bfloat 0xR3F80, float 2.5 }
@lanes = global <2 x i64> <i64 3, i64 -3>
@bits = global <3 x i1> <i1 true, i1 false, i1 undef>
@mixed = global %nested <{ %pair { i32 9, ptr @text }, [3 x i16] zeroinitializer, <4 x float> poison, x86_fp80 undef, i128 5 }>
@late = global ptr getelementptr inbounds (%nested, ptr @mixed, i64 1, i32 1, i64 2)
@ranged = global ptr getelementptr inbounds inrange(-8, 8) (i8, ptr @mixed, i64 16)
@sum = global i64 add nuw nsw (i64 ptrtoint (ptr @number to i64), i64 4)
@flipped = global i64 xor (i64 ptrtoint (ptr @number to i64), i64 -1)
@casted = global ptr inttoptr (i64 16 to ptr)
@cut = global i32 trunc (i64 ptrtoint (ptr @number to i64) to i32)
@elsewhere = external global ptr
@weak = weak global ptr @elsewhere
@odr = linkonce_odr global ptr @function, comdat($shared)
@big = global i8 0, comdat($largest)
@maybe = extern_weak global i8
@common = common global [9 x i8] zeroinitializer
@thread = thread_local(initialexec) global i32 3
@outer = externally_initialized global i32 0
@llvm.used = appending global [1 x ptr] [ptr @number]
@self = global ptr @self
@alias = alias i32, ptr @number
@inner = internal alias i8, getelementptr (i8, ptr @mixed, i64 4)
@chosen = ifunc void (), ptr @choose

declare i32 @personality(...)
declare void @sink(...) #0
declare i64 @llvm.ctlz.i64(i64, i1 immarg)
declare void @llvm.experimental.noalias.scope.decl(metadata)
declare fastcc noalias nonnull align 8 dereferenceable(16) ptr @made(ptr noundef byval(%pair) align 8, i32 signext range(i32 0, 9)) #1

define internal ptr @choose() { ret ptr @function }

define void @function() { ret void }

define i64 @integers(i64 %a, i64 %b, i1 %c) {
  %1 = add nuw nsw i64 %a, %b
  %2 = sub nsw i64 %1, 3
  %3 = mul nuw i64 %2, -5
  %4 = udiv exact i64 %3, %a
  %5 = sdiv i64 %4, %b
  %6 = urem i64 %5, 7
  %7 = srem i64 %6, %a
  %8 = shl nuw i64 %7, 2
  %9 = lshr exact i64 %8, 1
  %10 = ashr i64 %9, %b
  %11 = and i64 %10, %1
  %12 = or disjoint i64 %11, 1
  %13 = xor i64 %12, -1
  %14 = trunc nuw nsw i64 %13 to i32
  %15 = zext nneg i32 %14 to i64
  %16 = sext i32 %14 to i64
  %17 = icmp ult i64 %15, %16
  %18 = select i1 %c, i64 %15, i64 %16
  %19 = freeze i64 %18
  %20 = call i64 @llvm.ctlz.i64(i64 %19, i1 true)
  %21 = select i1 %17, i64 %20, i64 1234567890123456789
  ret i64 %21
}

define nofpclass(nan) float @floats(float %a, double %b, <4 x float> %v, i32 %i) {
  %1 = fadd fast float %a, 1.0
  %2 = fsub nnan ninf float %1, %a
  %3 = fmul nsz arcp contract float %2, %a
  %4 = fdiv afn reassoc float %3, %a
  %5 = frem float %4, %a
  %6 = fneg nnan float %5
  %7 = fptosi double %b to i32
  %8 = fptoui double %b to i32
  %9 = uitofp nneg i32 %7 to float
  %10 = sitofp i32 %8 to float
  %11 = fptrunc double %b to float
  %12 = fpext float %11 to double
  %13 = fcmp fast olt double %12, %b
  %14 = select nnan i1 %13, float %9, float %10
  %15 = extractelement <4 x float> %v, i32 %i
  %16 = insertelement <4 x float> %v, float %14, i64 2
  %17 = shufflevector <4 x float> %16, <4 x float> %v, <4 x i32> <i32 0, i32 5, i32 poison, i32 3>
  %18 = bitcast <4 x float> %17 to i128
  %19 = trunc i128 %18 to i32
  %20 = bitcast i32 %19 to float
  %21 = call nnan float @llvm.fabs.f32(float %20)
  br i1 %13, label %one, label %two
one:
  br label %two
two:
  %22 = phi fast float [ %21, %0 ], [ %15, %one ]
  ret float %22
}
declare float @llvm.fabs.f32(float)

define i32 @memory(ptr %p, i32 %n, ptr addrspace(1) %q) {
  %a = alloca i32, align 4
  %b = alloca %nested, i32 %n, align 64
  %c = alloca inalloca i8, align 1
  %1 = load volatile i32, ptr %p, align 2
  store volatile i32 %1, ptr %a, align 4
  store i128 99, ptr %b, align 1
  %2 = load atomic i32, ptr %p syncscope("singlethread") acquire, align 4
  store atomic i32 %2, ptr %p release, align 4
  %3 = load atomic volatile i32, ptr %p syncscope("mine") monotonic, align 4
  %4 = cmpxchg weak volatile ptr %p, i32 %3, i32 4 acq_rel monotonic, align 4
  %5 = extractvalue { i32, i1 } %4, 0
  %6 = atomicrmw volatile umax ptr %p, i32 %5 seq_cst, align 4
  %7 = atomicrmw xchg ptr %p, i32 %6 monotonic, align 8
  fence syncscope("singlethread") seq_cst
  fence acquire
  %n64 = sext i32 %7 to i64
  %8 = getelementptr inbounds %nested, ptr %b, i64 %n64, i32 1, i64 2
  %9 = getelementptr nusw nuw i8, ptr %8, i64 1
  %10 = ptrtoint ptr %9 to i64
  %11 = inttoptr i64 %10 to ptr
  %12 = addrspacecast ptr addrspace(1) %q to ptr
  %13 = icmp eq ptr %11, %12
  %14 = insertvalue %pair zeroinitializer, ptr %11, 1
  %15 = insertvalue %pair %14, i32 7, 0
  %16 = extractvalue %pair %15, 1
  store ptr %16, ptr %p, align 8
  %17 = va_arg ptr %p, i32
  %18 = zext i1 %13 to i32
  %19 = add i32 %17, %18
  ret i32 %19
}

define i32 @control(i32 %x, ptr %f) prefix i32 5 prologue i8 1 personality ptr @personality {
entry:
  call void @llvm.experimental.noalias.scope.decl(metadata !0)
  switch i32 %x, label %default [ i32 1, label %one
                                  i32 -2, label %two ]
one:
  %1 = call fastcc ptr @made(ptr noundef byval(%pair) align 8 %f, i32 signext 3) #2
  %2 = tail call i32 (ptr, ...) %f(ptr @text, double 1.5, i64 7) [ "kcfi"(i32 5), "deopt"(ptr @function, i32 %x) ]
  notail call void asm sideeffect alignstack inteldialect "nop ; $0", "r,~{memory}"(i32 %2)
  invoke void @sink(ptr %1) to label %two unwind label %pad
two:
  %back = phi i32 [ 0, %entry ], [ 1, %one ], [ %next, %loop ]
  br label %loop
loop:
  %next = add i32 %back, 1
  %done = icmp sgt i32 %next, 9
  br i1 %done, label %default, label %two
default:
  %3 = invoke fastcc ptr @made(ptr null, i32 0) [ "deopt"(i32 1) ] to label %end unwind label %pad
pad:
  %4 = landingpad { ptr, i32 } cleanup catch ptr @number catch ptr null filter [1 x ptr] [ptr @text]
  resume { ptr, i32 } %4
end:
  %5 = musttail call i32 @control(i32 %x, ptr %3)
  ret i32 %5
nowhere:
  unreachable
}

define i64 @backwards(i64 %a) {
  br label %second
first:
  %sum = add i64 %later, %a
  %twice = add i64 %later, %sum
  ret i64 %twice
second:
  %later = mul i64 %a, 3
  br label %first
}

define ptr @labels(i32 %x) gc "shadow-stack" {
entry:
  indirectbr ptr blockaddress(@labels, %one), [label %one, label %two]
one:
  ret ptr blockaddress(@labels, %two)
two:
  ret ptr blockaddress(@foreign, %there)
}
define void @foreign() {
  br label %there
there:
  ret void
}
attributes #0 = { nounwind memory(argmem: read) "key"="value" "alone" }
attributes #1 = { allocsize(1) alignstack=32 uwtable(sync) vscale_range(1,2) allockind("alloc,zeroed") }
attributes #2 = { noinline memory(none) }
!0 = !{!1}
!1 = distinct !{!1, !2}
!2 = distinct !{!2}
)";

void expectSame(World& one, World& other, std::size_t left) {
  std::size_t index = 0;
  for (llvm::Function& function : other.module(0)) {
    llvm::Function& same = one.functionAt(0, index++);
    if (function.isDeclaration())
      continue;
    auto body = one.prepared(same), whole = other.prepared(function);
    ASSERT_TRUE(body) << body.error().message;
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(firstDifference(**body, **whole), "") << function.getName().str();
  }
  EXPECT_EQ(firstDifference(one.module(0), other.module(0)), "");
  EXPECT_EQ(one.leftToLlvm(), left);
  EXPECT_EQ(other.leftToLlvm(), 0u);
}

void expectSame(const char* text, std::size_t left) {
  auto bytes = sources(text);
  auto lean = World::open(bytes, Reading::Lean), whole = World::open(bytes);
  ASSERT_TRUE(lean && whole);
  expectSame(**lean, **whole, left);
}

TEST(LeanReading, ReadsEveryKindOfRecord) {
  expectSame(kText, 0);
  expectSame(kEveryKind, 0);
}

TEST(LeanReading, LeavesBodiesToLlvm) {
  // Metadata as an argument: of three bodies, one.
  const char* text = "declare double @llvm.experimental.constrained.fadd.f64(double, double, metadata, metadata)\n"
                     "@counter = internal global i32 0\ndeclare void @quiet() nounwind\n"
                     "define double @strict(double %a) strictfp {\n"
                     " %1 = call double @llvm.experimental.constrained.fadd.f64(double %a, double %a, "
                     "metadata !\"round.dynamic\", metadata !\"fpexcept.strict\") strictfp\n"
                     " store i32 1, ptr @counter\n call void @quiet()\n ret double %1\n}\n"
                     "define void @plain() {\n ret void\n}\n"
                     "define void @other() {\n call void @plain()\n ret void\n}\n";
  expectSame(text, 1);
  auto bytes = sources(text);
  auto lean = World::open(bytes, Reading::Lean);
  ASSERT_TRUE(lean);
  llvm::Function& strict = *(*lean)->module(0).getFunction("strict");
  EXPECT_FALSE((*lean)->module(0).getFunction("quiet")->doesNotThrow()); // nothing named it
  llvm::Function& body = *prepared(**lean, "strict");
  EXPECT_TRUE((*lean)->module(0).getFunction("quiet")->doesNotThrow());
  EXPECT_NE(&body, &strict);
  EXPECT_EQ(&body, prepared(**lean, "strict")); // once
  EXPECT_EQ((*lean)->leftToLlvm(), 1u);
  EXPECT_EQ((*lean)->original(&body), &strict);
  EXPECT_EQ((*lean)->moduleIndexOf(body.getParent()), 0u);
  const llvm::GlobalVariable& counter = *(*lean)->module(0).getGlobalVariable("counter", true);
  EXPECT_EQ((*lean)->original(body.getParent()->getGlobalVariable("counter", true)), &counter);
  EXPECT_EQ((*lean)->original(&counter), nullptr);
}

TEST(LeanReading, LeavesModulesToLlvm) {
  expectSame("declare void @scalable(<vscale x 4 x i32>)\ndefine void @plain() {\n ret void\n}\n", 1);
}

TEST(LeanReading, DamagedBytesDoNoHarm) {
  // Whatever is in the bytes: it is read, or left to LLVM. What was read can be looked at.
  auto bytes = sources(kEveryKind);
  const Source& sound = bytes->front();
  std::size_t opened = 0, refused = 0;
  for (std::size_t bit = 0; bit < sound.bitcode.size() * 8; bit += 3) {
    auto damaged = std::make_shared<std::vector<char>>(sound.bitcode.begin(), sound.bitcode.end());
    (*damaged)[bit / 8] = static_cast<char>((*damaged)[bit / 8] ^ (1 << (bit % 8)));
    if (bit % 8 == 0)
      damaged->resize(bit / 8 + 1);
    llvm::LLVMContext context;
    auto reader = ModuleReader::open(Source{"damaged", *damaged, damaged}, context);
    if (!reader)
      continue;
    ++opened;
    auto module = reader->takeModule();
    BodyCheck check;
    std::uint32_t index = 0;
    for (llvm::Function& function : *module) {
      bool body = function.isMaterializable();
      if (body && reader->readBody(index))
        check.plainlyValid(function);
      else
        refused += body;
      ++index;
    }
  }
  EXPECT_GT(opened, 100u); // or nothing was tested
  EXPECT_GT(refused, 100u);
}

} // namespace
} // namespace kiln
