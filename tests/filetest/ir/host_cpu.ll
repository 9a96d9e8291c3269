; Only the top tier compiles for this very machine. Functions that pass wide vectors keep the features of their module:
; these decide the registers that the vectors travel in.
; RUN: %kiln run --dump ir:f@O3 %s | FileCheck %s --check-prefix=HOST
; RUN: %kiln run --dump ir:f@O2 %s | FileCheck %s --check-prefix=MODULE
; RUN: %kiln run --dump ir:wide@O3 %s | FileCheck %s --check-prefix=MODULE

; HOST: "target-cpu"="{{[^"]+}}"
; HOST-SAME: "target-features"
; MODULE-NOT: "target-cpu"
define i32 @f(i32 %x) {
  ret i32 %x
}
define <8 x i32> @wide(<8 x i32> %x) {
  ret <8 x i32> %x
}
