# The way from baseline code into a recorder of values (x86-64, System V).
#
# Called in the middle of an instruction's code: general registers and the lower halves of the SSE registers, which is all that
# baseline code holds values in, are kept. Recorders use no x87 register.

  .text
  .hidden kiln_record_value

# %r10 is the value, %r11 the address of its ValueCounts: four values, four counts, and the others.
  .globl kiln_record_entry
  .hidden kiln_record_entry
  .type kiln_record_entry, @function
kiln_record_entry:
  .cfi_startproc
  # What a program does in its second phase is the second value: without a call for the values behind the first, as long
  # as none overtakes the one before it.
  .irp index, 1, 2, 3
  cmpq 8*\index(%r11), %r10
  jne 1f
  pushq %rax
  .cfi_adjust_cfa_offset 8
  movq 32+8*\index(%r11), %rax
  cmpq 24+8*\index(%r11), %rax
  popq %rax
  .cfi_adjust_cfa_offset -8
  jae .Lslowly
  incq 32+8*\index(%r11)
  ret
1:
  .endr
.Lslowly:
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
  subq $256, %rsp
  andq $-16, %rsp
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps %xmm\number, 16*\number(%rsp)
  .endr
  movq %r11, %rdi
  movq %r10, %rsi
  cld
  call kiln_record_value
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps 16*\number(%rsp), %xmm\number
  .endr
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
  ret
  .cfi_endproc
  .size kiln_record_entry, . - kiln_record_entry
  .section .note.GNU-stack,"",@progbits
