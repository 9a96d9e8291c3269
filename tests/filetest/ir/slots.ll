; Calls of the program's functions load their target from its slot; calls of others go there directly. An address that
; is taken is the stub's, also in the function itself.
; RUN: %kiln run --tier O0 --dump ir:f@O0 %s | FileCheck %s
; RUN: %kiln run --tier O3 --dump ir:f@O3 %s | FileCheck %s
; RUN: %kiln run --tier O0 --dump ir:f@O0 %s | FileCheck %s --check-prefix=EXTERNAL
; RUN: %kiln run --tier O0 --dump ir:take@O0 %s | FileCheck %s --check-prefix=STUB
; RUN: %kiln run --tier O0 --dump ir:self@O0 %s | FileCheck %s --check-prefix=SELF

declare i32 @abs(i32) nobuiltin

; CHECK: @kiln.slot.[[ID:[0-9]+]].callee = external dso_local global ptr, align 8
; CHECK: define {{.*}}.f"(i32 %n)
; CHECK: [[TARGET:%.*]] = load ptr, ptr @kiln.slot.[[ID]].callee, align 8
; CHECK: call i32 [[TARGET]](i32 %n)
; CHECK: call i32 @abs(i32

; EXTERNAL-NOT: kiln.slot.{{[0-9]+}}.abs
; EXTERNAL-NOT: kiln.fn.{{[0-9]+}}.abs
define i32 @f(i32 %n) {
  %a = call i32 @callee(i32 %n)
  %b = call i32 @abs(i32 %a) nobuiltin
  ret i32 %b
}

; STUB: ret ptr @{{.*}}kiln.fn.{{[0-9]+}}.callee"
define ptr @take() {
  ret ptr @callee
}

; A function's call of itself goes through the slot too: a loop of recursion climbs.
; SELF: define ptr @{{.*}}kiln.v.[[ID:[0-9]+]].O0.self"(
; SELF: [[OWN:%.*]] = load ptr, ptr @kiln.slot.[[ID]].self
; SELF: call ptr [[OWN]](i32
; SELF: ret ptr @{{.*}}kiln.fn.[[ID]].self"
define ptr @self(i32 %n) {
  %more = icmp sgt i32 %n, 0
  br i1 %more, label %again, label %done
again:
  %less = sub i32 %n, 1
  %p = call ptr @self(i32 %less)
  ret ptr %p
done:
  ret ptr @self
}

define i32 @callee(i32 %x) noinline {
  %y = sdiv i32 1000, %x
  ret i32 %y
}
