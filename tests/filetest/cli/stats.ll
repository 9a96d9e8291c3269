; What --trace-tiers and --stats say about a function that climbs. Compiling in the calling thread makes it repeatable.
; RUN: %kiln run --ladder O0,O2@10,O3@100 --compile-threads 0 --trace-tiers %s 2>&1 | FileCheck %s --check-prefix=TRACE
; RUN: %kiln run --ladder O0,O2@10,O3@100 --compile-threads 0 --stats %s 2>&1 | FileCheck %s --check-prefix=TABLE
; RUN: %kiln run --ladder O0,O2@10,O3@100 --compile-threads 0 --stats=%t.json %s
; RUN: FileCheck %s --check-prefix=JSON < %t.json

; TRACE: publish - {{ *}}-> O0 {{ *}}main (first call; 0 calls, 0 loops
; TRACE: publish - {{ *}}-> O0 {{ *}}step (first call; 0 calls, 0 loops
; TRACE: publish O0 {{ *}}-> O2 {{ *}}step ({{.*}}11 calls
; TRACE: publish O2 {{ *}}-> O3 {{ *}}step ({{.*}}101 calls

; TABLE: kiln: ladder O0,O2@10,O3@100
; TABLE: function {{ *}}tier {{ *}}calls {{ *}}loops
; TABLE: step {{ *}}O3 {{ *}}101 {{.*}}O0: {{.*}}O2: {{.*}}O3:
; TABLE: main {{ *}}O0 {{ *}}1 {{ *}}200 
; TABLE: 2 of 2 functions reached, 4 compiles

; JSON: "schema": "kiln-stats"
; JSON: "ladder": "O0,O2@10,O3@100"
; JSON: "functions_reached": 2
; JSON: "name": "step"
; JSON: "tier": "O3"
; JSON: "calls": 101
; JSON: "calls_before": 101
define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %next = call i32 @step(i32 %i)
  %end = icmp eq i32 %next, 200
  br i1 %end, label %done, label %loop
done:
  ret i32 0
}
define i32 @step(i32 %x) noinline {
  %y = add i32 %x, 1
  ret i32 %y
}
