; seed 36: interpreter and baseline
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%s.1 = type { i1 }
%s = type { i8, i64, { i16, float }, i32 }

@sink = global [16 x i64] zeroinitializer, align 16

declare i32 @__gxx_personality_v0(...)

define i64 @run(i64 %0, i64 %1) personality ptr @__gxx_personality_v0 {
entry:
  %2 = alloca %s.1, align 16, !keep !0
  %3 = alloca [160 x i8], align 16, !keep !0
  call void @llvm.memset.p0.i64(ptr align 16 %3, i8 -27, i64 160, i1 false), !keep !0
  %4 = load <2 x double>, ptr %3, align 16, !keep !0
  %5 = fcmp uno <2 x double> %4, %4, !keep !0
  %6 = bitcast <2 x double> %4 to <2 x i64>, !keep !0
  %7 = select <2 x i1> %5, <2 x i64> <i64 9221120237041090560, i64 9221120237041090560>, <2 x i64> %6, !keep !0
  %8 = bitcast <2 x i64> %7 to <2 x double>, !keep !0
  %9 = insertvalue %s.1 zeroinitializer, i1 true, 0
  %10 = extractvalue %s.1 %9, 0
  store %s.1 zeroinitializer, ptr %2, align 1, !keep !0
  %11 = insertvalue %s.1 zeroinitializer, i1 %10, 0
  %12 = extractvalue %s.1 %11, 0
  store %s.1 %11, ptr %2, align 1
  %13 = zext i64 0 to i127
  %14 = insertvalue %s zeroinitializer, i64 0, 1
  %15 = insertvalue %s %14, i32 0, 3
  %16 = call i64 @f3(<2 x double> %8, i64 0, %s zeroinitializer, i1 %10, i128 0, <2 x i32> zeroinitializer, <16 x i8> zeroinitializer, ptr byval(%s.1) align 16 %2, double 0.000000e+00, i127 %13, %s %15)
  %17 = zext i1 %12 to i64
  %18 = add i64 0, %17
  %19 = getelementptr [16 x i64], ptr @sink, i64 0, i64 0
  %20 = xor i64 0, %18
  store i64 %20, ptr %19, align 8
  ret i64 0
}

define i64 @f3(<2 x double> %0, i64 %1, %s %2, i1 %3, i128 %4, <2 x i32> %5, <16 x i8> %6, ptr byval(%s.1) align 16 %7, double %8, i127 %9, %s %10) {
entry:
  ret i64 0
}

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: write)
declare void @llvm.memset.p0.i64(ptr nocapture writeonly, i8, i64, i1 immarg) #0

attributes #0 = { nocallback nofree nounwind willreturn memory(argmem: write) }

!0 = !{}
