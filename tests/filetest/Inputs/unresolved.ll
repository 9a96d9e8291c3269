declare void @kiln_missing_one()
@kiln_missing_two = external global i32
define i32 @main() {
  call void @kiln_missing_one()
  %v = load i32, ptr @kiln_missing_two
  ret i32 %v
}
define i32 @other() {
  %v = load i32, ptr @kiln_missing_two
  ret i32 %v
}
