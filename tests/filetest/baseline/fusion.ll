; What x86 does in one instruction, or two that belong together, is not made one by one: what several instructions of the IR
; have become, for each fusion.
; RUN: %kiln run --tier baseline --dump asm:branch %s | FileCheck %s --check-prefix=BRANCH
; RUN: %kiln run --tier baseline --dump asm:immediate %s | FileCheck %s --check-prefix=IMMEDIATE
; RUN: %kiln run --tier baseline --dump asm:operand %s | FileCheck %s --check-prefix=OPERAND
; RUN: %kiln run --tier baseline --dump asm:compared %s | FileCheck %s --check-prefix=COMPARED
; RUN: %kiln run --tier baseline --dump asm:scaled %s | FileCheck %s --check-prefix=SCALED
; RUN: %kiln run --tier baseline --dump asm:stored %s | FileCheck %s --check-prefix=STORED
; RUN: %kiln run --tier baseline --dump asm:update %s | FileCheck %s --check-prefix=UPDATE
; RUN: %kiln run --tier baseline --dump asm:update_variable %s | FileCheck %s --check-prefix=UPDATE-VARIABLE
; RUN: %kiln run --tier baseline --dump asm:bit %s | FileCheck %s --check-prefix=BIT
; RUN: %kiln run --tier baseline --dump asm:selects %s | FileCheck %s --check-prefix=SELECTS
; RUN: %kiln run --tier baseline --dump asm:local %s | FileCheck %s --check-prefix=LOCAL
; RUN: %kiln run --tier baseline --dump asm:extends %s | FileCheck %s --check-prefix=EXTENDS
; RUN: %kiln run --tier baseline --dump asm:loop %s | FileCheck %s --check-prefix=LOOP
; RUN: %kiln run --tier baseline --dump asm:real %s | FileCheck %s --check-prefix=REAL
; RUN: %kiln run --tier baseline --dump asm:local %s | FileCheck %s --check-prefix=PLAN
; RUN: %kiln run --tier baseline --dump asm:jump_table %s | FileCheck %s --check-prefix=TABLE

