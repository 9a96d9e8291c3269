define i32 @tiny(i32 %x) {
  %y = add i32 %x, 4
  ret i32 %y
}
define i32 @never(i32 %x) noinline {
  %y = mul i32 %x, 10
  ret i32 %y
}
define i32 @helped(i32 %x) {
  %y = call i32 @helper(i32 %x)
  %z = add i32 %y, 5
  ret i32 %z
}
define internal i32 @helper(i32 %x) {
  %y = add i32 %x, 2
  ret i32 %y
}
