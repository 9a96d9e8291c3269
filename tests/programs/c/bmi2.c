// pdep, pext, mulx, shifts and bit tests through target attributes of single functions.
// NEEDS: bmi1 bmi2 abm
#include <immintrin.h>
#include <stdio.h>

#define BMI __attribute__((target("bmi,bmi2,lzcnt"), noinline))
BMI static unsigned long spread(unsigned long v, unsigned long mask) {
  return _pdep_u64(v, mask);
}
BMI static unsigned long gather(unsigned long v, unsigned long mask) {
  return _pext_u64(v, mask);
}
BMI static unsigned long multiply(unsigned long a, unsigned long b) {
  unsigned long long hi, lo = _mulx_u64(a, b, &hi);
  return lo ^ hi;
}
BMI static unsigned counts(unsigned v) {
  return _tzcnt_u32(v) * 100 + _lzcnt_u32(v) + _blsr_u32(v) + _bextr_u32(v, 3, 7);
}
BMI static unsigned long shifts(unsigned long v, int n) {
  return v << (n & 63) ^ v >> (n & 31) ^ (unsigned long)((long)v >> (n & 15));
}

int main(void) {
  unsigned long h = 0x123456789abcdef;
  for (int i = 0; i < 1000; i++) {
    unsigned long mask = h * 0x9e3779b97f4a7c15;
    if (spread(gather(h, mask), mask) != (h & mask))
      printf("wrong at %d\n", i);
    h = multiply(h, mask) + counts((unsigned)h) + shifts(mask, i);
  }
  printf("%lx %u\n", h, counts(0));
  return 0;
}
