define i32 @take(ptr %p) {
  ret i32 0
}
define i32 @plain() {
  ret i32 9
}
define i32 @main() {
  ret i32 3
}
