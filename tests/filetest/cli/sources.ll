; Bitcode comes from files, which are mapped, and from what has no size.
; RUN: rm -rf %t && mkdir %t && llvm-as %s -o %t/self.bc
; RUN: llvm-as %inputs/callees.ll -o %t/other.bc
; RUN: cat %t/self.bc | %ends 7 %kiln run /dev/stdin
; RUN: cat %s | %ends 7 %kiln run /dev/stdin
; RUN: cat /dev/null | %ends 2 %kiln run /dev/stdin 2>&1 | FileCheck %s
; CHECK: kiln: error: /dev/stdin: the file is empty

; The file is replaced while the program runs; bodies that are read later are the old file's.
; RUN: %ends 7 %kiln run %t/self.bc -- %t/other.bc %t/self.bc
; RUN: not ls %t/other.bc

target triple = "x86_64-pc-linux-gnu"

declare i32 @rename(ptr, ptr)

define i32 @late() {
  ret i32 7
}

define i32 @main(i32 %argc, ptr %argv) {
  %alone = icmp ult i32 %argc, 3
  br i1 %alone, label %end, label %replace

replace:
  %from.at = getelementptr ptr, ptr %argv, i64 1
  %from = load ptr, ptr %from.at
  %to.at = getelementptr ptr, ptr %argv, i64 2
  %to = load ptr, ptr %to.at
  %failed = call i32 @rename(ptr %from, ptr %to)
  %good = icmp eq i32 %failed, 0
  br i1 %good, label %end, label %bad

end:
  %code = call i32 @late()
  ret i32 %code

bad:
  ret i32 1
}
