; Loads and stores by lanes. With a constant mask a lane is one op or none; else each lane has a branch around it.
; RUN: %kiln run --tier interpreter --dump ops:load_all %s | FileCheck %s --check-prefix=LOAD-ALL
; RUN: %kiln run --tier interpreter --dump ops:load_some %s | FileCheck %s --check-prefix=LOAD-SOME
; RUN: %kiln run --tier interpreter --dump ops:store_none %s | FileCheck %s --check-prefix=STORE-NONE
; RUN: %kiln run --tier interpreter --dump ops:scatter_some %s | FileCheck %s --check-prefix=SCATTER-SOME
; RUN: %kiln run --tier interpreter --dump ops:expand_some %s | FileCheck %s --check-prefix=EXPAND-SOME
; RUN: %kiln run --tier interpreter --dump ops:load %s | FileCheck %s --check-prefix=LOAD
; RUN: %kiln run --tier interpreter --dump ops:gather %s | FileCheck %s --check-prefix=GATHER
; RUN: %kiln run --tier interpreter --dump ops:compress %s | FileCheck %s --check-prefix=COMPRESS
target triple = "x86_64-pc-linux-gnu"

declare <4 x i32> @llvm.masked.load.v4i32.p0(ptr, i32, <4 x i1>, <4 x i32>)
declare void @llvm.masked.store.v4i32.p0(<4 x i32>, ptr, i32, <4 x i1>)
declare <2 x i64> @llvm.masked.gather.v2i64.v2p0(<2 x ptr>, i32, <2 x i1>, <2 x i64>)
declare void @llvm.masked.scatter.v2i64.v2p0(<2 x i64>, <2 x ptr>, i32, <2 x i1>)
declare <4 x i32> @llvm.masked.expandload.v4i32(ptr, <4 x i1>, <4 x i32>)
declare void @llvm.masked.compressstore.v2i16(<2 x i16>, ptr, <2 x i1>)

; A plain load: nothing of what lanes would be without it.
; LOAD-ALL: code:
; LOAD-ALL-NEXT: load.u32 {{.*}} a=0 offset=0
; LOAD-ALL-NEXT: load.u32 {{.*}} a=0 offset=4
; LOAD-ALL-NEXT: load.u32 {{.*}} a=0 offset=8
; LOAD-ALL-NEXT: load.u32 {{.*}} a=0 offset=12
; LOAD-ALL-NEXT: ret.words
define <4 x i32> @load_all(ptr %p, <4 x i32> %x) {
  %y = call <4 x i32> @llvm.masked.load.v4i32.p0(ptr %p, i32 4, <4 x i1> splat (i1 true), <4 x i32> %x)
  ret <4 x i32> %y
}

; LOAD-SOME: code:
; LOAD-SOME-NEXT: constants
; LOAD-SOME-NEXT: load.u32 {{.*}} a=0 offset=4
; LOAD-SOME-NEXT: load.u32 {{.*}} a=0 offset=12
; LOAD-SOME-NEXT: ret.words
define <4 x i32> @load_some(ptr %p) {
  %y = call <4 x i32> @llvm.masked.load.v4i32.p0(ptr %p, i32 4, <4 x i1> <i1 0, i1 1, i1 0, i1 1>, <4 x i32> <i32 1, i32 2, i32 3, i32 4>)
  ret <4 x i32> %y
}

; STORE-NONE: code:
; STORE-NONE-NEXT: ret.void
define void @store_none(ptr %p, <4 x i32> %x) {
  call void @llvm.masked.store.v4i32.p0(<4 x i32> %x, ptr %p, i32 4, <4 x i1> zeroinitializer)
  ret void
}

; SCATTER-SOME: code:
; SCATTER-SOME-NEXT: store.i64 d=3 a=1 offset=0
; SCATTER-SOME-NEXT: ret.void
define void @scatter_some(<2 x ptr> %p, <2 x i64> %x) {
  call void @llvm.masked.scatter.v2i64.v2p0(<2 x i64> %x, <2 x ptr> %p, i32 8, <2 x i1> <i1 0, i1 1>)
  ret void
}

; The place in memory counts the lanes that are set.
; EXPAND-SOME: code:
; EXPAND-SOME-NEXT: move.words
; EXPAND-SOME-NEXT: load.u32 d=[[#LANE:]] a=0 offset=0
; EXPAND-SOME-NEXT: load.u32 d=[[#LANE+2]] a=0 offset=4
; EXPAND-SOME-NEXT: ret.words
define <4 x i32> @expand_some(ptr %p, <4 x i32> %x) {
  %y = call <4 x i32> @llvm.masked.expandload.v4i32(ptr %p, <4 x i1> <i1 0, i1 1, i1 0, i1 1>, <4 x i32> %x)
  ret <4 x i32> %y
}

; LOAD: code:
; LOAD-NEXT: move.words
; LOAD-NEXT: br.clear d=1 ->[[#SECOND:]]
; LOAD-NEXT: load.u32 {{.*}} a=0 offset=0
; LOAD-NEXT: [[#SECOND]] br.clear d=2 ->[[#THIRD:]]
; LOAD-NEXT: load.u32 {{.*}} a=0 offset=4
; LOAD-NEXT: [[#THIRD]] br.clear d=3 ->[[#FOURTH:]]
; LOAD-NEXT: load.u32 {{.*}} a=0 offset=8
; LOAD-NEXT: [[#FOURTH]] br.clear d=4 ->[[#END:]]
; LOAD-NEXT: load.u32 {{.*}} a=0 offset=12
; LOAD-NEXT: [[#END]] ret.words
define <4 x i32> @load(ptr %p, <4 x i1> %m, <4 x i32> %x) {
  %y = call <4 x i32> @llvm.masked.load.v4i32.p0(ptr %p, i32 4, <4 x i1> %m, <4 x i32> %x)
  ret <4 x i32> %y
}

; GATHER: code:
; GATHER-NEXT: move.words
; GATHER-NEXT: br.clear d=2 ->[[#SECOND:]]
; GATHER-NEXT: load.u64 d=[[#LANE:]] a=0 offset=0
; GATHER-NEXT: [[#SECOND]] br.clear d=3 ->[[#END:]]
; GATHER-NEXT: load.u64 d=[[#LANE+1]] a=1 offset=0
; GATHER-NEXT: [[#END]] ret.words
define <2 x i64> @gather(<2 x ptr> %p, <2 x i1> %m, <2 x i64> %x) {
  %y = call <2 x i64> @llvm.masked.gather.v2i64.v2p0(<2 x ptr> %p, i32 8, <2 x i1> %m, <2 x i64> %x)
  ret <2 x i64> %y
}

; COMPRESS: code:
; COMPRESS-NEXT: move d=[[AT:[0-9]+]] a=0
; COMPRESS-NEXT: br.clear d=3 ->[[#SECOND:]]
; COMPRESS-NEXT: store.i16 d=1 a=[[AT]] offset=0
; COMPRESS-NEXT: add.i64.rk d=[[AT]] a=[[AT]] k=2
; COMPRESS-NEXT: [[#SECOND]] br.clear d=4 ->[[#END:]]
; COMPRESS-NEXT: store.i16 d=2 a=[[AT]] offset=0
; COMPRESS-NEXT: add.i64.rk d=[[AT]] a=[[AT]] k=2
; COMPRESS-NEXT: [[#END]] ret.void
define void @compress(ptr %p, <2 x i16> %x, <2 x i1> %m) {
  call void @llvm.masked.compressstore.v2i16(<2 x i16> %x, ptr %p, <2 x i1> %m)
  ret void
}
