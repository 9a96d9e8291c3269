# A call that is timed (report/CallProbe.h), on its way from a probe's stub to the function.
#
# From the stub: %r11 is the probe; every argument is in registers, for functions with arguments on the stack have no probe.
# So a frame may lie between caller and callee, with which exceptions and back-traces are as without. Kept are the registers
# that arguments and results are in; %rsi, %rdi and %r8 to %r11 hold no results (abi/CallShape.cpp), nor does an
# argument lie in %rax, which only variadic functions read.
#
# A call in tail position of a timed one has that one's return address on the stack, and is not timed: a chain of such calls
# would pile up frames.

  .set LEFT, 0
  .set TARGET, 8
  .set GENERATION, 16
  .set LATE, 32
  .set BUCKETS, 48
  .set FIRST_LEFT, 63             # CallProbe::kAtOnce - 1
  .set LAST_BUCKET, 31            # CallProbe::kBuckets - 1
  .set SPENT, -1984               # CallProbe::kSpent

  .text
  .globl kiln_timed_call
  .hidden kiln_timed_call
  .type kiln_timed_call, @function
kiln_timed_call:
  .cfi_startproc
  leaq .Lreturned(%rip), %rax
  cmpq %rax, (%rsp)
  je .Ltail
  cmpq $SPENT, LEFT(%r11)
  jl .Lspent
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %r11                      # -8: the probe
  pushq %rdx                      # -16: the beginning
  subq $16, %rsp                  # -24: the generation; -32: the call's number in the window
  movq GENERATION(%r11), %rax
  movq %rax, -24(%rbp)
  movl $FIRST_LEFT, %eax
  subq LEFT(%r11), %rax
  movq %rax, -32(%rbp)
  rdtsc
  shlq $32, %rdx
  orq %rdx, %rax
  movq -16(%rbp), %rdx
  movq %rax, -16(%rbp)
  call *TARGET(%r11)
.Lreturned:
  movq %rax, %r8
  movq %rdx, %r9
  rdtsc
  shlq $32, %rdx
  orq %rdx, %rax
  subq -16(%rbp), %rax
  movq -8(%rbp), %r11
  movq -24(%rbp), %rsi
  cmpq GENERATION(%r11), %rsi
  jne .Llate                      # meanwhile calls go to other code
  movq -32(%rbp), %rdi
  orq $1, %rdi
  bsrq %rdi, %rdi
  movl $LAST_BUCKET, %esi
  cmpq %rsi, %rdi
  cmovaq %rsi, %rdi
  shlq $4, %rdi
  incq BUCKETS(%r11,%rdi)
  addq %rax, BUCKETS+8(%r11,%rdi)
.Ldone:
  movq %r8, %rax
  movq %r9, %rdx
  leave
  .cfi_remember_state
  .cfi_def_cfa %rsp, 8
  ret
.Llate:
  .cfi_restore_state
  incq LATE(%r11)
  jmp .Ldone
.Lspent:                          # enough for a window: it is closed, if that can be now
  .cfi_def_cfa %rsp, 8
  .cfi_restore %rbp
  pushq %rdi
  .cfi_adjust_cfa_offset 8
  movq %r11, %rdi
  call kiln_probe_entry           # keeps all registers
  popq %rdi
  .cfi_adjust_cfa_offset -8
.Ltail:
  jmp *TARGET(%r11)
  .cfi_endproc
  .size kiln_timed_call, . - kiln_timed_call
  .section .note.GNU-stack,"",@progbits
