; a product whose operand and result share a slot
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@raw = global [288 x i8] c"\00\A8zv\9C\ECf\0A\D8\D0\F2>\B4T\1E\120x\EA\86L<V\9A\08\A0bNd\A4\0E\A2`HZ\96\FC\8CF*8p\D2^\14\F4\FE2\90\18\CA\A6\AC\DC6\BAh@Bn\C4D\EE\C2\C0\E8:\B6\\,&J\98\10\B2~t\94\DER\F0\B8\AA\C6\0C|\16\DA\C8\E0\22\8E$\E4\CE\E2 \88\1A\D6\BC\CC\06j\F8\B0\92\9E\D44\BErPX\8A\E6l\1C\F6\FA(\80\02\AE\84\84\AE\02\80(\FA\F6\1Cl\E6\8AXPr\BE4\D4\9E\92\B0\F8j\06\CC\BC\D6\1A\88 \E2\CE\E4$\8E\22\E0\C8\DA\16|\0C\C6\AA\B8\F0R\DE\94t~\B2\10\98J&,\\\B6:\E8\C0\C2\EED\C4nB@h\BA6\DC\AC\A6\CA\18\902\FE\F4\14^\D2p8*F\8C\FC\96ZH`\A2\0E\A4dNb\A0\08\9AV<L\86\EAx0\12\1ET\B4>\F2\D0\D8\0Af\EC\9Cvz\A8\00\82.\04\04.\82\00\A8zv\9C\ECf\0A\D8\D0\F2>\B4T\1E\120x\EA\86L<V\9A\08\A0bNd\A4\0E\A2", align 16
@raw.1 = global [160 x i8] c"\00\90\84\DC\98\B8<$p 4\AC\88\C8lt\E0\B0\E4|x\D8\9C\C4P@\94Lh\E8\CC\14\C0\D0D\1CX\F8\FCd0`\F4\ECH\08,\B4\A0\F0\A4\BC8\18\\\04\10\80T\8C((\8CT\80\10\04\\\188\BC\A4\F0\A0\B4,\08H\EC\F4`0d\FC\F8X\1CD\D0\C0\14\CC\E8hL\94@P\C4\9C\D8x|\E4\B0\E0tl\C8\88\AC4 p$<\B8\98\DC\84\90\00\D4\0C\A8\A8\0C\D4\00\90\84\DC\98\B8<$p 4\AC\88\C8lt\E0\B0\E4|x\D8\9C\C4P@\94Lh\E8\CC\14", align 16

define i64 @run(i64 %0, i64 %1) {
entry:
  %2 = alloca [160 x i8], align 16, !keep !0
  call void @llvm.memset.p0.i64(ptr align 16 %2, i8 -42, i64 160, i1 false), !keep !0
  %3 = and i64 0, 255, !keep !0
  %4 = getelementptr i8, ptr @raw, i64 %3, !keep !0
  %5 = select i1 false, ptr @raw, ptr %4, !keep !0
  %6 = fcmp uno double 0.000000e+00, 0.000000e+00, !keep !0
  %7 = bitcast double 0.000000e+00 to i64, !keep !0
  %8 = select i1 %6, i64 9221120237041090560, i64 %7, !keep !0
  %9 = bitcast i64 %8 to double, !keep !0
  store double %9, ptr %5, align 1
  %10 = sub i64 0, 0
  %11 = sub i64 0, 0
  %12 = and i64 0, 63, !keep !0
  %13 = lshr i64 0, %12
  %14 = or i64 0, %1
  %15 = sub i64 35, 0
  %16 = shl i64 0, 20, !keep !0
  %17 = and i64 0, 7, !keep !0
  %18 = getelementptr i64, ptr @raw.1, i64 %17, !keep !0
  %19 = getelementptr i64, ptr %18, i64 4, !keep !0
  %20 = load i64, ptr %19, align 8
  %21 = mul i64 0, 0
  %22 = or i64 0, 0
  %23 = sub i64 0, 0
  %24 = mul i64 %0, %14
  %25 = add i64 %11, %20
  %26 = and i64 0, 2147483647, !keep !0
  %27 = and i64 0, 2147483647, !keep !0
  %28 = add i64 %26, %27
  %29 = mul i64 %15, 0
  %30 = and i64 %13, 63, !keep !0
  %31 = getelementptr i16, ptr %2, i64 %30, !keep !0
  %32 = atomicrmw umax ptr %31, i16 0 acquire, align 2
  %33 = xor i64 0, %10
  %34 = add i64 %33, %1
  %35 = xor i64 %34, %11
  %36 = xor i64 %35, %14
  %37 = add i64 %36, %16
  %38 = xor i64 %37, %21
  %39 = add i64 %38, %22
  %40 = xor i64 %39, %23
  %41 = add i64 %40, %24
  %42 = xor i64 %41, %25
  %43 = add i64 %42, %28
  %44 = xor i64 %43, %29
  ret i64 %44
}

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: write)
declare void @llvm.memset.p0.i64(ptr nocapture writeonly, i8, i64, i1 immarg) #0

attributes #0 = { nocallback nofree nounwind willreturn memory(argmem: write) }

!0 = !{}
