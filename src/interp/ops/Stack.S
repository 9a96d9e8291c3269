# Ops that move the stack pointer: variable-size allocas. (x86-64, System V; preserve_none: %r12 ip, %r13 frame.)
#
# At a handler's begin the stack holds the address to return to and below it nothing. A block is made by lifting that
# address off, moving the stack pointer, and putting it back. Whoever called the activation's first handler restores its
# own stack pointer from its frame pointer (see Call.cpp), so the blocks go when the activation ends.

  .text

  .macro DISPATCH words
  movq \words*8(%r12), %rax
  addq $\words*8, %r12
  jmpq *%rax
  .endm

# d = a new block of a bytes, aligned to k[0]
  .globl kiln_interp_allocate
  .hidden kiln_interp_allocate
  .type kiln_interp_allocate, @function
kiln_interp_allocate:
  .cfi_startproc
  popq %rax
  .cfi_adjust_cfa_offset -8
  .cfi_register %rip, %rax
  movzwl 10(%r12), %ecx
  movq (%r13,%rcx,8), %rcx
  movq %rsp, %rdx
  subq %rcx, %rdx
  movq 16(%r12), %rcx
  negq %rcx
  andq %rcx, %rdx
1:                                # one page at a time, so that the guard page is met
  leaq -4096(%rsp), %rcx
  cmpq %rdx, %rcx
  jbe 2f
  movq %rcx, %rsp
  .cfi_def_cfa_register %rsp
  orq $0, (%rsp)
  jmp 1b
2:
  movq %rdx, %rsp
  movzwl 8(%r12), %ecx
  movq %rdx, (%r13,%rcx,8)
  pushq %rax
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rip, -8
  DISPATCH 3
  .cfi_endproc
  .size kiln_interp_allocate, . - kiln_interp_allocate

# d = the stack pointer
  .globl kiln_interp_stack_save
  .hidden kiln_interp_stack_save
  .type kiln_interp_stack_save, @function
kiln_interp_stack_save:
  .cfi_startproc
  leaq 8(%rsp), %rdx
  movzwl 8(%r12), %ecx
  movq %rdx, (%r13,%rcx,8)
  DISPATCH 2
  .cfi_endproc
  .size kiln_interp_stack_save, . - kiln_interp_stack_save

# the stack pointer = a
  .globl kiln_interp_stack_restore
  .hidden kiln_interp_stack_restore
  .type kiln_interp_stack_restore, @function
kiln_interp_stack_restore:
  .cfi_startproc
  popq %rax
  .cfi_adjust_cfa_offset -8
  .cfi_register %rip, %rax
  movzwl 10(%r12), %ecx
  movq (%r13,%rcx,8), %rsp
  pushq %rax
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rip, -8
  DISPATCH 2
  .cfi_endproc
  .size kiln_interp_stack_restore, . - kiln_interp_stack_restore

  .section .note.GNU-stack,"",@progbits
