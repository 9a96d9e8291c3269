; A forced exit at a call whose target is guessed: the pointer is alive there, for the interpreter calls by it.
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%s = type { i8, i64 }

@fuel = global i64 0, align 16
@table = constant [1 x ptr] [ptr @f0]

define i64 @run(i64 %0, i64 %1) {
entry:
  store i64 60, ptr @fuel, align 8, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  %2 = call signext i8 @f0(%s zeroinitializer, i16 zeroext 0, float 0.000000e+00)
  ret i64 0
}

; Function Attrs: noinline
define signext i8 @f0(%s %0, i16 zeroext %1, float %2) #0 {
entry:
  %3 = load i64, ptr @fuel, align 8, !keep !0
  %4 = sub i64 %3, 1, !keep !0
  store i64 %4, ptr @fuel, align 8, !keep !0
  %5 = icmp slt i64 %4, 0, !keep !0
  br i1 %5, label %empty, label %go, !keep !1

empty:                                            ; preds = %entry
  ret i8 0

go:                                               ; preds = %entry
  %6 = call ptr @llvm.stacksave.p0(), !keep !0
  br label %loop, !keep !0

exit:                                             ; preds = %loop
  ret i8 0

loop:                                             ; preds = %loop, %go
  %7 = phi i8 [ 16, %go ], [ %12, %loop ], !keep !0
  %8 = and i64 0, 0, !keep !0
  %9 = getelementptr [1 x ptr], ptr @table, i64 0, i64 %8, !keep !0
  %10 = load ptr, ptr %9, align 8, !keep !0
  %11 = call signext i8 %10(%s zeroinitializer, i16 zeroext 0, float 0.000000e+00)
  %12 = add i8 %7, -1, !keep !0
  %13 = icmp ne i8 %12, 0, !keep !0
  %14 = xor i1 %13, true, !keep !0
  br i1 %14, label %exit, label %loop, !keep !1
}

; Function Attrs: nocallback nofree nosync nounwind willreturn
declare ptr @llvm.stacksave.p0() #1

attributes #0 = { noinline }
attributes #1 = { nocallback nofree nosync nounwind willreturn }

!0 = !{}
!1 = !{i32 0}
