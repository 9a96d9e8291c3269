// malloc, calloc, realloc, aligned_alloc, posix_memalign, mmap: a small arena test with a checksum
// of all contents.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline))
enum { SLOTS = 64 };

static struct {
  unsigned char* p;
  size_t n;
  unsigned char seed;
} slots[SLOTS];

NOINLINE static void fill(int k, size_t from) {
  for (size_t i = from; i < slots[k].n; i++)
    slots[k].p[i] = (unsigned char)(slots[k].seed + i);
}
NOINLINE static int check(int k) {
  for (size_t i = 0; i < slots[k].n; i++)
    if (slots[k].p[i] != (unsigned char)(slots[k].seed + i))
      return 1;
  return 0;
}

int main(void) {
  unsigned state = 12345;
  int wrong = 0;
  for (int i = 0; i < 20000; i++) {
    state = state * 1103515245 + 12345;
    int k = (int)(state >> 20) % SLOTS;
    size_t n = (state >> 8) % 400 + 1;
    if (!slots[k].p) {
      switch (i % 4) {
      case 0:
        slots[k].p = malloc(n);
        break;
      case 1:
        slots[k].p = calloc(n, 1);
        for (size_t z = 0; z < n; z++)
          wrong += slots[k].p[z] != 0;
        break;
      case 2:
        slots[k].p = aligned_alloc(64, (n + 63) / 64 * 64);
        wrong += (uintptr_t)slots[k].p % 64 != 0;
        break;
      default:
        if (posix_memalign((void**)&slots[k].p, 256, n))
          return 1;
        wrong += (uintptr_t)slots[k].p % 256 != 0;
      }
      slots[k].n = n;
      slots[k].seed = (unsigned char)i;
      fill(k, 0);
    } else if (i % 3 == 0) {
      size_t old = slots[k].n;
      slots[k].p = realloc(slots[k].p, n);
      slots[k].n = n;
      fill(k, old < n ? old : n);
      wrong += check(k);
    } else {
      wrong += check(k);
      free(slots[k].p);
      slots[k].p = 0;
    }
  }
  for (int k = 0; k < SLOTS; k++)
    free(slots[k].p);
  char* region = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 1 << 20; i += 4096)
    region[i] = (char)(i >> 12);
  int sum = 0;
  for (int i = 0; i < 1 << 20; i += 4096)
    sum += region[i];
  munmap(region, 1 << 20);
  printf("wrong %d, sum %d\n", wrong, sum);
  return 0;
}
