@text = constant [7 x i8] c"before\00"
declare i32 @puts(ptr)
define i32 @main() {
  %n = call i32 @puts(ptr @text)
  %r = call i32 @bad(i1 true)
  ret i32 %r
}
define i32 @bad(i1 %c) {
entry:
  br i1 %c, label %a, label %b
a:
  %x = add i32 1, 2
  br label %b
b:
  ret i32 %x
}
