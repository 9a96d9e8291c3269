# Calls between images and native code (x86-64, System V); see NativeCall.h. Offsets are RegisterFile's.
#
# The unwind rules hold at every instruction: exceptions pass through these frames, and a signal may look at any.

  .set FILE_BYTES, 320
  .set SSE, 48
  .set NEST, 176
  .set SSE_USED, 184
  .set RESULT, 192
  .set X87_RESULTS, 216
  .set RESULT_SSE, 224
  .set RESULT_X87, 288

  .text
  .hidden kiln_place_arguments
  .hidden kiln_take_results

  .macro FRAME
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  .endm

# kiln_call_native(shape, target, arguments, results, stack bytes, -alignment): the stack arguments must be on top when
# the target is called, so the moves are made from here, into the final place.
  .globl kiln_call_native
  .hidden kiln_call_native
  .type kiln_call_native, @function
kiln_call_native:
  .cfi_startproc
  FRAME
  pushq %rbx
  .cfi_offset %rbx, -24
  pushq %r12
  .cfi_offset %r12, -32
  pushq %r13
  .cfi_offset %r13, -40
  pushq %r14
  .cfi_offset %r14, -48
  subq $FILE_BYTES, %rsp
  movq %rsp, %rbx                 # the register file; 16-byte aligned after an even number of pushes
  movq %rdi, %r12
  movq %rsi, %r13
  movq %rcx, %r14
  subq %r8, %rsp
  andq %r9, %rsp
  movq %rdx, %rsi
  movq %rbx, %rdx
  movq %rsp, %rcx
  call kiln_place_arguments
  movq SSE_USED(%rbx), %rax
  testl %eax, %eax
  je 1f
  movaps SSE(%rbx), %xmm0
  movaps SSE+16(%rbx), %xmm1
  movaps SSE+32(%rbx), %xmm2
  movaps SSE+48(%rbx), %xmm3
  movaps SSE+64(%rbx), %xmm4
  movaps SSE+80(%rbx), %xmm5
  movaps SSE+96(%rbx), %xmm6
  movaps SSE+112(%rbx), %xmm7
1:
  movq (%rbx), %rdi
  movq 8(%rbx), %rsi
  movq 16(%rbx), %rdx
  movq 24(%rbx), %rcx
  movq 32(%rbx), %r8
  movq 40(%rbx), %r9
  movq NEST(%rbx), %r10
  call *%r13
  movq %rax, RESULT(%rbx)
  movq %rdx, RESULT+8(%rbx)
  movq %rcx, RESULT+16(%rbx)
  movaps %xmm0, RESULT_SSE(%rbx)
  movaps %xmm1, RESULT_SSE+16(%rbx)
  movaps %xmm2, RESULT_SSE+32(%rbx)
  movaps %xmm3, RESULT_SSE+48(%rbx)
  movq X87_RESULTS(%rbx), %rax
  testl %eax, %eax
  je 2f
  fstpt RESULT_X87(%rbx)
  cmpl $1, %eax
  je 2f
  fstpt RESULT_X87+16(%rbx)
2:
  movq %r12, %rdi
  movq %rbx, %rsi
  movq %r14, %rdx
  movq %rsp, %rcx
  call kiln_take_results
  leaq -32(%rbp), %rsp
  popq %r14
  .cfi_restore %r14
  popq %r13
  .cfi_restore %r13
  popq %r12
  .cfi_restore %r12
  popq %rbx
  .cfi_restore %rbx
  popq %rbp
  .cfi_restore %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size kiln_call_native, . - kiln_call_native

# Two entries that differ in where the caller's arguments on the stack are.
  .macro ENTRY name, behind_frame
  .globl \name
  .hidden \name
  .type \name, @function
  .p2align 4
\name:
  .cfi_startproc
  FRAME
  subq $FILE_BYTES, %rsp
  andq $-16, %rsp                 # assembly of the program may call with the stack as it pleases
  movq %rdi, (%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rcx, 24(%rsp)
  movq %r8, 32(%rsp)
  movq %r9, 40(%rsp)
  movaps %xmm0, SSE(%rsp)
  movaps %xmm1, SSE+16(%rsp)
  movaps %xmm2, SSE+32(%rsp)
  movaps %xmm3, SSE+48(%rsp)
  movaps %xmm4, SSE+64(%rsp)
  movaps %xmm5, SSE+80(%rsp)
  movaps %xmm6, SSE+96(%rsp)
  movaps %xmm7, SSE+112(%rsp)
  movq %r10, NEST(%rsp)
  movzbl %al, %eax
  movq %rax, SSE_USED(%rsp)
  movq $0, X87_RESULTS(%rsp)
  movq %r11, %rdi
  movq %rsp, %rsi
  .if \behind_frame
  movq (%rbp), %rdx
  addq $16, %rdx
  .else
  leaq 16(%rbp), %rdx
  .endif
  call *(%r11)
  cmpl $0, X87_RESULTS(%rsp)
  jne 2f
1:
  movq RESULT(%rsp), %rax
  movq RESULT+8(%rsp), %rdx
  movq RESULT+16(%rsp), %rcx
  movaps RESULT_SSE(%rsp), %xmm0
  movaps RESULT_SSE+16(%rsp), %xmm1
  movaps RESULT_SSE+32(%rsp), %xmm2
  movaps RESULT_SSE+48(%rsp), %xmm3
  .cfi_remember_state
  leave
  .cfi_restore %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_restore_state
2:
  cmpl $1, X87_RESULTS(%rsp)
  je 3f
  fldt RESULT_X87+16(%rsp)
3:
  fldt RESULT_X87(%rsp)
  jmp 1b
  .cfi_endproc
  .size \name, . - \name
  .endm

  ENTRY kiln_native_entry, 0
  ENTRY kiln_native_entry_behind_frame, 1

  .section .note.GNU-stack,"",@progbits
