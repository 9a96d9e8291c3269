; A loop whose trips are known when it is entered adds them up once, in front; a small other counts in a register and adds
; at its exits, but at O0, where it is asked at its back-edge.
; RUN: %kiln run --dump ir:known@O0 %s | FileCheck %s --check-prefix=KNOWN
; RUN: %kiln run --dump ir:unknown@O2 %s | FileCheck %s --check-prefix=UNKNOWN
; RUN: %kiln run --dump ir:unknown@O0 %s | FileCheck %s --check-prefix=FAST

; KNOWN-LABEL: define {{.*}}.known"
; KNOWN: entry:
; The second word is the loops' budget.
; KNOWN: load i64, ptr getelementptr inbounds ([2 x i64], ptr @kiln.count.{{[0-9]+}}.known, i64 0, i64 1)
; KNOWN: sub i64
; KNOWN: store i64
; KNOWN: call preserve_allcc void @kiln.rt.budget_spent
; KNOWN: {{^}}loop:
; KNOWN-NOT: kiln.count
; KNOWN: br i1 %end, label %done, label %loop
define i64 @known(ptr %data, i64 %count) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi i64 [ 0, %entry ], [ %more, %loop ]
  %at = getelementptr inbounds i64, ptr %data, i64 %i
  %value = load volatile i64, ptr %at
  %more = add i64 %sum, %value
  %next = add nuw nsw i64 %i, 1
  %end = icmp eq i64 %next, %count
  br i1 %end, label %done, label %loop
done:
  ret i64 %more
}

; FAST-LABEL: define {{.*}}.unknown"
; FAST: callbr void asm sideeffect "decq $0
; FAST: callbr void asm sideeffect "decq $0\0A\09js ${1:l}", {{.*}}getelementptr inbounds ([2 x i64], ptr @kiln.count.{{[0-9]+}}.unknown, i64 0, i64 1))

; UNKNOWN-LABEL: define {{.*}}.unknown"
; UNKNOWN: {{^}}loop:
; UNKNOWN-NEXT: %kiln.loops = phi i64 [ 0, %{{.*}} ], [ [[NEXT:%.*]], %loop ]
; UNKNOWN-NOT: kiln.count
; UNKNOWN: [[NEXT]] = add i64 %kiln.loops, 1
; UNKNOWN-NEXT: br i1 %end, label %done, label %loop
; UNKNOWN: {{^}}done:
; UNKNOWN: [[OLD:%.*]] = load i64, ptr getelementptr inbounds ([2 x i64], ptr @kiln.count.{{[0-9]+}}.unknown, i64 0, i64 1)
; UNKNOWN: sub i64 [[OLD]], %kiln.loops
define i64 @unknown(ptr %text) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr inbounds i8, ptr %text, i64 %i
  %value = load volatile i8, ptr %at
  %next = add nuw nsw i64 %i, 1
  %end = icmp eq i8 %value, 0
  br i1 %end, label %done, label %loop
done:
  ret i64 %i
}
