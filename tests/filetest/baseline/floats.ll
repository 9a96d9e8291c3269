; Floating point: operands in memory, comparisons in branches and selects, and what needs no call.
; REQUIRES: avx2
; RUN: bash -c 'for f in operand constant left branch equal swapped compared least greatest blended integer chosen fused_not \
; RUN:   square down number infinite tree again; do \
; RUN:   %kiln run --tier baseline --dump asm:$f@baseline %s || exit 1; done' | FileCheck %s
; RUN: bash -c 'for f in operand square least down; do \
; RUN:   %kiln run --tier baseline --baseline-plain-cpu --dump asm:$f@baseline %s || exit 1; done' \
; RUN:   | FileCheck %s --check-prefix=PLAIN

; CHECK-LABEL: operand:
; CHECK:      = fadd double
; CHECK-NEXT: vaddsd 8(%r{{[a-z0-9]+}}), %xmm0, %xmm0
; PLAIN-LABEL: operand:
; PLAIN:      = fadd double
; PLAIN-NEXT: addsd 8(%r{{[a-z0-9]+}}), %xmm0
define double @operand(ptr %p, double %a) {
  %at = getelementptr i8, ptr %p, i64 8
  %b = load double, ptr %at
  %s = fadd double %b, %a
  ret double %s
}

; CHECK-LABEL: constant:
; CHECK:      vmulss [[AT:.*]](%rip), %xmm0, %xmm0
; CHECK:      [[AT]]:
; CHECK-NEXT: .quad 0x0000000040200000
define float @constant(float %a) {
  %s = fmul float %a, 2.5
  ret float %s
}

; CHECK-LABEL: left:
; CHECK:      vmovsd {{.*}}(%rip), %xmm15
; CHECK-NEXT: vdivsd %xmm0, %xmm15, %xmm0
define double @left(double %a) {
  %s = fdiv double 1.0, %a
  ret double %s
}

; One jump: the operands are exchanged where the flags of "below" would be those of "unordered".
; CHECK-LABEL: branch:
; CHECK:      vucomisd %xmm0, %xmm1
; CHECK-NEXT: jbe
; CHECK-NOT:  j{{n?}}p
define i32 @branch(double %a, double %b) {
  %c = fcmp olt double %a, %b
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 2
}

; CHECK-LABEL: equal:
; CHECK:      vxorps %xmm14, %xmm14, %xmm14
; CHECK-NEXT: vucomisd %xmm14, %xmm0
; CHECK-NEXT: jnz [[NO:.*]]
; CHECK-NEXT: jp [[NO]]
define i32 @equal(double %a) {
  %c = fcmp oeq double %a, 0.0
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 2
}

; CHECK-LABEL: swapped:
; CHECK:      br i1
; CHECK-NEXT: vucomisd (%r{{[a-z0-9]+}}), %xmm0
define i32 @swapped(ptr %p, double %a) {
  %b = load double, ptr %p
  %c = fcmp olt double %b, %a
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 2
}

; CHECK-LABEL: compared:
; CHECK:      vcmpsd $0, %xmm1, %xmm0, %xmm15
; CHECK-NEXT: vmovd %xmm15, %e[[R:[a-z0-9]+]]
; CHECK-NEXT: and $1, %e[[R]]
define i1 @compared(double %a, double %b) {
  %c = fcmp oeq double %a, %b
  ret i1 %c
}

; CHECK-LABEL: least:
; CHECK:      vminsd %xmm1, %xmm0, %xmm0
; PLAIN-LABEL: square:
; PLAIN:      sqrtsd %xmm0, %xmm0
; PLAIN-LABEL: least:
; PLAIN:      minsd %xmm1, %xmm0
define double @least(double %a, double %b) {
  %c = fcmp olt double %a, %b
  %s = select i1 %c, double %a, double %b
  ret double %s
}

; Not (a <= b) or unordered: the other way round.
; CHECK-LABEL: greatest:
; CHECK:      vmaxsd %xmm1, %xmm0, %xmm0
define double @greatest(double %a, double %b) {
  %c = fcmp ule double %a, %b
  %s = select i1 %c, double %b, double %a
  ret double %s
}

