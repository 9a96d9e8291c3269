// SSE2 intrinsics, which every x86-64 CPU has, with vectors as arguments and results.
#include <emmintrin.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static __m128 matrix_row(__m128 row, const float* m) {
  __m128 x = _mm_mul_ps(_mm_shuffle_ps(row, row, 0x00), _mm_loadu_ps(m));
  __m128 y = _mm_mul_ps(_mm_shuffle_ps(row, row, 0x55), _mm_loadu_ps(m + 4));
  __m128 z = _mm_mul_ps(_mm_shuffle_ps(row, row, 0xaa), _mm_loadu_ps(m + 8));
  __m128 w = _mm_mul_ps(_mm_shuffle_ps(row, row, 0xff), _mm_loadu_ps(m + 12));
  return _mm_add_ps(_mm_add_ps(x, y), _mm_add_ps(z, w));
}

NOINLINE static size_t length(const char* s) {
  const __m128i zero = _mm_setzero_si128();
  const char* p = (const char*)((unsigned long)s & ~15ul);
  int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128((const __m128i*)p), zero)) >> (s - p);
  if (mask)
    return (size_t)__builtin_ctz((unsigned)mask);
  for (;;) {
    p += 16;
    mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128((const __m128i*)p), zero));
    if (mask)
      return (size_t)(p - s) + (size_t)__builtin_ctz((unsigned)mask);
  }
}

NOINLINE static __m128i saturate(__m128i a, __m128i b) {
  __m128i sum = _mm_adds_epu8(a, b), difference = _mm_subs_epi16(a, b);
  __m128i packed = _mm_packus_epi16(sum, difference);
  return _mm_xor_si128(packed, _mm_unpacklo_epi8(_mm_avg_epu8(a, b), _mm_mulhi_epi16(a, b)));
}

NOINLINE static __m128d roots(__m128d a) {
  return _mm_sqrt_pd(_mm_add_pd(a, _mm_set1_pd(1.0)));
}
NOINLINE static int rounding(__m128d a) {
  return _mm_cvtsd_si32(a) * 1000 + _mm_cvttsd_si32(a);
}

int main(void) {
  float matrix[16] = {1, 0, 0, 0, 0, 0.5f, 0.25f, 0, 0, 0.25f, 0.5f, 0, 1, 2, 3, 1};
  __m128 row = _mm_set_ps(1, 3, 2, 1);
  __m128i bytes = _mm_set1_epi8(0x35), more = _mm_set_epi32(1, -2, 3, -4);
  __m128d pair = _mm_set_pd(2, 3);
  char text[300];
  unsigned long total = 0;
  for (int i = 0; i < 600; i++) {
    row = matrix_row(row, matrix);
    bytes = saturate(bytes, more);
    more = _mm_add_epi32(more, _mm_slli_epi32(bytes, 3));
    pair = roots(pair);
    total += (unsigned long)rounding(_mm_mul_pd(pair, _mm_set1_pd(i * 0.37)));
    int n = i % 250;
    memset(text, 'x', sizeof text);
    text[i % 17 + n] = 0;
    total = total * 3 + length(text + i % 17);
  }
  float out[4];
  int ints[4];
  double doubles[2];
  _mm_storeu_ps(out, row);
  _mm_storeu_si128((__m128i*)ints, bytes);
  _mm_storeu_pd(doubles, pair);
  printf("%g %g %g %g\n%x %x %x %x\n%.15g %.15g\n%lu\n", out[0], out[1], out[2], out[3], ints[0],
         ints[1], ints[2], ints[3], doubles[0], doubles[1], total);
  return 0;
}
