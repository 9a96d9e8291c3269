  .text
# Runs function %rdi with argument %rsi on the stack whose top is %rdx, and returns its result.
  .globl kiln_call_on_stack
  .hidden kiln_call_on_stack
  .type kiln_call_on_stack, @function
kiln_call_on_stack:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  movq %rdx, %rsp
  andq $-16, %rsp
  movq %rdi, %rax
  movq %rsi, %rdi
  call *%rax
  leave
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size kiln_call_on_stack, . - kiln_call_on_stack

  .section .note.GNU-stack,"",@progbits
