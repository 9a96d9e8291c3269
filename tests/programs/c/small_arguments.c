// Narrow integers as arguments and results: who extends them, directly, through pointers, and from
// assembly.
#include <stdbool.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static signed char i8(signed char a) {
  return (signed char)(a + 100);
}
NOINLINE static unsigned char u8(unsigned char a) {
  return (unsigned char)(a + 200);
}
NOINLINE static short i16(short a) {
  return (short)(a * 3);
}
NOINLINE static unsigned short u16(unsigned short a) {
  return (unsigned short)(a * 3);
}
NOINLINE static bool flip(bool a) {
  return !a;
}
NOINLINE static bool from_int(int a) {
  return a;
}
NOINLINE static long widen(signed char a, unsigned char b, short c, unsigned short d, bool e,
                           char f, signed char g, short h) {
  return a + b * 2l + c * 3l + d * 5l + e * 7l + f * 11l + g * 13l + h * 17l;
}
NOINLINE static unsigned pass_char(unsigned v) {
  return u8((unsigned char)v) + (unsigned)(unsigned char)i8((signed char)(v >> 8));
}
NOINLINE static int index_by(const int* t, signed char i) {
  return t[i];
}
NOINLINE static int compare(unsigned char a, signed char b, unsigned short c, short d) {
  return (a > b) | (c > d) << 1 | (b < d) << 2;
}

static signed char (*volatile pi8)(signed char) = i8;
static unsigned short (*volatile pu16)(unsigned short) = u16;
static bool (*volatile pflip)(bool) = flip;

/* A caller that is no compiler: the result's upper bits are nobody's promise, so only al is read.
 */
NOINLINE static unsigned from_assembly(unsigned long v) {
  unsigned result;
  __asm__ volatile("movq %1, %%rdi\n\tsubq $128, %%rsp\n\tcall *%2\n\taddq $128, %%rsp\n\tmovzbl "
                   "%%al, %%eax\n\tmovl %%eax, %0"
                   : "=r"(result)
                   : "r"(v), "r"(u8)
                   : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  return result;
}

int main(void) {
  int table[256];
  unsigned h = 0;
  for (int i = 0; i < 256; i++)
    table[i] = i * i;
  for (int i = -500; i < 500; i++) {
    h = h * 31 + (unsigned)i8((signed char)i) + u8((unsigned char)i) * 3u +
        (unsigned)i16((short)(i * 70)) + u16((unsigned short)i);
    h = h * 31 + (unsigned)widen((signed char)i, (unsigned char)i, (short)(i * 99),
                                 (unsigned short)(i * 77), i & 1, (char)i, (signed char)-i,
                                 (short)i);
    h = h * 31 + pass_char((unsigned)i * 0x01010101u) +
        (unsigned)index_by(table + 128, (signed char)i);
    h = h * 31 + (unsigned)pi8((signed char)i) + pu16((unsigned short)(i * 5)) + pflip(i & 4) +
        from_int(i & 0xff00);
    h = h * 31 + (unsigned)compare((unsigned char)i, (signed char)i, (unsigned short)i, (short)i) +
        from_assembly((unsigned char)i);
  }
  printf("%u\n", h);
  return 0;
}
