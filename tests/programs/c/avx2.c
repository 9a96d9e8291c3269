// The whole program for AVX2 and FMA: 32-byte vectors travel in ymm registers, also through
// pointers and on the stack.
// CFLAGS: -mavx2 -mfma
// NEEDS: avx2 fma
#include <immintrin.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
typedef struct {
  __m256d v;
} Wrapped;

NOINLINE static __m256d poly(__m256d x, __m256d a, __m256d b) {
  return _mm256_fmadd_pd(_mm256_fmadd_pd(a, x, b), x, a);
}
NOINLINE static __m256i gather(const int* table, __m256i index) {
  return _mm256_i32gather_epi32(table, index, 4);
}
NOINLINE static Wrapped wrapped(Wrapped w, int k) {
  w.v = _mm256_permute4x64_pd(w.v + k, 0x39);
  return w;
}
NOINLINE static __m256 nine(__m256 a, __m256 b, __m256 c, __m256 d, __m256 e, __m256 f, __m256 g,
                            __m256 h, __m256 i) {
  return a - b + c - d + e - f + g - h + i * 2;
}
static __m256i (*volatile pointer)(const int*, __m256i) = gather;

int main(void) {
  int table[64];
  for (int i = 0; i < 64; i++)
    table[i] = i * i - 7 * i;
  __m256d x = _mm256_set_pd(0.1, 0.2, 0.3, 0.4);
  __m256i index = _mm256_set_epi32(1, 2, 3, 4, 5, 6, 7, 8), sum = _mm256_setzero_si256();
  __m256 f = _mm256_set_ps(1, 2, 3, 4, 5, 6, 7, 8);
  Wrapped w = {x};
  for (int i = 0; i < 500; i++) {
    x = poly(x, _mm256_set1_pd(0.25), _mm256_set1_pd(0.125));
    index = _mm256_and_si256(_mm256_add_epi32(index, _mm256_set1_epi32(i)), _mm256_set1_epi32(63));
    sum = _mm256_add_epi32(_mm256_mullo_epi32(sum, _mm256_set1_epi32(3)), pointer(table, index));
    w = wrapped(w, i);
    f = nine(f, f, f, f, f, f, f, f, f) * 0.5f;
  }
  double d[4];
  int v[8];
  float g[8];
  _mm256_storeu_pd(d, x);
  _mm256_storeu_si256((__m256i*)v, sum);
  _mm256_storeu_ps(g, f);
  printf("%.12g %.12g %.12g %.12g\n", d[0], d[1], d[2], d[3]);
  for (int i = 0; i < 8; i++)
    printf("%d %g ", v[i], g[i]);
  _mm256_storeu_pd(d, w.v);
  printf("\n%g %g %g %g\n", d[0], d[1], d[2], d[3]);
  return 0;
}
