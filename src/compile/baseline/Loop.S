# From baseline code at a loop header into the runtime, and on into better code (x86-64, System V); see LoopRecord.h.
#
# Entered by a call with R11 = LoopRecord*. Comes back with every register as it was, or never: then the frame's state was
# taken, the continuation was called with it, and the frame is left by the code at LoopRecord::leave with the continuation's
# results in their registers. RBX and R12 to R15 are not used in here: they belong to the frame's caller where the frame has
# not saved them, and the unwinder finds them where they are.

  .set SAVED_BYTES, 384           # 16 general registers, then 16 SSE registers
  .set LOCALS, 32
  .set RECORD, -8                 # from RBP
  .set CONTINUATION, -16
  .set LEAVE, 0                   # LoopRecord::leave

  .text
  .hidden kiln_baseline_arrive
  .hidden kiln_baseline_capture
  .globl kiln_baseline_loop
  .hidden kiln_baseline_loop
  .type kiln_baseline_loop, @function
  .p2align 4
kiln_baseline_loop:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $SAVED_BYTES + LOCALS, %rsp
  movq %rax, (%rsp)
  movq %rcx, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rbx, 24(%rsp)
  movq %rsi, 48(%rsp)
  movq %rdi, 56(%rsp)
  movq %r8, 64(%rsp)
  movq %r9, 72(%rsp)
  movq %r10, 80(%rsp)
  movq %r12, 96(%rsp)
  movq %r13, 104(%rsp)
  movq %r14, 112(%rsp)
  movq %r15, 120(%rsp)
  movups %xmm0, 128(%rsp)
  movups %xmm1, 144(%rsp)
  movups %xmm2, 160(%rsp)
  movups %xmm3, 176(%rsp)
  movups %xmm4, 192(%rsp)
  movups %xmm5, 208(%rsp)
  movups %xmm6, 224(%rsp)
  movups %xmm7, 240(%rsp)
  movups %xmm8, 256(%rsp)
  movups %xmm9, 272(%rsp)
  movups %xmm10, 288(%rsp)
  movups %xmm11, 304(%rsp)
  movups %xmm12, 320(%rsp)
  movups %xmm13, 336(%rsp)
  movups %xmm14, 352(%rsp)
  movups %xmm15, 368(%rsp)
  movq %r11, RECORD(%rbp)
  movq %r11, %rdi
  call kiln_baseline_arrive       # RAX: the continuation or 0, RDX: bytes of its state
  testq %rax, %rax
  jne 1f
  movups 128(%rsp), %xmm0
  movups 144(%rsp), %xmm1
  movups 160(%rsp), %xmm2
  movups 176(%rsp), %xmm3
  movups 192(%rsp), %xmm4
  movups 208(%rsp), %xmm5
  movups 224(%rsp), %xmm6
  movups 240(%rsp), %xmm7
  movups 256(%rsp), %xmm8
  movups 272(%rsp), %xmm9
  movups 288(%rsp), %xmm10
  movups 304(%rsp), %xmm11
  movups 320(%rsp), %xmm12
  movups 336(%rsp), %xmm13
  movups 352(%rsp), %xmm14
  movups 368(%rsp), %xmm15
  movq (%rsp), %rax
  movq 8(%rsp), %rcx
  movq 16(%rsp), %rdx
  movq 48(%rsp), %rsi
  movq 56(%rsp), %rdi
  movq 64(%rsp), %r8
  movq 72(%rsp), %r9
  movq 80(%rsp), %r10
  movq RECORD(%rbp), %r11
  .cfi_remember_state
  leave
  .cfi_def_cfa %rsp, 8
  ret
1:
  .cfi_restore_state
  movq %rax, CONTINUATION(%rbp)
  movq %rsp, %rsi
  subq %rdx, %rsp                 # a multiple of 16
  movq RECORD(%rbp), %rdi
  movq (%rbp), %rdx               # the frame's RBP
  movq %rsp, %rcx
  call kiln_baseline_capture      # RAX: the hidden result pointer, or 0
  movq %rsp, %rdi
  testq %rax, %rax
  je 2f
  movq %rdi, %rsi
  movq %rax, %rdi
2:
  call *CONTINUATION(%rbp)
  movq RECORD(%rbp), %r11
  leave
  .cfi_def_cfa %rsp, 8
  addq $8, %rsp
  .cfi_def_cfa_offset 0
  jmp *LEAVE(%r11)
  .cfi_endproc
  .size kiln_baseline_loop, . - kiln_baseline_loop
  .section .note.GNU-stack,"",@progbits
