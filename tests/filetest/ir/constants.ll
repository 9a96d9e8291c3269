; Small constants are known to the optimiser from O2 on; the variable itself stays where the program has it.
; RUN: %kiln run --tier O2 --dump ir:f@O2 %s | FileCheck %s --check-prefix=FOLDED
; RUN: %kiln run --tier O2 --dump ir:g@O2 %s | FileCheck %s --check-prefix=KEPT

@table = constant [4 x i32] [i32 1, i32 2, i32 42, i32 8]
@variable = global i32 42

; FOLDED: ret i32 42
define i32 @f() {
  %at = getelementptr [4 x i32], ptr @table, i64 0, i64 2
  %v = load i32, ptr %at
  ret i32 %v
}

; KEPT: @kiln.data.{{[0-9]+}}.variable = external dso_local
; KEPT: load i32, ptr @kiln.data.{{[0-9]+}}.variable
define i32 @g() {
  %v = load i32, ptr @variable
  ret i32 %v
}
