; The command ends as the program does: by its status, or by its signal.
; RUN: %ends 0 %kiln run %s
; RUN: %ends 1 %kiln run %s -- a
; RUN: %ends 4 %kiln run %s a b c d
; RUN: %ends 2 %kiln run %s -- --tier O9
; RUN: %ends SIGABRT %kiln run --entry aborts %s
; RUN: %ends SIGSEGV %kiln run --entry faults %s
; RUN: %ends SIGFPE %kiln run --entry divides %s
; RUN: %ends SIGTERM %kiln run --entry terminated %s
; RUN: %ends SIGILL %kiln run --entry traps %s
; RUN: %ends 77 %kiln run --entry leaves %s
; RUN: %ends SIGSEGV %kiln run --tier O3 --entry faults %s
; RUN: %ends SIGFPE %kiln run --tier O3 --entry divides %s
; RUN: %ends 255 %kiln run --entry negative %s

declare void @abort()
declare void @exit(i32)
declare i32 @raise(i32)
declare void @llvm.trap()
@zero = global i32 0
@nowhere = global ptr null

define i32 @main(i32 %argc, ptr %argv) {
  %words = sub i32 %argc, 1
  ret i32 %words
}
define i32 @aborts() {
  call void @abort()
  ret i32 0
}
define i32 @faults() {
  %p = load volatile ptr, ptr @nowhere
  store volatile i32 1, ptr %p
  ret i32 0
}
define i32 @divides() {
  %z = load volatile i32, ptr @zero
  %q = sdiv i32 1000, %z
  store volatile i32 %q, ptr @zero
  ret i32 0
}
define i32 @terminated() {
  %r = call i32 @raise(i32 15)
  ret i32 0
}
define i32 @traps() {
  call void @llvm.trap()
  ret i32 0
}
define i32 @leaves() {
  call void @exit(i32 77)
  ret i32 0
}
define i32 @negative() {
  ret i32 -1
}
