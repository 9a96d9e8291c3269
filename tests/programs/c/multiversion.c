// Functions for several CPUs: target attributes, target_clones, __builtin_cpu_supports.
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

__attribute__((target_clones("avx2", "sse4.2", "default"))) int sum(const int* v, int n) {
  int total = 0;
  for (int i = 0; i < n; i++)
    total += v[i] * 3;
  return total;
}

NOINLINE static int product(const unsigned* v, int n) {
  unsigned p = 1;
  for (int i = 0; i < n; i++)
    p *= v[i];
  return (int)p;
}
NOINLINE __attribute__((target("avx2"))) static int product_avx2(const unsigned* v, int n) {
  unsigned p = 1;
  for (int i = 0; i < n; i++)
    p *= v[i];
  return (int)p;
}
NOINLINE __attribute__((target("popcnt"))) static int bits(unsigned long v) {
  return __builtin_popcountl(v);
}
NOINLINE static int plain_bits(unsigned long v) {
  return __builtin_popcountl(v);
}
NOINLINE __attribute__((target("no-sse4.1,no-avx"))) static double floor_of(double v) {
  return __builtin_floor(v);
}

int main(void) {
  int values[200];
  unsigned odd[200];
  unsigned h = 0;
  __builtin_cpu_init();
  for (int i = 0; i < 200; i++) {
    values[i] = i * i;
    odd[i] = (unsigned)i * 2 + 1;
  }
  int avx2 = __builtin_cpu_supports("avx2"), popcnt = __builtin_cpu_supports("popcnt");
  for (int i = 0; i < 500; i++) {
    h = h * 31 + (unsigned)sum(values, i % 200);
    h ^= (unsigned)(avx2 ? product_avx2(odd, i % 200) : product(odd, i % 200));
    h += (unsigned)(product(odd, i % 50) + (popcnt ? bits(h) : plain_bits(h)) - plain_bits(h)) +
         (unsigned)floor_of(i / 7.0);
  }
  printf("%u\n", h);
  printf("%d\n", __builtin_cpu_supports("sse2") && __builtin_cpu_supports("cmov"));
  return 0;
}
