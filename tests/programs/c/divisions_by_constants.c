// Divisions by constants of all kinds, with values around the borders.
#include <stdint.h>
#include <stdio.h>

static uint64_t digest = 1469598103934665603u;
static void fold(uint64_t value) { digest = (digest ^ value) * 1099511628211u; }

#define BY(type, d)                                                                                                    \
  __attribute__((noinline)) static void type##_by_##d(type x) {                                                       \
    fold((uint64_t)(x / (type)(CONSTANT_##d)));                                                                       \
    fold((uint64_t)(x % (type)(CONSTANT_##d)));                                                                       \
  }
#define CONSTANT_1 1
#define CONSTANT_2 2
#define CONSTANT_3 3
#define CONSTANT_5 5
#define CONSTANT_6 6
#define CONSTANT_7 7
#define CONSTANT_8 8
#define CONSTANT_10 10
#define CONSTANT_14 14
#define CONSTANT_25 25
#define CONSTANT_64 64
#define CONSTANT_100 100
#define CONSTANT_125 125
#define CONSTANT_127 127
#define CONSTANT_641 641
#define CONSTANT_1000 1000
#define CONSTANT_65537 65537
#define CONSTANT_big 0x7fffffff
#define CONSTANT_least (-2147483647 - 1)
#define CONSTANT_minus1 (-1)
#define CONSTANT_minus3 (-3)
#define CONSTANT_minus7 (-7)
#define CONSTANT_minus8 (-8)
#define CONSTANT_minus1000 (-1000)
#define CONSTANT_huge 0x123456789abcdefll
#define CONSTANT_half (-0x7fffffffffffffffll - 1)

#define SMALL(type) BY(type, 1) BY(type, 2) BY(type, 3) BY(type, 5) BY(type, 6) BY(type, 7) BY(type, 8) BY(type, 10) BY(type, 14) \
  BY(type, 25) BY(type, 64) BY(type, 100) BY(type, 125) BY(type, 127)
#define WIDE(type) SMALL(type) BY(type, 641) BY(type, 1000) BY(type, 65537) BY(type, big) BY(type, least)
#define NEGATIVE(type) BY(type, minus3) BY(type, minus7) BY(type, minus8)
#define FAR(type) BY(type, huge) BY(type, half)

SMALL(int8_t) SMALL(uint8_t) SMALL(int16_t) SMALL(uint16_t) WIDE(int32_t) WIDE(uint32_t) WIDE(int64_t) WIDE(uint64_t)
NEGATIVE(int8_t) NEGATIVE(int16_t) NEGATIVE(int32_t) NEGATIVE(int64_t) BY(int32_t, minus1000) BY(int64_t, minus1000)
FAR(int64_t) FAR(uint64_t) BY(int64_t, minus1) BY(uint32_t, minus3) BY(uint64_t, minus7) BY(uint32_t, minus1)

#define CALL(type, d) type##_by_##d((type)x);
#define CALL_SMALL(type) CALL(type, 1) CALL(type, 2) CALL(type, 3) CALL(type, 5) CALL(type, 6) CALL(type, 7) CALL(type, 8) \
  CALL(type, 10) CALL(type, 14) CALL(type, 25) CALL(type, 64) CALL(type, 100) CALL(type, 125) CALL(type, 127)
#define CALL_WIDE(type) CALL_SMALL(type) CALL(type, 641) CALL(type, 1000) CALL(type, 65537) CALL(type, big) CALL(type, least)
#define CALL_NEGATIVE(type) CALL(type, minus3) CALL(type, minus7) CALL(type, minus8)

static void all(uint64_t x) {
  CALL_SMALL(int8_t) CALL_SMALL(uint8_t) CALL_SMALL(int16_t) CALL_SMALL(uint16_t)
  CALL_WIDE(int32_t) CALL_WIDE(uint32_t) CALL_WIDE(int64_t) CALL_WIDE(uint64_t)
  CALL_NEGATIVE(int8_t) CALL_NEGATIVE(int16_t) CALL_NEGATIVE(int32_t) CALL_NEGATIVE(int64_t)
  CALL(int32_t, minus1000) CALL(int64_t, minus1000) CALL(int64_t, huge) CALL(int64_t, half) CALL(uint64_t, huge)
  CALL(uint64_t, half) CALL(uint32_t, minus3) CALL(uint64_t, minus7) CALL(uint32_t, minus1)
  if (x != 0x8000000000000000u)
    int64_t_by_minus1((int64_t)x);
}

int main(void) {
  for (int shift = 0; shift < 64; ++shift)
    for (int64_t near = -3; near <= 3; ++near)
      all((UINT64_C(1) << shift) + (uint64_t)near);
  for (uint64_t i = 0, x = 88172645463325252u; i < 500; ++i) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    all(x);
  }
  printf("%llx\n", (unsigned long long)digest);
  return 0;
}
