; The profile decides which way falls through: the same code, run with another argument, is laid out the other way round.
; RUN: %ends 0 %kiln run --tier interpreter --profile-out %t.left %s
; RUN: %ends 0 %kiln run --tier interpreter --profile-out %t.right %s -- right
; RUN: %kiln run --tier O3 --profile-in %t.left --dump asm:choose@O3 %s | FileCheck %s --check-prefix=LEFT
; RUN: %kiln run --tier O3 --profile-in %t.right --dump asm:choose@O3 %s | FileCheck %s --check-prefix=RIGHT
; RUN: %kiln run --tier O3 --profile-in %t.right --dump ir:choose@O3 %s | FileCheck %s --check-prefix=WEIGHTS

; The same profile gives the same code.
; RUN: %kiln run --tier O3 --profile-in %t.left --dump asm:choose@O3 %s > %t.1
; RUN: %kiln run --tier O3 --profile-in %t.left --dump asm:choose@O3 %s > %t.2
; RUN: cmp %t.1 %t.2

; LEFT: {{^}}kiln.v.
; LEFT: $1111
; LEFT: $2222
; RIGHT: {{^}}kiln.v.
; RIGHT: $2222
; RIGHT: $1111
; WEIGHTS: br i1 {{.*}}, !prof ![[WEIGHTS:[0-9]+]]
; WEIGHTS: ![[WEIGHTS]] = !{!"branch_weights", i32 {{0|1000}}, i32 {{0|1000}}}
@place = global i32 0
@other = global i64 0

define void @choose(i32 %way) noinline {
  %left = icmp eq i32 %way, 1
  br i1 %left, label %a, label %b
a:
  store volatile i32 1111, ptr @place
  br label %done
b:
  store volatile i64 2222, ptr @other
  br label %done
done:
  ret void
}

define i32 @main(i32 %argc, ptr %argv) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  call void @choose(i32 %argc)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, 1000
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
