; seed 127: interpreter and baseline4
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%s = type { [1 x i8], i1 }

@sink = global [16 x i64] zeroinitializer, align 16

define i64 @run(i64 %0, i64 %1) {
entry:
  br label %loop, !keep !0

exit:                                             ; preds = %again
  br label %loop5, !keep !0

loop:                                             ; preds = %entry
  br label %loop2, !keep !0

again:                                            ; preds = %exit1
  br label %exit

exit1:                                            ; preds = %again3
  br label %again

loop2:                                            ; preds = %loop
  br label %again3

again3:                                           ; preds = %loop2
  br label %exit1

exit4:                                            ; preds = %again6
  %2 = phi i3 [ -1, %again6 ]
  %3 = insertvalue %s { [1 x i8] c"\01", i1 true }, i8 0, 0, 0
  %4 = insertvalue %s %3, i1 true, 1
  %5 = call i64 @f2(float 0.000000e+00, %s zeroinitializer, %s %4)
  %6 = zext i3 %2 to i64
  %7 = add i64 0, %6
  %8 = getelementptr [16 x i64], ptr @sink, i64 0, i64 11
  %9 = xor i64 0, %7
  store i64 %9, ptr %8, align 8
  ret i64 0

loop5:                                            ; preds = %exit
  br label %left

again6:                                           ; preds = %exit11
  br label %exit4

exit11:                                           ; preds = %left
  br label %again6

left:                                             ; preds = %loop5
  br label %exit11
}

; Function Attrs: noinline
define i64 @f2(float %0, %s %1, %s %2) #0 {
entry:
  ret i64 0
}

attributes #0 = { noinline }

!0 = !{}
