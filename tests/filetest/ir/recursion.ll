; From O2 on one level of a recursion is inlined: a copy of the function comes along under another name. Calls in tail position
; are left to become loops; a call of the copy that LLVM does not inline goes to the function's slot.
; RUN: %kiln run --dump ir:half@O0 %s | FileCheck %s --check-prefix=O0
; RUN: %kiln run --dump ir:half@O2 %s | FileCheck %s --check-prefix=O2
; RUN: %kiln run --dump ir:tail@O2 %s | FileCheck %s --check-prefix=TAIL
; RUN: %kiln run --dump ir:large@O2 %s | FileCheck %s --check-prefix=LARGE
; RUN: %ends 116 %kiln run --tier interpreter %s
; RUN: %ends 116 %kiln run --tier O2 %s
; RUN: %ends 116 %kiln run --tier O3 %s
; RUN: %ends 116 %kiln run --tier O3 --osr-at 1 %s

; O0-LABEL: define {{.*}}.half"
; O0-NOT: lshr i32 %n, 2
; O2-LABEL: define {{.*}}.half"
; O2: lshr i32 %n, 2
; O2: load ptr, ptr @kiln.slot.{{[0-9]+}}.half
; O2-NOT: kiln.slot
define i32 @half(i32 %n) {
  %end = icmp eq i32 %n, 0
  br i1 %end, label %done, label %more
more:
  %less = lshr i32 %n, 1
  %r = call i32 @half(i32 %less)
  %t = mul i32 %r, 3
  %x = xor i32 %t, %n
  ret i32 %x
done:
  ret i32 1
}

; TAIL-LABEL: define {{.*}}.tail"
; TAIL-NOT: kiln.slot
; TAIL-NOT: kiln.again
define i32 @tail(i32 %n, i32 %sum) {
  %end = icmp eq i32 %n, 0
  br i1 %end, label %done, label %more
more:
  %less = lshr i32 %n, 1
  %next = xor i32 %sum, %n
  %r = call i32 @tail(i32 %less, i32 %next)
  ret i32 %r
done:
  ret i32 %sum
}

; LARGE-LABEL: define {{.*}}.large"
; LARGE: store volatile ptr @"\01kiln.fn.[[ID:[0-9]+]].large"
; LARGE: load ptr, ptr @kiln.slot.[[ID]].kiln.again
@last = global ptr null
define i32 @large(i32 %n, i32 %y0) {
  store volatile ptr @large, ptr @last
  %end = icmp eq i32 %n, 0
  br i1 %end, label %done, label %more
more:
  %x1 = mul i32 %y0, 3
  %y1 = xor i32 %x1, %n
  %x2 = mul i32 %y1, 5
  %y2 = xor i32 %x2, %n
  %x3 = mul i32 %y2, 7
  %y3 = xor i32 %x3, %n
  %x4 = mul i32 %y3, 9
  %y4 = xor i32 %x4, %n
  %x5 = mul i32 %y4, 11
  %y5 = xor i32 %x5, %n
  %x6 = mul i32 %y5, 13
  %y6 = xor i32 %x6, %n
  %x7 = mul i32 %y6, 15
  %y7 = xor i32 %x7, %n
  %x8 = mul i32 %y7, 17
  %y8 = xor i32 %x8, %n
  %x9 = mul i32 %y8, 19
  %y9 = xor i32 %x9, %n
  %x10 = mul i32 %y9, 21
  %y10 = xor i32 %x10, %n
  %x11 = mul i32 %y10, 23
  %y11 = xor i32 %x11, %n
  %x12 = mul i32 %y11, 25
  %y12 = xor i32 %x12, %n
  %x13 = mul i32 %y12, 27
  %y13 = xor i32 %x13, %n
  %x14 = mul i32 %y13, 29
  %y14 = xor i32 %x14, %n
  %x15 = mul i32 %y14, 31
  %y15 = xor i32 %x15, %n
  %x16 = mul i32 %y15, 33
  %y16 = xor i32 %x16, %n
  %x17 = mul i32 %y16, 35
  %y17 = xor i32 %x17, %n
  %x18 = mul i32 %y17, 37
  %y18 = xor i32 %x18, %n
  %x19 = mul i32 %y18, 39
  %y19 = xor i32 %x19, %n
  %x20 = mul i32 %y19, 41
  %y20 = xor i32 %x20, %n
  %x21 = mul i32 %y20, 43
  %y21 = xor i32 %x21, %n
  %x22 = mul i32 %y21, 45
  %y22 = xor i32 %x22, %n
  %x23 = mul i32 %y22, 47
  %y23 = xor i32 %x23, %n
  %x24 = mul i32 %y23, 49
  %y24 = xor i32 %x24, %n
  %x25 = mul i32 %y24, 51
  %y25 = xor i32 %x25, %n
  %x26 = mul i32 %y25, 53
  %y26 = xor i32 %x26, %n
  %x27 = mul i32 %y26, 55
  %y27 = xor i32 %x27, %n
  %x28 = mul i32 %y27, 57
  %y28 = xor i32 %x28, %n
  %x29 = mul i32 %y28, 59
  %y29 = xor i32 %x29, %n
  %x30 = mul i32 %y29, 61
  %y30 = xor i32 %x30, %n
  %less = lshr i32 %n, 1
  %r = call i32 @large(i32 %less, i32 %y30)
  %s = add i32 %r, %n
  ret i32 %s
done:
  ret i32 %y0
}

define i32 @main() {
  %a = call i32 @half(i32 1000000)
  %b = call i32 @tail(i32 77, i32 3)
  %c = call i32 @large(i32 99, i32 5)
  %d = load ptr, ptr @last
  %same = icmp eq ptr %d, @large
  %e = select i1 %same, i32 %c, i32 7
  %f = xor i32 %a, %b
  %g = xor i32 %f, %e
  %h = and i32 %g, 127
  ret i32 %h
}
