// Assembly at file level: it defines functions, data and a symbol alias, and refers back to the
// program's own.
#include <stdio.h>

__asm__(
    ".text\n"
    ".globl asm_add\n.type asm_add,@function\n"
    "asm_add:\n\tleal (%rdi,%rsi), %eax\n\tret\n.size asm_add, .-asm_add\n"
    ".globl asm_call\n.type asm_call,@function\n"
    "asm_call:\n\tsubq $8, %rsp\n\tcall c_function@PLT\n\taddl $1, %eax\n\taddq $8, %rsp\n\tret\n"
    ".size asm_call, .-asm_call\n"
    ".data\n.globl asm_datum\n.align 4\nasm_datum:\n\t.long 1234\n.size asm_datum, 4\n"
    ".globl asm_pointer\n.align 8\nasm_pointer:\n\t.quad c_datum\n"
    ".text\n");
int asm_add(int a, int b);
int asm_call(int a);
extern int asm_datum;
extern int* asm_pointer;
int c_datum = 77;

__attribute__((used, noinline)) int c_function(int a) {
  return a * 2 + asm_datum;
}

/* Assembly inside a function that switches the section and back. */
__attribute__((noinline)) static const char* text_in_section(void) {
  const char* p;
  __asm__(".pushsection .rodata\n9:\t.asciz \"in a section\"\n\t.popsection\n\tleaq 9b(%%rip), %0"
          : "=r"(p));
  return p;
}

int main(void) {
  unsigned h = 0;
  for (int i = 0; i < 500; i++) {
    h = h * 31 + (unsigned)asm_add(i, 5) + (unsigned)asm_call(i);
    asm_datum++;
    ++*asm_pointer;
  }
  printf("%u %d %d %s\n", h, asm_datum, c_datum, text_in_section());
  int (*volatile pointer)(int, int) = asm_add;
  printf("%d\n", pointer(20, 22));
  return 0;
}
