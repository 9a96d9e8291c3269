; Instructions with two things outside of the code: a variable in memory and the address of another.
; RUN: %ends 0 %kiln run --tier baseline --crash-on-refusal %s
; RUN: %ends 0 %kiln run --tier baseline --crash-on-refusal --baseline-registers 4 %s
; RUN: %kiln run --tier baseline --dump asm:points %s | FileCheck %s

@a = global [4 x i64] [i64 1, i64 2, i64 3, i64 4]
@b = global i64 5
@p = global ptr getelementptr (i8, ptr @a, i64 16)

; CHECK-LABEL: points:
; CHECK: lea a+16(%rip), %[[ADDRESS:[a-z0-9]+]]
; CHECK: cmp %[[ADDRESS]], p(%rip)
define i1 @points() noinline {
  %p = load ptr, ptr @p
  %c = icmp eq ptr %p, getelementptr (i8, ptr @a, i64 16)
  br i1 %c, label %yes, label %no
yes:
  ret i1 true
no:
  ret i1 false
}
define void @point() noinline {
  store ptr @b, ptr @p
  ret void
}
define i1 @moves() noinline {
  %old = load i64, ptr @b
  %new = add i64 %old, ptrtoint (ptr @a to i64)
  store i64 %new, ptr @b
  %back = load i64, ptr @b
  %less = sub i64 %back, ptrtoint (ptr @a to i64)
  %c = icmp eq i64 %less, 5
  ret i1 %c
}
define i32 @main() {
  %first = call i1 @points()
  call void @point()
  %second = call i1 @points()
  %third = call i1 @moves()
  %not = xor i1 %second, true
  %x = and i1 %first, %not
  %all = and i1 %x, %third
  %bad = xor i1 %all, true
  %status = zext i1 %bad to i32
  ret i32 %status
}
