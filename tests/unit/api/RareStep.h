// The function whose rare way the tests of exits take. The instruction that a test guards is marked with `GUARD`.
#pragma once

namespace kiln::test {

/// The rare way calls `note`, and so is worth an exit.
inline constexpr const char* kRareStep = R"(
@notes = global i32 0
define void @note() noinline {
  %n = load i32, ptr @notes
  %m = add i32 %n, 1
  store volatile i32 %m, ptr @notes
  ret void
}
define i64 @step(i64 %x, ptr %where) {
entry:
  %old = load i64, ptr %where
  %rare = icmp slt i64 %x, 0
  br i1 %rare, label %below, label %on ; GUARD
below:
  call void @note()
  store i64 %x, ptr %where
  br label %on
on:
  %f = phi i64 [ 10, %below ], [ 1, %entry ]
  %new = load i64, ptr %where
  %a = mul i64 %x, %f
  %b = add i64 %a, %old
  %c = add i64 %b, %new
  ret i64 %c
}
)";

} // namespace kiln::test
