; Counting is added where a higher tier is ahead, and only there.
; The fast code generator would make seven instructions of a decrement and its check: at O0 both are assembly.
; RUN: %kiln run --dump ir:f@O0 %s | FileCheck %s --check-prefix=FAST
; RUN: %kiln run --dump ir:f@O2 %s | FileCheck %s --check-prefix=COUNTS
; RUN: %kiln run --dump ir:f@O3 %s | FileCheck %s --check-prefix=SILENT
; RUN: %kiln run --tier O0 --dump ir:f@O0 %s | FileCheck %s --check-prefix=SILENT
; RUN: %kiln run --counters off --dump ir:f@O0 %s | FileCheck %s --check-prefix=SILENT
; RUN: %kiln run --counters on --dump ir:f@O3 %s | FileCheck %s --check-prefix=COUNTS
; RUN: %kiln run --ladder O0,O1@5 --dump ir:f@O1 %s | FileCheck %s --check-prefix=SILENT

; FAST: @kiln.count.[[ID:[0-9]+]].f = external dso_local global [2 x i64], align 16
; FAST: callbr void asm sideeffect "decq $0\0A\09js ${1:l}", {{.*}}(ptr elementtype(i64) @kiln.count.[[ID]].f)
; FAST: call preserve_allcc void @kiln.rt.budget_spent(ptr @kiln.count.[[ID]].f)

; COUNTS: @kiln.count.[[ID:[0-9]+]].f = external dso_local global [2 x i64], align 16
; COUNTS: define i32 @{{.*}}kiln.v.[[ID]].O{{[0-3]}}.f"
; COUNTS: [[OLD:%.*]] = load i64, ptr @kiln.count.[[ID]].f
; COUNTS: [[LEFT:%.*]] = sub i64 [[OLD]], 1
; COUNTS-NEXT: store i64 [[LEFT]], ptr @kiln.count.[[ID]].f
; COUNTS-NEXT: [[SPENT:%.*]] = icmp slt i64 [[LEFT]], 0
; COUNTS-NEXT: br i1 [[SPENT]], {{.*}}!prof
; COUNTS: call preserve_allcc void @kiln.rt.budget_spent(ptr @kiln.count.[[ID]].f)
; COUNTS-NOT: atomicrmw

; SILENT-NOT: kiln.count
; SILENT-NOT: kiln.rt.budget_spent
define i32 @f(i32 %x) {
  %y = mul i32 %x, 7
  ret i32 %y
}
