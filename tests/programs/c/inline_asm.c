// Inline assembly: register, memory, matching and clobbered operands, flags as outputs, goto,
// cpuid, rdtsc, loops.
#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static unsigned long add3(unsigned long a, unsigned long b) {
  unsigned long r;
  __asm__("leaq (%1,%2,2), %0" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
NOINLINE static void increment(int* p) {
  __asm__ volatile("incl %0" : "+m"(*p) : : "cc");
}
NOINLINE static unsigned rotate(unsigned v, unsigned char n) {
  __asm__("roll %%cl, %0" : "+r"(v) : "c"(n) : "cc");
  return v;
}
NOINLINE static int below(unsigned a, unsigned b) {
  int result;
  __asm__("cmpl %2, %1" : "=@ccb"(result) : "r"(a), "r"(b));
  return result;
}
NOINLINE static unsigned __int128 wide(unsigned long a, unsigned long b) {
  unsigned long lo, hi;
  __asm__("mulq %3" : "=a"(lo), "=d"(hi) : "0"(a), "rm"(b) : "cc");
  return (unsigned __int128)hi << 64 | lo;
}
NOINLINE static void copy(void* to, const void* from, size_t n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
NOINLINE static double root(double x) {
  double r;
  __asm__("sqrtsd %1, %0" : "=x"(r) : "x"(x));
  return r;
}
NOINLINE static long double x87(long double x) {
  __asm__("fsqrt" : "+t"(x));
  return x;
}
NOINLINE static int jump(int a) {
  __asm__ goto("testl $3, %0\n\tjz %l[divisible]\n\tcmpl $100, %0\n\tjg %l[large]"
               :
               : "r"(a)
               : "cc"
               : divisible, large);
  return 1;
divisible:
  return 2;
large:
  return 3;
}
NOINLINE static int local_loop(int n) {
  int r = 0;
  __asm__ volatile("1:\n\taddl %1, %0\n\tdecl %1\n\tjnz 1b" : "+r"(r), "+r"(n) : : "cc");
  return r;
}
NOINLINE static long many(long a, long b, long c) {
  long r;
  __asm__ volatile(
      "movq %1, %%rbx\n\taddq %2, %%rbx\n\tmovq %%rbx, %%r12\n\timulq %3, %%r12\n\tmovq %%r12, %0"
      : "=r"(r)
      : "r"(a), "r"(b), "r"(c)
      : "rbx", "r12", "r13", "r14", "r15", "cc", "xmm0", "xmm15");
  return r;
}
NOINLINE static int by_name(int first, int second) {
  int out;
  __asm__("movl %[x], %[o]\n\tsubl %[y], %[o]\n\txorl %4, %[o]"
          : [o] "=&r"(out)
          : [x] "r"(first), [y] "g"(second), "i"(0), "i"(21));
  return out;
}
NOINLINE static unsigned fixed_register(unsigned v) {
  register unsigned r __asm__("r10") = v;
  __asm__ volatile("bswap %0" : "+r"(r));
  return r;
}
// No instructions, but a result in memory that is an operand.
NOINLINE static int tied(int v) {
  int r = 5;
  __asm__("" : "=g"(r) : "0"(v));
  return r;
}

int main(void) {
  unsigned long h = 1;
  int cell = 0;
  double d = 0;
  char text[40], out[40];
  for (int i = 1; i < 600; i++) {
    h = add3(h, (unsigned long)i) * 3;
    increment(&cell);
    h ^= rotate((unsigned)i * 77u, (unsigned char)i) + (unsigned)below((unsigned)i, 300);
    h += (unsigned long)(wide(h, h | 1) >> 64);
    snprintf(text, sizeof text, "text %d", i);
    copy(out, text, strlen(text) + 1);
    h += (unsigned long)out[5];
    d += root(i) + (double)x87(i);
    h = h * 7 + (unsigned long)(jump(i) + local_loop(i & 15 ? i & 15 : 1));
    h += (unsigned long)(many(i, 2, 3) + by_name(i, 7) + tied(i)) + fixed_register((unsigned)i);
  }
  printf("%lx %d %.9f\n", h, cell, d);
  unsigned a, b, c, e;
  int same = 1;
  __get_cpuid(0, &a, &b, &c, &e);
  for (int i = 0; i < 50; i++) {
    unsigned b2;
    __get_cpuid(0, &a, &b2, &c, &e);
    same &= b == b2;
  }
  unsigned long first = __builtin_ia32_rdtsc(), second = __builtin_ia32_rdtsc();
  printf("%d %d\n", same, second >= first);
  return 0;
}
