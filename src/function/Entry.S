# Ways from generated code into the runtime (x86-64, System V).
#
# Both entries keep every register that a caller may hold values in, whatever its calling convention: general
# registers on the stack; x87, SSE, AVX and AVX-512 state by XSAVE (Intel SDM vol. 1, ch. 13), or FXSAVE where the
# system does not offer XSAVE. Signals are left alone here; the handlers block what they must.

  .set XSAVE_BYTES, 2816          # standard format up to Hi16_ZMM is 2,688 bytes
  .set XSAVE_MASK, 0xe7           # x87, SSE, AVX, opmask, ZMM_Hi256, Hi16_ZMM

  .text
  .hidden kiln_first_call
  .hidden kiln_budget_spent
  .hidden kiln_guard_spent
  .hidden kiln_probe_spent

  .macro SAVE_ALL
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  subq $XSAVE_BYTES, %rsp
  andq $-64, %rsp
  cmpb $0, kiln_use_xsave(%rip)
  je 1f
  xorl %eax, %eax
  movq %rax, 512(%rsp)
  movq %rax, 520(%rsp)
  movq %rax, 528(%rsp)
  movq %rax, 536(%rsp)
  movq %rax, 544(%rsp)
  movq %rax, 552(%rsp)
  movq %rax, 560(%rsp)
  movq %rax, 568(%rsp)
  movl $XSAVE_MASK, %eax
  xorl %edx, %edx
  xsave64 (%rsp)
  jmp 2f
1: fxsave64 (%rsp)
2:
  movq -40(%rbp), %rdi
  cld
  .endm

  .macro RESTORE_ALL
  cmpb $0, kiln_use_xsave(%rip)
  je 3f
  movl $XSAVE_MASK, %eax
  xorl %edx, %edx
  xrstor64 (%rsp)
  jmp 4f
3: fxrstor64 (%rsp)
4:
  leaq -64(%rbp), %rsp
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  popq %rdx
  popq %rcx
  popq %rax
  popq %rbp
  .cfi_def_cfa %rsp, 8
  .endm

# From a thunk's `call`: 0(%rsp) is the thunk's return address, 8(%rsp) the caller's, %r11 the table's head.
  .globl kiln_first_call_entry
  .hidden kiln_first_call_entry
  .type kiln_first_call_entry, @function
kiln_first_call_entry:
  .cfi_startproc
  .cfi_def_cfa_offset 16
  SAVE_ALL
  movq %r11, %rdi
  movq 8(%rbp), %rsi
  call kiln_first_call
  movq %rax, 8(%rbp)              # the target takes the thunk's place on the stack
  RESTORE_ALL
  .cfi_def_cfa_offset 16
  ret                             # to the target; the caller's return address is on top again
  .cfi_endproc
  .size kiln_first_call_entry, . - kiln_first_call_entry

# From counting code, guards and probes: %rdi is the address of the counters, the guard's cell or the probe.
  .macro KEEPING_CALL name, runtime
  .globl \name
  .hidden \name
  .type \name, @function
\name:
  .cfi_startproc
  pushq %r11
  .cfi_adjust_cfa_offset 8
  SAVE_ALL
  call \runtime
  RESTORE_ALL
  .cfi_def_cfa_offset 16
  popq %r11
  .cfi_def_cfa_offset 8
  ret
  .cfi_endproc
  .size \name, . - \name
  .endm

  KEEPING_CALL kiln_budget_entry, kiln_budget_spent
  KEEPING_CALL kiln_guard_entry, kiln_guard_spent
  KEEPING_CALL kiln_probe_entry, kiln_probe_spent

  .data
  .globl kiln_use_xsave
  .hidden kiln_use_xsave
kiln_use_xsave:
  .byte 0
  .section .note.GNU-stack,"",@progbits
