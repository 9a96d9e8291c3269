// TRANSFERS: many_exits two_headers switches inner_first called_often jumps_out
// Loops of all shapes: several exits and back-edges, gotos into them, switches, loops one after the other, one that is
// left by longjmp; functions that return nothing, one word and much.
#include <setjmp.h>
#include <stdio.h>

typedef struct {
  long a[6];
} Much;
static volatile int zero;

__attribute__((noinline)) static int many_exits(unsigned seed, int rounds) {
  int sum = 0;
  for (int i = 0;; i++) {
    seed = seed * 1103515245 + 12345;
    if (i == rounds)
      return sum;
    if (seed >> 16 == 7 && i > rounds - 100)
      return -sum;
    if (seed & 0x10000)
      continue;
    do {
      sum += (int)(seed >> 20 & 7);
      seed ^= seed >> 3;
      if (sum > 1 << 28)
        goto out;
    } while (seed & 0x700);
  }
out:
  return sum ^ 1;
}
__attribute__((noinline)) static Much two_headers(unsigned n) {
  Much out = {{0}};
  unsigned i = 0, x = 1;
  if (zero)
    goto middle;
again:
  x = x * 7 + i;
  out.a[0] += x & 1;
middle:
  i++;
  out.a[i % 6] += x & 15;
  if (i < n)
    goto again;
  return out;
}
__attribute__((noinline)) static void switches(const unsigned char *code, long *out, int rounds) {
  long a = 1, b = 2, c = 3;
  for (int pc = 0; rounds; rounds--) {
    switch (code[pc++]) {
    case 0: a += b; break;
    case 1: b ^= a; break;
    case 2: c += a & b; break;
    case 3: a = a * 3 + c; continue;
    case 4: pc = c & 1 ? 0 : 2; break;
    default: pc = 0;
    }
    b &= 0xffffff;
  }
  out[0] = a, out[1] = b, out[2] = c;
}
__attribute__((noinline)) static unsigned inner_first(unsigned rounds) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 40; i++) {
    unsigned carried = i * 3;
    for (unsigned j = 0; j < rounds; j++) {
      unsigned deepest = j;
      for (unsigned k = 0; k < 3; k++)
        deepest = deepest * 5 + k + carried;
      carried = carried * 3 + deepest;
    }
    sum = sum * 17 + carried;
    for (unsigned j = 0; j < 10; j++)
      sum ^= carried >> j;
  }
  return sum;
}
__attribute__((noinline)) static double called_often(double x, int rounds) {
  for (int i = 0; i < rounds; i++)
    x = x * 0.5 + i;
  return x;
}
static jmp_buf out_of_loop;
__attribute__((noinline)) static void jumps_out(long *sum, int rounds) {
  for (int i = 0;; i++) {
    *sum += i & 7;
    if (i == rounds)
      longjmp(out_of_loop, 1);
  }
}
int main(void) {
  printf("%d\n", many_exits(1, 100000));
  Much much = two_headers(200001);
  printf("%ld %ld %ld\n", much.a[0], much.a[3], much.a[5]);
  static const unsigned char code[] = {0, 1, 2, 3, 0, 4, 2, 1, 5};
  long registers[3];
  switches(code, registers, 200001);
  printf("%ld %ld %ld\n", registers[0], registers[1], registers[2]);
  printf("%u\n", inner_first(2000));
  double sum = 0;
  for (int i = 0; i < 50; i++)
    sum += called_often(i, 5000);
  printf("%.9g\n", sum);
  static long jumped;
  if (!setjmp(out_of_loop))
    jumps_out(&jumped, 200001);
  printf("%ld\n", jumped);
  return 0;
}
