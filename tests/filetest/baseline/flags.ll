; Flags of overflows and exchanges that are only branched on stay where the processor has them; tail calls are jumps; small blocks
; are copied in place.
; RUN: %kiln run --tier baseline --dump asm:add@baseline %s | FileCheck %s --check-prefix=ADD
; RUN: %kiln run --tier baseline --dump asm:kept@baseline %s | FileCheck %s --check-prefix=KEPT
; RUN: %kiln run --tier baseline --dump asm:exchange@baseline %s | FileCheck %s --check-prefix=EXCHANGE
; RUN: %kiln run --tier baseline --dump asm:count@baseline %s | FileCheck %s --check-prefix=COUNT
; RUN: %kiln run --tier baseline --dump asm:pass@baseline %s | FileCheck %s --check-prefix=PASS
; RUN: %kiln run --tier baseline --dump asm:stays@baseline %s | FileCheck %s --check-prefix=STAYS
; RUN: %kiln run --tier baseline --dump asm:copy@baseline %s | FileCheck %s --check-prefix=COPY
; RUN: %kiln run --tier baseline --dump asm:fence@baseline %s | FileCheck %s --check-prefix=FENCE

declare { i32, i1 } @llvm.sadd.with.overflow.i32(i32, i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; ADD: add:
; ADD-NOT: set
; ADD: add
; ADD-NOT: set
; ADD: j{{n?}}o
define i32 @add(i32 %a, i32 %b, ptr %to) {
  %both = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %a, i32 %b)
  %sum = extractvalue { i32, i1 } %both, 0
  store i32 %sum, ptr %to
  %over = extractvalue { i32, i1 } %both, 1
  br i1 %over, label %yes, label %no
yes:
  ret i32 -1
no:
  ret i32 %sum
}

; What is used twice is a value.
; KEPT: kept:
; KEPT: seto
define i1 @kept(i32 %a, i32 %b, ptr %to) {
  %both = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %a, i32 %b)
  %over = extractvalue { i32, i1 } %both, 1
  br i1 %over, label %yes, label %no
yes:
  store i32 1, ptr %to
  br label %no
no:
  ret i1 %over
}

; EXCHANGE: exchange:
; EXCHANGE: lock cmpxchg
; EXCHANGE-NOT: set
; EXCHANGE: j{{n?}}z
define i32 @exchange(ptr %at, i32 %from, i32 %to) {
  %both = cmpxchg ptr %at, i32 %from, i32 %to seq_cst seq_cst
  %done = extractvalue { i32, i1 } %both, 1
  br i1 %done, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 0
}

; An operation whose old value is not wanted is one instruction.
; COUNT: count:
; COUNT: lock addq $1, (%{{[a-z0-9]+}})
; COUNT-NOT: cmpxchg
; COUNT: ret
define void @count(ptr %at) {
  %old = atomicrmw add ptr %at, i64 1 seq_cst
  ret void
}

; PASS: pass:
; PASS-NOT: push
; PASS: jmp *slot.add(%rip)
; PASS-NOT: {{^ +ret}}
define i32 @pass(i32 %a, i32 %b, ptr %to) {
  %less = sub i32 %a, 1
  %r = tail call i32 @add(i32 %less, i32 %b, ptr %to)
  ret i32 %r
}

; Without the mark the callee may use what is in the frame.
; STAYS: stays:
; STAYS: call *slot.add(%rip)
define i32 @stays(i32 %a, i32 %b) {
  %to = alloca i32
  %r = call i32 @add(i32 %a, i32 %b, ptr %to)
  ret i32 %r
}

; COPY: copy:
; COPY-NOT: {{^ +call}}
; COPY-COUNT-2: movups %xmm15, {{[0-9]*}}(
; COPY-NOT: {{^ +call}}
define void @copy(ptr %to, ptr %from) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 31, i1 false)
  ret void
}

; FENCE: fence:
; FENCE: lock orl $0, (%rsp)
; FENCE-NOT: lock
; FENCE: ret
define void @fence() {
  fence acquire
  fence release
  fence seq_cst
  fence syncscope("singlethread") seq_cst
  ret void
}

define i32 @main() {
  ret i32 0
}