; A comparison is part of the branch.
; BRANCH-LABEL: branch:
; BRANCH: # %[[#]] = icmp slt i64
; BRANCH-NEXT: # br i1
; BRANCH-NEXT: cmp %[[B:r[a-z0-9]+]], %[[A:r[a-z0-9]+]]
; BRANCH-NEXT: jnl .[[#]]
; BRANCH-NEXT: .[[#]]:
define i64 @branch(i64 %a, i64 %b) {
  %less = icmp slt i64 %a, %b
  br i1 %less, label %yes, label %no
yes:
  ret i64 1
no:
  ret i64 2
}

; IMMEDIATE-LABEL: immediate:
; IMMEDIATE: add $1000, %[[S:e?[a-z0-9]+]]
; IMMEDIATE: test %[[S]], %[[S]]
; IMMEDIATE-NEXT: jz
; IMMEDIATE: cmp $77, %[[S]]
; IMMEDIATE-NEXT: jbe
define i32 @immediate(i32 %a) {
  %s = add i32 %a, 1000
  %zero = icmp eq i32 %s, 0
  br i1 %zero, label %yes, label %no
yes:
  ret i32 7
no:
  %big = icmp ugt i32 %s, 77
  br i1 %big, label %yes, label %end
end:
  ret i32 %s
}

; A load is the operand of what uses it, with its address.
; OPERAND-LABEL: operand:
; OPERAND: = load i32
; OPERAND-NEXT: = add i32
; OPERAND-NEXT: add (%r{{[a-z0-9]+}}), %e
define i32 @operand(i32 %a, ptr %p) {
  %v = load i32, ptr %p
  %s = add i32 %a, %v
  ret i32 %s
}
; COMPARED-LABEL: compared:
; COMPARED: br i1
; COMPARED-NEXT: cmp %e{{[a-z0-9]+}}, 12(%r{{[a-z0-9]+}})
; COMPARED-NEXT: jnb
define i32 @compared(i32 %a, ptr %p) {
  %field = getelementptr i8, ptr %p, i64 12
  %v = load i32, ptr %field
  %c = icmp ult i32 %v, %a
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 0
}
; SCALED-LABEL: scaled:
; SCALED: = load i32
; SCALED-NEXT: mov 4(%r{{[a-z0-9]+}},%r{{[a-z0-9]+}},8), %e
define i32 @scaled(ptr %p, i64 %i) {
  %at = getelementptr { i32, i32 }, ptr %p, i64 %i, i32 1
  %v = load i32, ptr %at
  ret i32 %v
}
; STORED-LABEL: stored:
; STORED: movw $3, (%r{{[a-z0-9]+}},%r{{[a-z0-9]+}},2)
; STORED-NEXT: ret
; STORED-NEXT: ret
define void @stored(ptr %p, i64 %i) {
  %at = getelementptr i16, ptr %p, i64 %i
  store i16 3, ptr %at
  ret void
}

; Loaded, changed and stored where it was.
; UPDATE-LABEL: update:
; UPDATE: store i32
; UPDATE-NEXT: add %e{{[a-z0-9]+}}, 20(%r{{[a-z0-9]+}})
; UPDATE-NEXT: ret
; UPDATE-NEXT: ret
define void @update(ptr %p, i32 %a) {
  %at = getelementptr i32, ptr %p, i64 5
  %v = load i32, ptr %at
  %s = add i32 %v, %a
  store i32 %s, ptr %at
  ret void
}
; UPDATE-VARIABLE-LABEL: update_variable:
; UPDATE-VARIABLE: store i32
; UPDATE-VARIABLE-NEXT: orl $4, x+8(%rip)
; UPDATE-VARIABLE-NEXT: ret
; UPDATE-VARIABLE-NEXT: ret
@x = global [8 x i32] zeroinitializer
define void @update_variable() {
  %v = load i32, ptr getelementptr (i8, ptr @x, i64 8)
  %s = or i32 %v, 4
  store i32 %s, ptr getelementptr (i8, ptr @x, i64 8)
  ret void
}

; BIT-LABEL: bit:
; BIT: br i1
; BIT-NEXT: test $8, %
; BIT-NEXT: jnz
define i32 @bit(i32 %a) {
  %m = and i32 %a, 8
  %c = icmp eq i32 %m, 0
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 0
}

; SELECTS-LABEL: selects:
; SELECTS: = select
; SELECTS-NEXT: cmp
; SELECTS-NEXT: cmov
; SELECTS-NEXT: ret
define i64 @selects(i64 %a, i64 %b) {
  %c = icmp ugt i64 %a, %b
  %m = select i1 %c, i64 %a, i64 %b
  ret i64 %m
}

; Variables and their fields are addresses of the frame.
; LOCAL-LABEL: local:
; LOCAL: store i64
; LOCAL-NEXT: mov %r{{[a-z0-9]+}}, -8(%rbp)
; LOCAL-NEXT: call void @use
; LOCAL-NEXT: lea -16(%rbp), %rdi
; LOCAL-NEXT: call *slot.use(%rip)
; LOCAL-NEXT: load i64
; LOCAL-NEXT: mov -8(%rbp), %r
; PLAN:      # local: {{[0-9]+}} bytes of code; frame of 16 bytes
; PLAN:      # %{{.*}}: variable at -16
define i64 @local(i64 %a) {
  %pair = alloca { i64, i64 }
  %second = getelementptr { i64, i64 }, ptr %pair, i32 0, i32 1
  store i64 %a, ptr %second
  call void @use(ptr %pair)
  %v = load i64, ptr %second
  ret i64 %v
}
define void @use(ptr %p) noinline {
  ret void
}

; EXTENDS-LABEL: extends:
; EXTENDS: load i8
; EXTENDS-NEXT: movsxb (%r{{[a-z0-9]+}}), %r
; EXTENDS-NEXT: sext
; EXTENDS: load i16
; EXTENDS-NEXT: movzxw 1(%r{{[a-z0-9]+}}), %e
; EXTENDS-NEXT: zext
; EXTENDS-NEXT: add
define i64 @extends(ptr %p) {
  %v = load i8, ptr %p
  %w = sext i8 %v to i64
  %q = getelementptr i8, ptr %p, i64 1
  %u = load i16, ptr %q
  %z = zext i16 %u to i64
  %s = add i64 %w, %z
  ret i64 %s
}

; Four instructions a round, and nothing is moved at its end.
; LOOP-LABEL: loop:
; LOOP: add (%r{{[a-z0-9]+}},%[[I:r[a-z0-9]+]],8), %r
; LOOP-NEXT: add i64
; LOOP-NEXT: add $1, %[[I]]
; LOOP-NEXT: icmp
; LOOP-NEXT: br i1
; LOOP-NEXT: cmp %r{{[a-z0-9]+}}, %[[I]]
; LOOP-NEXT: jb .
; LOOP-NEXT: .[[#]]:
; LOOP-NEXT: ret i64
define i64 @loop(ptr %p, i64 %n) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %head ]
  %s = phi i64 [ 0, %entry ], [ %s1, %head ]
  %at = getelementptr i64, ptr %p, i64 %i
  %v = load i64, ptr %at
  %s1 = add i64 %s, %v
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %n
  br i1 %more, label %head, label %done
done:
  ret i64 %s1
}

; REAL-LABEL: real:
; REAL: fadd
; REAL-NEXT: addsd (%r{{[a-z0-9]+}}), {{(%xmm[0-9]+, )?}}%xmm
; REAL-NEXT: fmul
; REAL-NEXT: mulsd .L[[#CONSTANT:]](%rip), {{(%xmm[0-9]+, )?}}%xmm
; REAL: .L[[#CONSTANT]]:
; REAL-NEXT: .quad 0x3fe0000000000000
define double @real(double %a, ptr %p) {
  %v = load double, ptr %p
  %s = fadd double %a, %v
  %m = fmul double %s, 0.5
  ret double %m
}

; TABLE:      jnbe .[[#OTHER:]]
; TABLE-NEXT: lea .L[[#TABLE:]](%rip), %r
; TABLE:      jmp %rax
; TABLE-NEXT: .L[[#TABLE]]:
; TABLE-NEXT: .long .[[#A:]]
; TABLE-NEXT: .long .[[#OTHER]]
; TABLE-NEXT: .long .[[#C:]]
; TABLE-NEXT: .long .[[#A]]
; TABLE-NEXT: .long .[[#C]]
; TABLE-NEXT: .long .[[#A]]
; TABLE:      .[[#A]]:
; TABLE-NEXT: ret i32 1
define i32 @jump_table(i32 %n) {
  switch i32 %n, label %other [ i32 10, label %a
    i32 12, label %c
    i32 13, label %a
    i32 14, label %c
    i32 15, label %a ]
a:
  ret i32 1
c:
  ret i32 3
other:
  ret i32 0
}

define i32 @main() {
  ret i32 0
}
