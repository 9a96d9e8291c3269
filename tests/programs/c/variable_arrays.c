// Arrays of variable size come and go a million times; the stack does not grow.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uintptr_t lowest = UINTPTR_MAX, highest;
__attribute__((noinline)) static void note(volatile char *at, int size) {
  uintptr_t place = (uintptr_t)at;
  if (place < lowest)
    lowest = place;
  if (place + (unsigned)size > highest)
    highest = place + (unsigned)size;
}
__attribute__((noinline)) static unsigned in_loop(int rounds, int size) {
  unsigned sum = 0;
  for (int i = 0; i < rounds; i++) {
    volatile char room[size + (i & 7)];
    room[size - 1] = (char)i;
    note(room, size);
    sum += (unsigned char)room[size - 1];
    if (i % 3 == 0)
      continue;
    volatile char more[size];
    more[0] = 1;
    sum += more[0];
  }
  return sum;
}
__attribute__((noinline)) static unsigned nested(int rounds) {
  unsigned sum = 0;
  for (int i = 1; i <= rounds; i++) {
    volatile int outer[i];
    outer[i - 1] = i;
    for (int j = 1; j <= 50; j++) {
      volatile int inner[i + j];
      inner[0] = j;
      inner[i + j - 1] = outer[i - 1];
      sum = sum * 31 + (unsigned)(inner[0] + inner[i + j - 1]);
      if (j == 40)
        break;
    }
  }
  return sum;
}
__attribute__((noinline)) static unsigned of_alloca(int rounds) {
  unsigned sum = 0;
  for (int i = 0; i < rounds; i++) {
    int *numbers = __builtin_alloca((size_t)(i % 9 + 1) * sizeof(int));
    numbers[i % 9] = i;
    sum += (unsigned)numbers[i % 9];
  }
  return sum;
}

int main(int argc, char **argv) {
  printf("%u\n", in_loop(1000000, 1024 + argc - 1));
  printf("%s\n", highest - lowest < 16384 ? "no growth" : "growth");
  printf("%u\n", nested(300));
  printf("%u\n", of_alloca(20000));
  return 0;
}
