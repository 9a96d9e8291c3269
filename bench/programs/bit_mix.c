/* Checksums of a buffer: a table-driven CRC-32 (one dependent load per byte)
 * and an add-rotate-xor compression in the manner of SHA (wide integer
 * parallelism).  Arguments: BYTES REPS. */
#include "rep.h"

static uint32_t crc_table[256];

static void set_up_crc(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t rest = i;
    for (int bit = 0; bit < 8; bit++) rest = (rest >> 1) ^ (rest & 1 ? 0xedb88320u : 0);
    crc_table[i] = rest;
  }
}

static uint32_t crc32(const unsigned char *bytes, long count) {
  uint32_t crc = 0xffffffffu;
  for (long i = 0; i < count; i++) crc = (crc >> 8) ^ crc_table[(crc ^ bytes[i]) & 255];
  return ~crc;
}

static uint32_t rotate(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

/* Mixes one 64-byte block into the eight words of `state`. */
static void compress(uint32_t state[8], const unsigned char *block) {
  uint32_t words[48];
  for (int i = 0; i < 16; i++)
    words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 48; i++)
    words[i] = rotate(words[i - 3] ^ words[i - 16], 5) + words[i - 7] + rotate(words[i - 15], 11);
  uint32_t s[8];
  for (int i = 0; i < 8; i++) s[i] = state[i];
  for (int i = 0; i < 48; i++) {
    const uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
    const uint32_t most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    const uint32_t one = s[7] + choose + words[i] + (rotate(s[4], 7) ^ rotate(s[4], 21));
    const uint32_t two = most + (rotate(s[0], 3) ^ rotate(s[0], 19));
    for (int j = 7; j > 0; j--) s[j] = s[j - 1];
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

static uint64_t digest(const unsigned char *bytes, long count) {
  uint32_t state[8] = {1, 2, 3, 5, 7, 11, 13, 17};
  for (long at = 0; at + 64 <= count; at += 64) compress(state, bytes + at);
  uint64_t sum = crc32(bytes, count);
  for (int i = 0; i < 8; i++) sum = rep_fold(sum, state[i]);
  return sum;
}

int main(int argc, char **argv) {
  const long count = rep_arg(argc, argv, 1, 2000000, 1000000000);
  const long reps = rep_arg(argc, argv, 2, 90, 1000000);
  unsigned char *bytes = rep_alloc((size_t)count);
  uint64_t seed = 123456789u, sum = 1;
  for (long i = 0; i < count; i++) bytes[i] = (unsigned char)rep_random(&seed);
  set_up_crc();
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, digest(bytes, rep_opaque(count)));
    rep_end(i, begin);
    bytes[i % count] ^= 1; /* every repetition reads something new */
  }
  printf("bit_mix %016llx\n", (unsigned long long)sum);
  free(bytes);
  return 0;
}
