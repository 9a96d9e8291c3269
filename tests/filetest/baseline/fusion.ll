; What x86 does in one instruction, or two that belong together, is not made one by one: what several instructions of the IR
; have become, for each fusion.
; RUN: for f in branch immediate operand compared scaled stored update update_variable bit selects local extends loop real; do \
; RUN:   %kiln run --tier baseline --dump asm:$f %s || exit 1; done | FileCheck %s
; RUN: %kiln run --tier baseline --dump asm:jump_table %s | FileCheck %s --check-prefix=TABLE
; RUN: %kiln run --tier baseline --dump asm:local %s | FileCheck %s --check-prefix=PLAN

; A comparison is part of the branch.
; CHECK-LABEL: branch:
; CHECK:      # %[[#]] = icmp slt i64
; CHECK-NEXT: # br i1
; CHECK-NEXT: cmpq %[[B:r[a-z0-9]+]], %[[A:r[a-z0-9]+]]
; CHECK-NEXT: jge .[[#]]
; CHECK-NEXT: .[[#]]:
define i64 @branch(i64 %a, i64 %b) {
  %less = icmp slt i64 %a, %b
  br i1 %less, label %yes, label %no
yes:
  ret i64 1
no:
  ret i64 2
}

; CHECK-LABEL: immediate:
; CHECK:      addl $1000, %[[S:e?[a-z0-9]+]]
; CHECK:      testl %[[S]], %[[S]]
; CHECK-NEXT: je
; CHECK:      cmpl $77, %[[S]]
; CHECK-NEXT: jbe
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
; CHECK-LABEL: operand:
; CHECK:      = load i32
; CHECK-NEXT: = add i32
; CHECK-NEXT: addl (%r{{[a-z0-9]+}}), %e
define i32 @operand(i32 %a, ptr %p) {
  %v = load i32, ptr %p
  %s = add i32 %a, %v
  ret i32 %s
}
; CHECK-LABEL: compared:
; CHECK:      br i1
; CHECK-NEXT: cmpl %e{{[a-z0-9]+}}, 12(%r{{[a-z0-9]+}})
; CHECK-NEXT: jae
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
; CHECK-LABEL: scaled:
; CHECK:      = load i32
; CHECK-NEXT: movl 4(%r{{[a-z0-9]+}},%r{{[a-z0-9]+}},8), %e
define i32 @scaled(ptr %p, i64 %i) {
  %at = getelementptr { i32, i32 }, ptr %p, i64 %i, i32 1
  %v = load i32, ptr %at
  ret i32 %v
}
; CHECK-LABEL: stored:
; CHECK:      movw $3, (%r{{[a-z0-9]+}},%r{{[a-z0-9]+}},2)
; CHECK-NEXT: ret
; CHECK-NEXT: retq
define void @stored(ptr %p, i64 %i) {
  %at = getelementptr i16, ptr %p, i64 %i
  store i16 3, ptr %at
  ret void
}

; Loaded, changed and stored where it was.
; CHECK-LABEL: update:
; CHECK:      store i32
; CHECK-NEXT: addl %e{{[a-z0-9]+}}, 20(%r{{[a-z0-9]+}})
; CHECK-NEXT: ret
; CHECK-NEXT: retq
define void @update(ptr %p, i32 %a) {
  %at = getelementptr i32, ptr %p, i64 5
  %v = load i32, ptr %at
  %s = add i32 %v, %a
  store i32 %s, ptr %at
  ret void
}
; CHECK-LABEL: update_variable:
; CHECK:      store i32
; CHECK-NEXT: orl $4, x+8(%rip)
; CHECK-NEXT: ret
; CHECK-NEXT: retq
@x = global [8 x i32] zeroinitializer
define void @update_variable() {
  %v = load i32, ptr getelementptr (i8, ptr @x, i64 8)
  %s = or i32 %v, 4
  store i32 %s, ptr getelementptr (i8, ptr @x, i64 8)
  ret void
}

; CHECK-LABEL: bit:
; CHECK:      br i1
; CHECK-NEXT: testb $8, %
; CHECK-NEXT: jne
define i32 @bit(i32 %a) {
  %m = and i32 %a, 8
  %c = icmp eq i32 %m, 0
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 0
}

; CHECK-LABEL: selects:
; CHECK:      = select
; CHECK-NEXT: cmpq
; CHECK-NEXT: cmov
; CHECK-NEXT: ret
define i64 @selects(i64 %a, i64 %b) {
  %c = icmp ugt i64 %a, %b
  %m = select i1 %c, i64 %a, i64 %b
  ret i64 %m
}

; Variables and their fields are addresses of the frame.
; CHECK-LABEL: local:
; CHECK:      store i64
; CHECK-NEXT: movq %r{{[a-z0-9]+}}, -8(%rbp)
; CHECK-NEXT: call void @use
; CHECK-NEXT: leaq -16(%rbp), %rdi
; CHECK-NEXT: callq *slot.use(%rip)
; CHECK-NEXT: load i64
; CHECK-NEXT: movq -8(%rbp), %r
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

; CHECK-LABEL: extends:
; CHECK:      load i8
; CHECK-NEXT: movsbq (%r{{[a-z0-9]+}}), %r
; CHECK-NEXT: sext
; CHECK:      load i16
; CHECK-NEXT: movzwl 1(%r{{[a-z0-9]+}}), %e
; CHECK-NEXT: zext
; CHECK-NEXT: add
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
; CHECK-LABEL: loop:
; CHECK:      addq (%r{{[a-z0-9]+}},%[[I:r[a-z0-9]+]],8), %r
; CHECK-NEXT: add i64
; CHECK-NEXT: addq $1, %[[I]]
; CHECK-NEXT: icmp
; CHECK-NEXT: br i1
; CHECK-NEXT: cmpq %r{{[a-z0-9]+}}, %[[I]]
; CHECK-NEXT: jb .
; CHECK-NEXT: .[[#]]:
; CHECK-NEXT: ret i64
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

; CHECK-LABEL: real:
; CHECK:      fadd
; CHECK-NEXT: addsd (%r{{[a-z0-9]+}}), {{(%xmm[0-9]+, )?}}%xmm
; CHECK-NEXT: fmul
; CHECK-NEXT: mulsd .L[[#CONSTANT:]](%rip), {{(%xmm[0-9]+, )?}}%xmm
; CHECK:      .L[[#CONSTANT]]:
; CHECK-NEXT: .quad 0x3fe0000000000000
define double @real(double %a, ptr %p) {
  %v = load double, ptr %p
  %s = fadd double %a, %v
  %m = fmul double %s, 0.5
  ret double %m
}

; TABLE:      ja .[[#OTHER:]]
; TABLE-NEXT: leaq .L[[#TABLE:]](%rip), %r
; TABLE:      jmpq *%rax
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
