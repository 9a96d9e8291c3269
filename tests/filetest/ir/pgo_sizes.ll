; A copy that mostly moved one number of bytes gets a way for that number, made of moves; other numbers go the old way.
; (LLVM does so for powers of two and numbers up to 8.)
; RUN: %ends 7 %kiln run --tier interpreter --profile-out %t.prof %s
; RUN: %kiln run --tier O3 --profile-in %t.prof --dump ir:copy@O3 %s | FileCheck %s --check-prefix=PGO
; RUN: %kiln run --tier O3 --no-pgo --profile-in %t.prof --dump ir:copy@O3 %s | FileCheck %s --check-prefix=PLAIN
; RUN: %ends 7 %kiln run --tier O3 --profile-in %t.prof %s

; PGO-LABEL: define {{.*}}.copy"
; PGO: switch i64 %size, label %[[OTHER:.*]] [
; PGO-DAG: i64 8, label
; PGO-DAG: i64 16, label
; PGO: ], !prof
; PGO-DAG: call void @llvm.memcpy.p0.p0.i64({{.*}}, i64 16, i1 false)
; PGO-DAG: load i64
; PGO-DAG: call void @llvm.memcpy.p0.p0.i64({{.*}}, i64 %size, i1 false)
; PLAIN-LABEL: define {{.*}}.copy"
; PLAIN-NOT: br i1
; PLAIN: call void @llvm.memcpy.p0.p0.i64({{.*}}, i64 %size, i1 false)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define void @copy(ptr %to, ptr %from, i64 %size) noinline {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %size, i1 false)
  ret void
}

; Sizes: 16 in 2500 calls, 8 in 2490, 1 in 10.
define i32 @main() {
entry:
  %from = alloca [32 x i8]
  %to = alloca [32 x i8]
  store i8 7, ptr %from
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %early = icmp slt i32 %i, 2500
  %last = icmp sge i32 %i, 4990
  %late = select i1 %last, i64 1, i64 8
  %size = select i1 %early, i64 16, i64 %late
  call void @copy(ptr %to, ptr %from, i64 %size)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, 5000
  br i1 %more, label %loop, label %done
done:
  %byte = load i8, ptr %to
  %r = zext i8 %byte to i32
  ret i32 %r
}
