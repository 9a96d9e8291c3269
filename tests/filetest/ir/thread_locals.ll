; Thread-local variables of the program lie in a block that the runtime has for each thread.
; RUN: %kiln run --tier O0 --dump ir:f@O0 %s | FileCheck %s
; RUN: %kiln run --tier O2 --dump ir:twice@O2 %s | FileCheck %s --check-prefix=TWICE

@first = thread_local global i64 1
@second = thread_local global i32 7

; CHECK-NOT: thread_local
; CHECK: [[BASE:%.*]] = call ptr @kiln.rt.tls_base(ptr @kiln.tls.program)
; CHECK: [[AT:%.*]] = getelementptr inbounds i8, ptr [[BASE]], i64 8
; CHECK: load i32, ptr [[AT]]
define i32 @f() {
  %at = call ptr @llvm.threadlocal.address.p0(ptr @second)
  %v = load i32, ptr %at
  ret i32 %v
}

; The block does not move while a function runs: one question is enough.
; TWICE: call ptr @kiln.rt.tls_base
; TWICE-NOT: call ptr @kiln.rt.tls_base
define i64 @twice() {
  %v = load i64, ptr @first
  %w = load i32, ptr @second
  %x = zext i32 %w to i64
  %s = add i64 %v, %x
  ret i64 %s
}

declare ptr @llvm.threadlocal.address.p0(ptr)
