// Arithmetic with overflow checks of all widths and mixed signs, carries, and saturation through
// vectors of selects.
#include <stdint.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
typedef __int128 W;

static int wrong;
static unsigned total;

/* The 128-bit result tells whether the narrow one is right. */
#define CHECK(type, name)                                                                          \
  NOINLINE static void name(type a, type b) {                                                      \
    type r;                                                                                        \
    int o = __builtin_add_overflow(a, b, &r);                                                      \
    wrong += o != ((W)a + b != (W)r);                                                              \
    o = __builtin_sub_overflow(a, b, &r);                                                          \
    wrong += o != ((W)a - b != (W)r);                                                              \
    o = __builtin_mul_overflow(a, b, &r);                                                          \
    wrong += o != ((W)a * b != (W)r);                                                              \
    total = total * 31 + (unsigned)r + (unsigned)o;                                                \
  }
CHECK(int8_t, i8)
CHECK(uint8_t, u8) CHECK(int16_t, i16) CHECK(uint16_t, u16) CHECK(int32_t, i32) CHECK(uint32_t, u32)
    CHECK(int64_t, i64)

        NOINLINE static void mixed(int32_t a, uint32_t b, int64_t c) {
  int16_t r;
  uint64_t u;
  _BitInt(40) odd;
  int o = __builtin_add_overflow(a, b, &r);
  wrong += o != ((W)a + b != (W)r);
  o = __builtin_mul_overflow(c, a, &u);
  wrong += o != ((W)c * a != (W)u);
  o = __builtin_add_overflow((_BitInt(40))a, (_BitInt(40))(c >> 24), &odd);
  wrong += o != ((W)a + (c >> 24) != (W)odd);
}
NOINLINE static unsigned long carry_chain(const unsigned long* a, const unsigned long* b,
                                          unsigned long* r, int n) {
  unsigned long carry = 0;
  for (int i = 0; i < n; i++)
    r[i] = __builtin_addcl(a[i], b[i], carry, &carry);
  for (int i = 0; i < n; i++)
    r[i] = __builtin_subcl(r[i], i, carry, &carry);
  return carry;
}
NOINLINE static int saturating(int a, int b) {
  int r;
  return __builtin_add_overflow(a, b, &r) ? (a < 0 ? INT32_MIN : INT32_MAX) : r;
}
NOINLINE static uint8_t saturating8(uint8_t a, uint8_t b) {
  unsigned s = (unsigned)a + b;
  return s > 255 ? 255 : (uint8_t)s;
}

int main(void) {
  uint64_t v = 88172645463325252u;
  for (int i = 0; i < 2000; i++) {
    v ^= v << 13;
    v ^= v >> 7;
    v ^= v << 17;
    uint64_t w = (v * 0x9e3779b97f4a7c15u) >> (i % 60);
    i8((int8_t)v, (int8_t)w);
    u8((uint8_t)v, (uint8_t)w);
    i16((int16_t)v, (int16_t)w);
    u16((uint16_t)v, (uint16_t)w);
    i32((int32_t)v, (int32_t)w);
    u32((uint32_t)v, (uint32_t)w);
    i64((int64_t)v, (int64_t)w);
    mixed((int32_t)v, (uint32_t)w, (int64_t)(v >> (i % 50)));
    unsigned long a[4] = {v, w, ~v, ~w}, b[4] = {w, ~w, v, v}, r[4];
    total += (unsigned)(carry_chain(a, b, r, 4) + r[0] + r[3]) +
             (unsigned)saturating((int)v, (int)w) + saturating8((uint8_t)v, (uint8_t)w);
  }
  printf("wrong %d %u\n", wrong, total);
  return wrong != 0;
}
