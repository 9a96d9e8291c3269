; A profile belongs to one body: that of a function of the same name but another body is not used, and code without any
; profile is what it is without the file.
; RUN: %ends 0 %kiln run --tier interpreter --profile-out %t.prof %s
; RUN: sed -e 's/slt i32 %x, 5$/slt i32 %x, 6/' %s > %t.ll
; RUN: not cmp -s %s %t.ll
; RUN: %kiln run --tier O3 --profile-in %t.prof --dump ir:f@O3 %t.ll > %t.other
; RUN: %kiln run --tier O3 --dump ir:f@O3 %t.ll > %t.none
; RUN: cmp %t.other %t.none
; RUN: %kiln run --tier O3 --profile-in %t.prof --dump ir:f@O3 %s | FileCheck %s

; CHECK: !"branch_weights", i32 5, i32 995}
@place = global i32 0
define void @f(i32 %x) noinline {
  %low = icmp slt i32 %x, 5
  br i1 %low, label %a, label %b
a:
  store volatile i32 1, ptr @place
  ret void
b:
  store volatile i32 2, ptr @place
  store volatile i32 3, ptr @place
  ret void
}
define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  call void @f(i32 %i)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, 1000
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
