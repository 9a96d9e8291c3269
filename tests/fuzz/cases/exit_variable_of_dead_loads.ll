; A variable that only a load names whose value nobody uses has no place in the state of a loop; an exit hands it on all the same.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@out = global i64 0

define i64 @run(i64 %a, i64 %b) {
entry:
  %v = alloca [160 x i8], align 16
  call void @llvm.memset.p0.i64(ptr align 16 %v, i8 1, i64 160, i1 false)
  br label %loop

loop:
  %i = phi i64 [ 0, %entry ], [ %next, %on ]
  %dead = load i64, ptr %v, align 16
  %bit = and i64 %i, 1
  %odd = icmp ne i64 %bit, 0
  br i1 %odd, label %left, label %on

left:
  store i64 %i, ptr @out, align 8
  br label %on

on:
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, 100
  br i1 %more, label %loop, label %done

done:
  ret i64 %next
}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