; CHECK-LABEL: blended:
; CHECK:      vcmpsd $17, %xmm1, %xmm0, %xmm14
; CHECK-NEXT: vblendvpd %xmm14, %xmm2, %xmm3, %xmm0
define double @blended(double %a, double %b, double %x, double %y) {
  %c = fcmp olt double %a, %b
  %s = select i1 %c, double %x, double %y
  ret double %s
}

; CHECK-LABEL: integer:
; CHECK:      vucomisd %xmm1, %xmm0
; CHECK-NEXT: cmov{{nbe|be}} 
define i64 @integer(double %a, double %b, i64 %x, i64 %y) {
  %c = fcmp ogt double %a, %b
  %s = select i1 %c, i64 %x, i64 %y
  ret i64 %s
}

; CHECK-LABEL: chosen:
; CHECK:      cmp %e{{.*}}
; CHECK-NEXT: jl
; CHECK-NEXT: vmovaps %xmm1, %xmm0
define float @chosen(i32 %i, i32 %j, float %a, float %b) {
  %c = icmp slt i32 %i, %j
  %s = select i1 %c, float %a, float %b
  ret float %s
}

; Two roundings, in every tier.
; CHECK-LABEL: fused_not:
; CHECK:      vmulsd %xmm1, %xmm0, %xmm15
; CHECK-NEXT: vaddsd %xmm2, %xmm15, %xmm0
define double @fused_not(double %a, double %b, double %c) {
  %s = call double @llvm.fmuladd.f64(double %a, double %b, double %c)
  ret double %s
}

; CHECK-LABEL: square:
; CHECK:      vsqrtsd %xmm0, %xmm0, %xmm0
define double @square(double %a) {
  %s = call double @llvm.sqrt.f64(double %a)
  ret double %s
}

; CHECK-LABEL: down:
; CHECK:      vroundsd $9, %xmm0, %xmm0, %xmm0
; PLAIN-LABEL: down:
; PLAIN:      call *address.runtime
define double @down(double %a) {
  %s = call double @llvm.floor.f64(double %a)
  ret double %s
}

; CHECK-LABEL: number:
; CHECK:      vucomisd %xmm0, %xmm0
; CHECK-NEXT: setp %al
define i1 @number(double %a) {
  %c = fcmp uno double %a, 0.0
  ret i1 %c
}

; CHECK-LABEL: infinite:
; CHECK:      btr $63, %r10
; CHECK:      jbe
; CHECK-NOT:  jbe
; CHECK:      ret
define i1 @infinite(double %a) {
  %c = call i1 @llvm.is.fpclass.f64(double %a, i32 516)
  ret i1 %c
}

; An expression of x87 numbers stays on the x87 stack.
; CHECK-LABEL: tree:
; CHECK:      # ret
; CHECK-NEXT: fldt
; CHECK-NEXT: fldt
; CHECK-NEXT: fmulp
; CHECK-NEXT: fldt
; CHECK-NEXT: faddp
; CHECK-NEXT: fchs
define x86_fp80 @tree(x86_fp80 %a, x86_fp80 %b, ptr %p) {
  %m = fmul x86_fp80 %a, %b
  %c = load x86_fp80, ptr %p
  %s = fadd x86_fp80 %m, %c
  %n = fneg x86_fp80 %s
  ret x86_fp80 %n
}

; What is loaded for two uses is loaded twice.
; CHECK-LABEL: again:
; CHECK:      # ret
; CHECK-NEXT: fldt (%r[[P:[a-z0-9]+]])
; CHECK-NEXT: fldt (%r[[P]])
; CHECK-NEXT: fmulp
define x86_fp80 @again(ptr %p) {
  %a = load x86_fp80, ptr %p
  %s = fmul x86_fp80 %a, %a
  ret x86_fp80 %s
}

declare double @llvm.fmuladd.f64(double, double, double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.floor.f64(double)
declare i1 @llvm.is.fpclass.f64(double, i32)
define i32 @main() {
  ret i32 0
}
