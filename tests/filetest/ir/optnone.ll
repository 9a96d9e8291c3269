; Bitcode of clang -O0 marks every function optnone. Here the tier says what to optimise.
; RUN: %kiln run --tier O2 --dump ir:f@O2 %s | FileCheck %s
; RUN: %kiln run --tier O2 --dump ir:f@O2 %s | FileCheck %s --check-prefix=ATTRIBUTES

; CHECK-LABEL: define {{.*}}.f"
; CHECK-NOT: alloca
; CHECK-NOT: load
; The callee, noinline for the sake of optnone only, is inlined: (x + 1) * 3.
; CHECK-NOT: call
; CHECK: ret i32

; ATTRIBUTES-NOT: optnone
; ATTRIBUTES-NOT: noinline
define i32 @f(i32 %x) noinline optnone {
  %slot = alloca i32, align 4
  store i32 %x, ptr %slot, align 4
  %a = load i32, ptr %slot, align 4
  %b = add i32 %a, 1
  store i32 %b, ptr %slot, align 4
  %c = load i32, ptr %slot, align 4
  %d = call i32 @triple(i32 %c)
  ret i32 %d
}
define i32 @triple(i32 %x) noinline optnone {
  %slot = alloca i32, align 4
  store i32 %x, ptr %slot, align 4
  %a = load i32, ptr %slot, align 4
  %b = mul i32 %a, 3
  ret i32 %b
}
