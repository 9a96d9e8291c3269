; From O2 on the bodies of small callees are brought along for inlining, from other modules too. They are not compiled
; again: what is not inlined is a declaration.
; RUN: %kiln run --dump ir:main@O0 %s %inputs/callees.ll | FileCheck %s --check-prefix=O0
; RUN: %kiln run --dump ir:main@O2 %s %inputs/callees.ll | FileCheck %s --check-prefix=O2
; RUN: %kiln run --dump ir:main@O2 %s %inputs/callees.ll | FileCheck %s --check-prefix=ONCE
; RUN: %ends 57 %kiln run --tier O0 %s %inputs/callees.ll
; RUN: %ends 57 %kiln run --tier O2 %s %inputs/callees.ll

declare i32 @tiny(i32)
declare i32 @never(i32)
declare i32 @helped(i32)

; O0: load ptr, ptr @kiln.slot.{{[0-9]+}}.tiny
; O0: load ptr, ptr @kiln.slot.{{[0-9]+}}.never
; O0: load ptr, ptr @kiln.slot.{{[0-9]+}}.helped

; O2-NOT: .tiny
; O2: define i32 @{{.*}}.main"
; O2: load ptr, ptr @kiln.slot.{{[0-9]+}}.never
; The static helper of the other module, reached through two calls, is inlined as well.
; O2-NOT: .helper
; O2-NOT: .tiny

; ONCE-COUNT-1: define
; ONCE-NOT: define
define i32 @main(i32 %argc, ptr %argv) {
  %a = call i32 @tiny(i32 %argc)
  %b = call i32 @never(i32 %a)
  %c = call i32 @helped(i32 %b)
  ret i32 %c
}
