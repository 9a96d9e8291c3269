// SSE2 intrinsics that are no general operations of LLVM's: packs, sums of products and of differences, comparisons by number,
// shifts by one count for all lanes, conversions that round, masks as numbers.
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static uint64_t total = 1;
static void mix(__m128i x) {
  uint64_t words[2];
  memcpy(words, &x, 16);
  total = (total ^ words[0]) * 0x9e3779b97f4a7c15u;
  total = (total ^ words[1]) * 0x9e3779b97f4a7c15u;
}

NOINLINE static void integers(__m128i a, __m128i b, int count) {
  mix(_mm_packs_epi32(a, b));
  mix(_mm_packs_epi16(a, b));
  mix(_mm_packus_epi16(a, b));
  mix(_mm_madd_epi16(a, b));
  mix(_mm_mulhi_epi16(a, b));
  mix(_mm_mulhi_epu16(a, b));
  mix(_mm_sad_epu8(a, b));
  mix(_mm_avg_epu8(a, b));
  mix(_mm_avg_epu16(a, b));
  mix(_mm_adds_epi8(a, b));
  mix(_mm_subs_epu16(a, b));
  mix(_mm_min_epu8(a, b));
  mix(_mm_max_epi16(a, b));
  mix(_mm_mul_epu32(a, b));
  __m128i by = _mm_cvtsi32_si128(count);
  mix(_mm_sll_epi16(a, by));
  mix(_mm_sll_epi32(a, by));
  mix(_mm_sll_epi64(a, by));
  mix(_mm_srl_epi16(a, by));
  mix(_mm_srl_epi32(a, by));
  mix(_mm_srl_epi64(a, by));
  mix(_mm_sra_epi16(a, by));
  mix(_mm_sra_epi32(a, by));
  mix(_mm_slli_epi16(b, count));
  mix(_mm_srai_epi32(b, count));
  mix(_mm_srli_epi64(b, count));
  mix(_mm_slli_si128(a, 5));
  mix(_mm_srli_si128(a, 11));
  total += (uint64_t)_mm_movemask_epi8(_mm_cmpgt_epi8(a, b));
}

NOINLINE static void floats(__m128 a, __m128 b) {
  mix(_mm_castps_si128(_mm_min_ps(a, b)));
  mix(_mm_castps_si128(_mm_max_ps(a, b)));
  mix(_mm_castps_si128(_mm_min_ss(a, b)));
  mix(_mm_castps_si128(_mm_max_ss(a, b)));
  mix(_mm_castps_si128(_mm_cmplt_ps(a, b)));
  mix(_mm_castps_si128(_mm_cmpnle_ps(a, b)));
  mix(_mm_castps_si128(_mm_cmpord_ss(a, b)));
  mix(_mm_castps_si128(_mm_cmpeq_ss(a, b)));
  mix(_mm_cvtps_epi32(a));
  mix(_mm_cvttps_epi32(b));
  mix(_mm_castpd_si128(_mm_cvtps_pd(a)));
  total += (uint64_t)_mm_movemask_ps(a) * 16 + (uint64_t)(int64_t)_mm_cvtss_si32(b) + (uint64_t)_mm_cvttss_si64(a);
  total += (uint64_t)_mm_comilt_ss(a, b) * 3 + (uint64_t)_mm_ucomige_ss(a, b) * 5 + (uint64_t)_mm_comieq_ss(a, b) * 7;
  total += (uint64_t)_mm_ucomineq_ss(a, b) * 11 + (uint64_t)_mm_comile_ss(a, b) * 13 + (uint64_t)_mm_ucomigt_ss(a, b) * 17;
}

NOINLINE static void doubles(__m128d a, __m128d b) {
  mix(_mm_castpd_si128(_mm_min_pd(a, b)));
  mix(_mm_castpd_si128(_mm_max_sd(a, b)));
  mix(_mm_castpd_si128(_mm_cmpge_pd(a, b)));
  mix(_mm_castpd_si128(_mm_cmpneq_sd(a, b)));
  mix(_mm_cvtpd_epi32(a));
  mix(_mm_cvttpd_epi32(b));
  mix(_mm_castps_si128(_mm_cvtpd_ps(a)));
  total += (uint64_t)_mm_comieq_sd(a, b) * 3 + (uint64_t)_mm_comineq_sd(a, b) * 5 + (uint64_t)_mm_comilt_sd(a, b) * 7;
  total += (uint64_t)_mm_movemask_pd(a) + (uint64_t)_mm_cvtsd_si64(b) + (uint64_t)(int64_t)_mm_cvttsd_si32(a);
}

int main(void) {
  for (int i = 0; i < 400; i++) {
    __m128i a = _mm_set_epi32(i * 77777777, -i * 12345, 0x7fff8000 ^ i, (int)0x80ff017fu + i);
    __m128i b = _mm_set_epi16(1, -1, (short)(i * 311), 0x7fff, -0x8000, (short)-i, 255, (short)(i << 7));
    integers(a, b, i % 70);
    __m128 x = _mm_set_ps(i * 0.37f, -1.5f, 2.5f - i, (float)(i % 3)), y = _mm_set_ps(2.25f, (float)-i, 2.5f, 1.0f);
    floats(x, y);
    floats(_mm_set_ss(__builtin_nanf("")), y);
    doubles(_mm_set_pd(i * 0.5, -3.5 * i), _mm_set_pd(-0.25, 7.0 - i));
  }
  printf("%lx\n", total);
  return 0;
}
