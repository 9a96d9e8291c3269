; With a profile the callees that come along for inlining are those of hot calls: larger ones than without, from other
; files too, and none for calls that were never made.
; RUN: %ends 0 %kiln run --tier interpreter --profile-out %t.prof %s %inputs/hot_callees.ll
; RUN: %kiln run --tier O3 --profile-in %t.prof --dump ir:work@O3 %s %inputs/hot_callees.ll | FileCheck %s --check-prefix=PGO
; RUN: %kiln run --tier O3 --no-pgo --profile-in %t.prof --dump ir:work@O3 %s %inputs/hot_callees.ll | FileCheck %s --check-prefix=PLAIN
; RUN: %kiln run --tier O3 --dump ir:work@O3 %s %inputs/hot_callees.ll | FileCheck %s --check-prefix=PLAIN
; RUN: %ends 0 %kiln run --tier O3 --profile-in %t.prof %s %inputs/hot_callees.ll

declare i32 @large(i32)
declare i32 @small(i32)

; PGO-LABEL: define {{.*}}.work"
; PGO-NOT: kiln.slot.{{[0-9]+}}.large
; PGO: kiln.slot.{{[0-9]+}}.small
; PGO-NOT: kiln.slot.{{[0-9]+}}.large
; PGO: !"ProfileSummary"
; PLAIN-NOT: kiln.slot.{{[0-9]+}}.small
; PLAIN-LABEL: define {{.*}}.work"
; PLAIN-NOT: kiln.slot.{{[0-9]+}}.small
; PLAIN: kiln.slot.{{[0-9]+}}.large
; PLAIN-NOT: !prof
; PLAIN-NOT: !"ProfileSummary"
define i32 @work(i32 %x) {
  %odd = icmp slt i32 %x, 0
  br i1 %odd, label %never, label %always
never:
  %a = call i32 @small(i32 %x)
  br label %done
always:
  %b = call i32 @large(i32 3)
  br label %done
done:
  %r = phi i32 [ %a, %never ], [ %b, %always ]
  ret i32 %r
}

define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %r = call i32 @work(i32 %i)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, 1000
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
