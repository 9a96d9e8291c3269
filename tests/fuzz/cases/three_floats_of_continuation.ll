; seed 700023, by hand: a third float of fastcc is in XMM2, also when a continuation returns it
@sink = global i64 0
@n = global i64 7
define i64 @run(i64 %a, i64 %b) {
  %r = call fastcc { float, double, float } @f1(float 1.0)
  %x = extractvalue { float, double, float } %r, 2
  %y = bitcast float %x to i32
  %z = zext i32 %y to i64
  store i64 %z, ptr @sink
  ret i64 %z
}
define fastcc { float, double, float } @f1(float %k) noinline {
e:
  %n = load volatile i64, ptr @n
  br label %w
w:
  %i = phi i64 [ 0, %e ], [ %j, %w ]
  %j = add i64 %i, 1
  %c = icmp eq i64 %j, %n
  br i1 %c, label %x, label %w
x:
  ret { float, double, float } { float 1.0, double 2.0, float 3.0 }
}
