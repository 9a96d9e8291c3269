; seed 700023: interpreter and moves7
; ModuleID = 'generated'
source_filename = "generated"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%s.0 = type <{ i16, i8 }>
%s = type { i64, i64, i16 }

@fuel = global i64 0, align 16
@sink = global [16 x i64] zeroinitializer, align 16
@raw = global [160 x i8] c"\00p|$hH\C4\DC\90\E0\CCTx8\94\8C P\1C\84\88(d<\B0\C0l\B4\98\184\EC@0\BC\E4\A8\08\04\9C\D0\A0\0C\14\B8\F8\D4L`\10\\D\C8\E8\A4\FC\F0\80\ACt\D8\D8t\AC\80\F0\FC\A4\E8\C8D\\\10`L\D4\F8\B8\14\0C\A0\D0\9C\04\08\A8\E4\BC0@\EC4\18\98\B4l\C0\B0<d(\88\84\1CP \8C\948xT\CC\E0\90\DC\C4Hh$|p\00,\F4XX\F4,\00p|$hH\C4\DC\90\E0\CCTx8\94\8C P\1C\84\88(d<\B0\C0l\B4\98\184\EC", align 16
@raw.2 = global [288 x i8] c"\00 \08\B80pxH\E0@hX\10\90\D8\E8\C0`\C8\F8\F0\B08\88\A0\80(\98\D0\D0\98(\80\A0\888\B0\F0\F8\C8`\C0\E8\D8\90\10Xh@\E0Hxp0\B8\08 \00\A8\18PP\18\A8\00 \08\B80pxH\E0@hX\10\90\D8\E8\C0`\C8\F8\F0\B08\88\A0\80(\98\D0\D0\98(\80\A0\888\B0\F0\F8\C8`\C0\E8\D8\90\10Xh@\E0Hxp0\B8\08 \00\A8\18PP\18\A8\00 \08\B80pxH\E0@hX\10\90\D8\E8\C0`\C8\F8\F0\B08\88\A0\80(\98\D0\D0\98(\80\A0\888\B0\F0\F8\C8`\C0\E8\D8\90\10Xh@\E0Hxp0\B8\08 \00\A8\18PP\18\A8\00 \08\B80pxH\E0@hX\10\90\D8\E8\C0`\C8\F8\F0\B08\88\A0\80(\98\D0\D0\98(\80\A0\888\B0\F0\F8\C8`\C0\E8\D8\90\10Xh@\E0Hxp0\B8\08 \00\A8\18PP\18\A8\00 \08\B80pxH\E0@hX\10\90\D8\E8\C0`\C8\F8\F0\B08\88\A0\80(\98\D0\D0\98(", align 16

define i64 @run(i64 %0, i64 %1) {
entry:
  %2 = alloca %s.0, align 16, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  %3 = load volatile <2 x float>, ptr getelementptr inbounds (i8, ptr @raw.2, i64 255), align 1, !keep !0
  %4 = fcmp uno <2 x float> %3, %3, !keep !0
  %5 = bitcast <2 x float> %3 to <2 x i32>, !keep !0
  %6 = select <2 x i1> %4, <2 x i32> <i32 2143289344, i32 2143289344>, <2 x i32> %5, !keep !0
  %7 = bitcast <2 x i32> %6 to <2 x float>, !keep !0
  %8 = trunc i64 %1 to i32
  %.splatinsert7 = insertelement <2 x i32> poison, i32 %8, i64 0
  store %s.0 zeroinitializer, ptr %2, align 1, !keep !0
  %9 = call fastcc { float, double, float } @f1(<8 x i16> zeroinitializer, <2 x float> %7, i128 0, %s { i64 -1, i64 148, i16 32767 }, %s.0 <{ i16 -1, i8 -47 }>, %s zeroinitializer, <2 x i32> %.splatinsert7, <2 x i64> zeroinitializer, double 0.000000e+00, ptr byval(%s.0) align 16 %2, <2 x i64> zeroinitializer, float 0.000000e+00, <16 x i8> zeroinitializer)
  %10 = extractvalue { float, double, float } %9, 2
  %11 = bitcast float %10 to i32, !keep !0
  %12 = select i1 false, i32 2143289344, i32 %11, !keep !0
  %13 = zext i32 %12 to i64
  %14 = getelementptr [16 x i64], ptr @sink, i64 0, i64 0
  %15 = xor i64 0, %13
  store i64 %15, ptr %14, align 8
  store i64 60, ptr @fuel, align 8, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  store i64 60, ptr @fuel, align 8, !keep !0
  ret i64 0
}

; Function Attrs: noinline
define fastcc { float, double, float } @f1(<8 x i16> %0, <2 x float> %1, i128 %2, %s %3, %s.0 %4, %s %5, <2 x i32> %6, <2 x i64> %7, double %8, ptr byval(%s.0) align 16 %9, <2 x i64> %10, float %11, <16 x i8> %12) #0 {
entry:
  %13 = load i64, ptr @fuel, align 8, !keep !0
  %14 = sub i64 %13, 1, !keep !0
  store i64 %14, ptr @fuel, align 8, !keep !0
  %15 = icmp slt i64 %14, 0, !keep !0
  br i1 %15, label %empty, label %go, !keep !1

empty:                                            ; preds = %entry
  ret { float, double, float } zeroinitializer

go:                                               ; preds = %entry
  br label %walk, !keep !0

exit:                                             ; preds = %walk
  ret { float, double, float } zeroinitializer

walk:                                             ; preds = %walk, %go
  %16 = phi ptr [ @raw, %go ], [ %17, %walk ], !keep !0
  %17 = getelementptr i32, ptr %16, i64 1, !keep !0
  %18 = icmp eq ptr %17, getelementptr inbounds (i8, ptr @raw, i64 28), !keep !0
  br i1 %18, label %exit, label %walk, !keep !1
}

attributes #0 = { noinline }

!0 = !{}
!1 = !{i32 0}
