; A computed goto becomes one switch over the numbers of the blocks, so that every tier can take it.
; RUN: %kiln run --tier O0 --dump ir:f@O0 %s | FileCheck %s
; RUN: %ends 12 %kiln run --tier O0 %s
; RUN: %ends 12 %kiln run --tier O3 %s

; CHECK-LABEL: define {{.*}}.f"
; CHECK-NOT: indirectbr
; CHECK-NOT: blockaddress
; CHECK: kiln.goto:
; CHECK: %kiln.label = phi i64
; CHECK-NEXT: switch i64 %kiln.label
; CHECK-COUNT-3: i64 {{[0-9]+}}, label
; CHECK-NOT: indirectbr
@table = constant [3 x ptr] [ptr blockaddress(@f, %add), ptr blockaddress(@f, %double), ptr blockaddress(@f, %end)]

define i32 @f(ptr %code, i32 %start) {
entry:
  %op0 = load i8, ptr %code
  %i0 = zext i8 %op0 to i64
  %a0 = getelementptr [3 x ptr], ptr @table, i64 0, i64 %i0
  %t0 = load ptr, ptr %a0
  indirectbr ptr %t0, [label %add, label %double, label %end]
add:
  %va = phi i32 [ %start, %entry ], [ %va1, %add ], [ %vd1, %double ]
  %pa = phi ptr [ %code, %entry ], [ %pa1, %add ], [ %pd1, %double ]
  %va1 = add i32 %va, 1
  %pa1 = getelementptr i8, ptr %pa, i64 1
  %opa = load i8, ptr %pa1
  %ia = zext i8 %opa to i64
  %aa = getelementptr [3 x ptr], ptr @table, i64 0, i64 %ia
  %ta = load ptr, ptr %aa
  indirectbr ptr %ta, [label %add, label %double, label %end]
double:
  %vd = phi i32 [ %start, %entry ], [ %va1, %add ], [ %vd1, %double ]
  %pd = phi ptr [ %code, %entry ], [ %pa1, %add ], [ %pd1, %double ]
  %vd1 = mul i32 %vd, 2
  %pd1 = getelementptr i8, ptr %pd, i64 1
  %opd = load i8, ptr %pd1
  %id = zext i8 %opd to i64
  %ad = getelementptr [3 x ptr], ptr @table, i64 0, i64 %id
  %td = load ptr, ptr %ad
  indirectbr ptr %td, [label %add, label %double, label %end]
end:
  %v = phi i32 [ %start, %entry ], [ %va1, %add ], [ %vd1, %double ]
  ret i32 %v
}

; ((1 + 1) * 2 + 1 + 1) * 2 = 12
@program = constant [7 x i8] c"\00\01\00\00\01\02\02"
define i32 @main() {
  %v = call i32 @f(ptr @program, i32 1)
  ret i32 %v
}
