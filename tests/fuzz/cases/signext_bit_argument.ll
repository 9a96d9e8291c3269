; seed 810383: O0 passed a signext i1 with zeros above the bit to code of O2
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%s = type { double }

@fuel = global i64 0, align 16
@sink = global [16 x i64] zeroinitializer, align 16

define i64 @run(i64 %0, i64 %1) {
entry:
  %2 = alloca %s, align 16, !keep !0
  %3 = alloca %s, align 16, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  store %s zeroinitializer, ptr %3, align 8, !keep !0
  %4 = call i64 @f1(i64 0, i1 signext false, ptr byval(%s) align 16 %3)
  store i64 60, ptr @fuel, align 8, !keep !0
  %5 = trunc i64 %0 to i1
  store %s zeroinitializer, ptr %2, align 8, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  %6 = call i64 @f1(i64 0, i1 signext %5, ptr byval(%s) align 16 %2)
  ret i64 0
}

; Function Attrs: noinline
define i64 @f1(i64 %0, i1 signext %1, ptr byval(%s) align 16 %2) #0 {
entry:
  %3 = load i64, ptr @fuel, align 8, !keep !0
  %4 = sub i64 %3, 1, !keep !0
  store i64 %4, ptr @fuel, align 8, !keep !0
  %5 = icmp slt i64 %4, 0, !keep !0
  br i1 %5, label %empty, label %go, !keep !1

empty:                                            ; preds = %entry
  ret i64 0

go:                                               ; preds = %entry
  %6 = sext i1 %1 to i64
  %7 = add i64 0, %6
  %8 = getelementptr [16 x i64], ptr @sink, i64 0, i64 0
  %9 = xor i64 0, %7
  store i64 %9, ptr %8, align 8
  ret i64 0
}

attributes #0 = { noinline }

!0 = !{}
!1 = !{i32 0}
