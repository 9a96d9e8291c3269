/* Builds a long text piece by piece, then splits, reverses and counts it:
 * byte loops mixed with memcpy, strlen and snprintf from the C library.
 * Arguments: WORDS REPS. */
#include <string.h>

#include "rep.h"

struct text {
  char *bytes;
  size_t length, room;
};

static void append(struct text *text, const char *bytes, size_t length) {
  if (text->length + length + 1 > text->room) {
    text->room = (text->length + length + 1) * 2;
    text->bytes = realloc(text->bytes, text->room);
    if (text->bytes == NULL) exit(3);
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

static void append_number(struct text *text, uint64_t number) {
  char digits[24];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  append(text, digits + at, sizeof digits - at);
}

static void append_word(struct text *text, uint64_t random) {
  char word[16];
  const size_t length = 2 + random % 9;
  for (size_t i = 0; i < length; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    word[i] = (char)('a' + (random >> 40) % 26);
  }
  append(text, word, length);
}

static void reverse(char *low, char *high) {
  while (low < high) {
    const char swap = *low;
    *low++ = *--high;
    *high = swap;
  }
}

static uint64_t reverse_words(char *bytes) {
  uint64_t sum = 0;
  while (*bytes != '\0') {
    char *end = bytes;
    while (*end != '\0' && *end != ' ') end++;
    reverse(bytes, end);
    for (char *p = bytes; p < end; p++) sum = sum * 131 + (unsigned char)*p;
    bytes = *end == '\0' ? end : end + 1;
  }
  return sum;
}

static uint64_t build(long words) {
  struct text text = {NULL, 0, 0};
  uint64_t seed = 1181783497276652981u;
  for (long i = 0; i < words; i++) {
    const uint64_t random = rep_random(&seed);
    if (random % 16 == 0) {
      char piece[40];
      snprintf(piece, sizeof piece, "%08lx:%ld", (unsigned long)(random >> 32), i);
      append(&text, piece, strlen(piece));
    } else if (random % 4 == 0) {
      append_number(&text, random >> 20);
    } else {
      append_word(&text, random);
    }
    append(&text, " ", 1);
  }
  const uint64_t sum = rep_fold(reverse_words(text.bytes), strlen(text.bytes));
  free(text.bytes);
  return sum;
}

int main(int argc, char **argv) {
  const long words = rep_arg(argc, argv, 1, 400000, 100000000);
  const long reps = rep_arg(argc, argv, 2, 80, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, build(rep_opaque(words)));
    rep_end(i, begin);
  }
  printf("string_build %016llx\n", (unsigned long long)sum);
  return 0;
}
