; A refusal is an error where a test says so: of the process, at the first call.
; RUN: %ends 7 %kiln run --tier interpreter %s
; RUN: %ends 2 %kiln run --tier interpreter --crash-on-refusal %s 2>&1 | FileCheck %s
; RUN: %ends 7 %kiln run --tier O0 --crash-on-refusal %s
; CHECK: {{^}}kiln: error: function 'f' is refused by interpreter: inline assembly
target triple = "x86_64-pc-linux-gnu"

define i32 @f(i32 %x) noinline {
  %y = call i32 asm "leal 3($1), $0", "=r,r"(i32 %x)
  ret i32 %y
}
define i32 @main() {
  %r = call i32 @f(i32 4)
  ret i32 %r
}
