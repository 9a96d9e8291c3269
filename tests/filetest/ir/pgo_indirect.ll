; The targets that an indirect call had are guessed, the most frequent first, brought along from whatever file, and inlined.
; RUN: %ends 20 %kiln run --tier interpreter --profile-out %t.prof %s %inputs/hot_callees.ll
; RUN: %kiln run --tier O3 --profile-in %t.prof --dump ir:apply@O3 %s %inputs/hot_callees.ll | FileCheck %s --check-prefix=PGO
; RUN: %kiln run --tier O3 --no-pgo --profile-in %t.prof --dump ir:apply@O3 %s %inputs/hot_callees.ll | FileCheck %s --check-prefix=PLAIN
; RUN: %ends 20 %kiln run --tier O3 --profile-in %t.prof %s %inputs/hot_callees.ll

; PGO-LABEL: define {{.*}}.apply"
; PGO: icmp eq ptr %f, @"\01kiln.fn.{{[0-9]+}}.small"
; PGO-SAME: {{$}}
; PGO: icmp eq ptr %f, @"\01kiln.fn.{{[0-9]+}}.halve.f{{[0-9]+}}"
; PGO-NOT: kiln.slot
; PGO: call i32 %f(
; PGO-NOT: call
; PGO: {{^}}}
; PLAIN-LABEL: define {{.*}}.apply"
; PLAIN-NOT: icmp
; PLAIN: call i32 %f(
define i32 @apply(ptr %f, i32 %x) noinline {
  %r = call i32 %f(i32 %x)
  ret i32 %r
}

declare i32 @small(i32)
define internal i32 @halve(i32 %x) {
  %y = ashr i32 %x, 1
  ret i32 %y
}
define internal i32 @seldom(i32 %x) {
  ret i32 20
}

; Of 1000 calls 640 go to @small, 350 to @halve, 10 to @seldom. The result is that of the last call.
define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %first = icmp slt i32 %i, 640
  %second = icmp slt i32 %i, 990
  %late = select i1 %second, ptr @halve, ptr @seldom
  %f = select i1 %first, ptr @small, ptr %late
  %r = call i32 @apply(ptr %f, i32 %i)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, 1000
  br i1 %more, label %loop, label %done
done:
  ret i32 %r
}
